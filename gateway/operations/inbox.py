"""Taking up events of the inbox again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from gateway.inventory.errors import Code, InvalidInput
from gateway.inventory.events import EventState
from gateway.inventory.identifiers import check_count, check_slug
from gateway.inventory.moments import check_aware

REPLAYED_IDS_MAX = 1_000


class ReplayedEvents(Protocol):
    async def replay(self, event_ids: Sequence[str]) -> int: ...

    async def replay_received(
        self, since: datetime, until: datetime, channel_id: str | None, states: Collection[EventState]
    ) -> int: ...


class InboxOperations:
    """Replay events: harmless also for those that are done, since every state of an order is applied once."""

    def __init__(self, events: ReplayedEvents) -> None:
        self._events = events

    async def replay(self, event_ids: Sequence[str]) -> int:
        """Take up these events now, whatever became of them; how many of them exist."""
        check_count(event_ids, ("ids",), REPLAYED_IDS_MAX)
        return await self._events.replay(event_ids)

    async def replay_received(
        self, since: datetime, until: datetime, channel_id: str | None, states: Collection[EventState]
    ) -> int:
        """Take up what was received from `since` until before `until`, of one channel, in these states; how many.

        None and no states mean any.
        """
        check_aware(since, ("since",))
        check_aware(until, ("until",))
        if since >= until:
            raise InvalidInput(Code.OUT_OF_RANGE, "`until` must be later than `since`.", ("until",))
        if channel_id is not None:
            check_slug(channel_id, ("channelId",))
        return await self._events.replay_received(since, until, channel_id, states)
