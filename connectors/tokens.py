"""Keeps one channel's token fresh: one renewal at a time, a little before it is needed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Protocol

from connectors.auth import Grant, GrantedAuth, Token

RENEW_EARLY_SECONDS_MAX = 300.0
RENEW_EARLY_SHARE = 0.1
NEWS_SECONDS_MIN = 30.0
"""Of a token that somebody else was granted: else it is renewed."""

RunGrant = Callable[[Grant], Awaitable[Token]]


class TokenShelf(Protocol):
    """Where a channel's token lies for all processes: a refresh token that was used is good for nobody any more."""

    def renewing(self) -> AbstractAsyncContextManager[Token | None]:
        """Inside, nobody else renews the token: what lies there, with what is left of its lifetime, or None."""

    async def put(self, token: Token) -> None: ...


class _NoShelf:
    """For tokens that anybody may be granted at any time."""

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[Token | None]:
        yield None

    async def put(self, token: Token) -> None:
        return


class TokenKeeper:
    """A new token is put on the shelf before it is used, so that a rotating refresh token is never lost."""

    def __init__(
        self, auth: GrantedAuth, run_grant: RunGrant, clock: Callable[[], float], *, shelf: TokenShelf | None = None
    ) -> None:
        self._auth = auth
        self._run_grant = run_grant
        self._clock = clock
        self._shelf = shelf or _NoShelf()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._distrusted = False
        self._renewal: asyncio.Task[Token] | None = None

    def distrust(self, token: Token) -> None:
        """The platform refused it: the next caller renews, unless somebody already did."""
        if self._token is token:
            self._distrusted = True

    async def current(self) -> Token:
        """A token that is good for now. Callers who wait for a renewal share its result, a failure too."""
        if self._token is not None and not self._distrusted and self._clock() < self._renew_at:
            return self._token
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew(), name="token")
            self._renewal.add_done_callback(self._renewed)
        # Whoever gives up does not end it: the platform may have taken the refresh token by now.
        return await asyncio.shield(self._renewal)

    def _renewed(self, renewal: asyncio.Task[Token]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # whoever waited has been told

    async def _renew(self) -> Token:
        async with self._shelf.renewing() as shelved:
            if shelved is not None and self._is_news(shelved):
                token = shelved
            else:
                before = shelved or self._token
                token = await self._run_grant(self._auth.grant(before))
                if token.refresh is None and before is not None:
                    # It stays good where no other one is given: RFC 6749, 6.
                    token = replace(token, refresh=before.refresh)
                await self._shelf.put(token)
        self._token, self._distrusted = token, False
        self._renew_at = self._clock() + _use_seconds(token)
        return token

    def _is_news(self, shelved: Token) -> bool:
        """Whether somebody else has renewed it, and lately."""
        if self._token is not None and self._token.value == shelved.value:
            return False
        return shelved.lifetime_seconds is None or shelved.lifetime_seconds > NEWS_SECONDS_MIN


def _use_seconds(token: Token) -> float:
    if token.lifetime_seconds is None:
        return float("inf")
    return token.lifetime_seconds - min(RENEW_EARLY_SECONDS_MAX, token.lifetime_seconds * RENEW_EARLY_SHARE)
