"""A fault that nobody has thought of ends no work in the background, and no other channel's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.dispatch.connections import Connections
from gateway.dispatch.dispatch import Dispatch
from gateway.dispatch.ending import end_tasks
from gateway.dispatch.telling import Telling
from gateway.inventory.buffers import NO_RULES
from gateway.inventory.channels import Channel, ChannelState
from gateway.store.leases import Lease, LeaseStore
from tests.builders import NOW


class Faulty(Telling):
    def __init__(self) -> None:
        self._busy = {}
        self.looks: asyncio.Queue[None] = asyncio.Queue()

    async def look(self) -> None:
        self.looks.put_nowait(None)
        raise ArithmeticError("nobody has thought of it")


async def test_telling_goes_on_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.dispatch.telling.LOOK_SECONDS", 0.01)
    telling = Faulty()
    running = asyncio.create_task(telling.run())
    async with asyncio.timeout(30):
        await telling.looks.get()
        await telling.looks.get()
    await end_tasks([running])


class Stored:
    """What is the same at every look."""

    def __init__(self, what: object) -> None:
        self._what = what

    async def all(self) -> object:
        return self._what

    async def locations(self, fresh: bool = False) -> object:
        return self._what


class FaultyConnections(Connections):
    def __init__(self) -> None:
        """There are none."""

    def of(self, channel: Channel) -> Any:
        if channel.id == "bad":
            raise ArithmeticError("nobody has thought of it")


class Leases(LeaseStore):
    """All are another process's."""

    def __init__(self) -> None:
        self.ttl_seconds = 60.0
        self.wanted: asyncio.Queue[str] = asyncio.Queue()

    async def acquire(self, name: str) -> Lease | None:
        self.wanted.put_nowait(name)
        return None


async def test_a_channel_at_fault_keeps_no_other_from_its_lease() -> None:
    def made(channel_id: str) -> Channel:
        return Channel(channel_id, "p", "N", {}, b"", None, 0, ChannelState.ACTIVE, None, 1, NOW, NOW)

    channels: Any = Stored({channel_id: made(channel_id) for channel_id in ("bad", "well")})
    unused: Any = None
    locations: Any = Stored({})
    rules: Any = Stored(NO_RULES)
    leases = Leases()
    dispatch = Dispatch(channels, FaultyConnections(), leases, unused, unused, locations, rules, unused, unused, unused)
    running = asyncio.create_task(dispatch.run())
    async with asyncio.timeout(30):
        assert await leases.wanted.get() == "channel/well"
    await end_tasks([running])
