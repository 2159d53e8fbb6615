"""Public keys that senders sign with, fetched from where they publish them."""

import asyncio
import time
from collections.abc import Callable, Mapping

from cachetools import TTLCache

from connectors.errors import ConnectorError, Permanent, Throttled
from connectors.exchange import Request
from connectors.pacing import Bucket, Pace
from connectors.session import HttpSession
from connectors.status import error_for_status

KEYS_MAX = 100
KEPT_SECONDS = 24 * 3600
KEY_BYTES_MAX = 16_384
PACE = Pace(burst=10, per_second=0.2)
"""Which key is wanted, a stranger's notification may say: he shall not have us call anybody as often as he likes."""


class PublicKeys:
    """Keeps each key for a day."""

    def __init__(self, session: HttpSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._kept: TTLCache[str, bytes] = TTLCache(KEYS_MAX, KEPT_SECONDS, clock)
        self._allowance = Bucket(PACE, clock)
        self._fetching = asyncio.Lock()

    async def of(self, addresses: Mapping[str, str]) -> Mapping[str, bytes]:
        """The keys by the names of their addresses. Raises `ConnectorError` when none of them can be had."""
        found: dict[str, bytes] = {}
        failure: ConnectorError | None = None
        for name, address in addresses.items():
            try:
                found[name] = await self._key(address)
            except ConnectorError as error:
                failure = error
        if failure is not None and not found:
            raise failure
        return found

    async def _key(self, address: str) -> bytes:
        if (kept := self._kept.get(address)) is not None:
            return kept
        async with self._fetching:
            if (kept := self._kept.get(address)) is None:
                kept = self._kept[address] = await self._fetch(address)
        return kept

    async def _fetch(self, address: str) -> bytes:
        if self._allowance.seconds_until_free > 0:
            raise Throttled("too many different keys are asked for")
        self._allowance.reserve(1)
        try:
            answer = await self._session.send(Request(method="GET", url=address, anonymous=True))
        finally:
            self._allowance.settle(1)
        error = error_for_status(answer, "The sender's list of keys")
        if error is not None:
            raise error
        if len(answer.body) > KEY_BYTES_MAX:
            raise Permanent(f"a key has no more than {KEY_BYTES_MAX} bytes")
        return answer.body
