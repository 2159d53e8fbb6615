"""Events of one channel, however many and however slow, keep no other channel's waiting."""

from __future__ import annotations

import asyncio

from connectors.exchange import headers_of
from gateway.dispatch.lanes import Lanes
from gateway.dispatch.messages import MessageHandler
from gateway.dispatch.processing import InboxProcessor
from gateway.store.inbox import Inbox, InboxEvent
from tests.dispatch.trading import trading


class SlowPlatforms(MessageHandler):
    """Handles the events of one channel, and never gets done with those of all others."""

    def __init__(self) -> None:
        self.handled: asyncio.Queue[str] = asyncio.Queue()

    async def handle(self, event: InboxEvent) -> None:
        if event.channel_id != "well":
            await asyncio.Event().wait()
        await self.handled.put(event.id)


async def test_channels_that_are_stuck_keep_no_order_of_another_waiting(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name) as gateway, asyncio.timeout(30):
        inbox, handler = Inbox(gateway.database), SlowPlatforms()
        processor = InboxProcessor(inbox, handler, at_once=2)
        working = asyncio.create_task(processor.run())
        try:
            for channel_id in ("stuck", "hanging", "well"):
                for number in range(5):
                    event_id = await inbox.add(channel_id, f"{number}", headers_of(), b"")
                    assert event_id is not None
                    processor.accepted(event_id)
            assert {await handler.handled.get() for _ in range(5)} == {f"well:{number}" for number in range(5)}
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


def taken(lanes: Lanes) -> list[str]:
    found = []
    while (one := lanes.take()) is not None:
        found.append(one[0])
    return found


def test_each_channel_has_its_turn_and_its_share() -> None:
    lanes = Lanes(3, 8)
    for event_id in ("a:1", "a:2", "a:1", "a:3", "a:4", "b:1", "b:2", "b:3", "c:1", "c:2", "d:1", "d:2"):
        lanes.put(event_id, just_added=True)
    # One of the eight places is kept for a channel that has none.
    assert taken(lanes) == ["a:1", "b:1", "c:1", "d:1", "a:2", "b:2", "c:2"]
    lanes.put("e:1", just_added=False)
    assert lanes.take() == ("e:1", False) and lanes.take() is None
    lanes.done("a:1")
    lanes.done("a:2")
    assert taken(lanes) == ["d:2", "a:3"]
    for event_id in ("b:1", "b:2", "c:1", "c:2", "d:1", "d:2", "e:1"):
        lanes.done(event_id)
    assert taken(lanes) == ["b:3", "a:4"]
