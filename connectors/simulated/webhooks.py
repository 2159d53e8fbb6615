"""How a simulated shop tells of its sales: at once, or, on demand, late, several times and in another order."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

DELIVERY_SECONDS_MAX = 30.0
HELD_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Delivery:
    headers: Mapping[str, str]
    body: bytes


class WebhookSender:
    """Sends to one address; without one, nobody is told."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.statuses: list[int] = []
        """What the receiver answered, 0 where it did not."""
        self._held: list[Delivery] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self) -> None:
        """From now on deliveries wait for `release`."""
        self._held = self._held or []

    async def release(self, *, reverse: bool = False, copies: int = 1) -> int:
        """Sends what was held, and everything from now on; returns how many deliveries that were."""
        held, self._held = self._held or [], None
        held = held[::-1] if reverse else held
        for delivery in held * copies:
            await self._send(delivery)
        return len(held) * copies

    async def deliver(self, delivery: Delivery) -> None:
        if self._held is None:
            await self._send(delivery)
        elif len(self._held) < HELD_MAX:
            self._held.append(delivery)

    def deliver_soon(self, delivery: Delivery) -> None:
        """Without keeping the caller waiting."""
        task = asyncio.create_task(self.deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Returns once nothing is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks, timeout=DELIVERY_SECONDS_MAX)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _send(self, delivery: Delivery) -> None:
        if self.address is None:
            return
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DELIVERY_SECONDS_MAX))
        try:
            async with self._session.post(self.address, data=delivery.body, headers=delivery.headers) as answer:
                self.statuses.append(answer.status)
        except (aiohttp.ClientError, TimeoutError):
            self.statuses.append(0)
