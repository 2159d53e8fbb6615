"""Keeps one channel's token fresh: one renewal at a time, a little before it is needed."""

import asyncio
from collections.abc import Awaitable, Callable

from connectors.auth import Grant, GrantedAuth, Token
from connectors.errors import ConnectorError

RENEW_EARLY_SECONDS_MAX = 300.0
RENEW_EARLY_SHARE = 0.1

RunGrant = Callable[[Grant], Awaitable[Token]]
OnRenewed = Callable[[Token], Awaitable[None]]


class TokenKeeper:
    """`on_renewed` is awaited before a new token is used, so that a rotating refresh token is never lost."""

    def __init__(
        self,
        auth: GrantedAuth,
        run_grant: RunGrant,
        clock: Callable[[], float],
        *,
        remembered: Token | None = None,
        on_renewed: OnRenewed | None = None,
    ) -> None:
        self._auth = auth
        self._run_grant = run_grant
        self._clock = clock
        self._on_renewed = on_renewed
        # Of a token from an earlier life only the refresh part is used: nobody knows how old it is.
        self._token = remembered
        self._renew_at = 0.0
        self._distrusted = True
        self._lock = asyncio.Lock()
        self._failure: tuple[float, ConnectorError] | None = None

    def distrust(self, token: Token) -> None:
        """The platform refused it: the next caller renews, unless somebody already did."""
        if self._token is token:
            self._distrusted = True

    async def current(self) -> Token:
        """A token that is good for now. Callers who wait for a renewal share its result, a failure too."""
        if (token := self._usable()) is not None:
            return token
        asked_at = self._clock()
        async with self._lock:
            if (token := self._usable()) is not None:
                return token
            if self._failure is not None and self._failure[0] > asked_at:
                raise self._failure[1]
            return await self._renew()

    def _usable(self) -> Token | None:
        return None if self._distrusted or self._clock() >= self._renew_at else self._token

    async def _renew(self) -> Token:
        try:
            token = await self._run_grant(self._auth.grant(self._token))
        except ConnectorError as error:
            self._failure = (self._clock(), error)
            raise
        if self._on_renewed is not None:
            await self._on_renewed(token)
        self._token, self._distrusted, self._failure = token, False, None
        self._renew_at = self._clock() + _use_seconds(token)
        return token


def _use_seconds(token: Token) -> float:
    if token.lifetime_seconds is None:
        return float("inf")
    return token.lifetime_seconds - min(RENEW_EARLY_SECONDS_MAX, token.lifetime_seconds * RENEW_EARLY_SHARE)
