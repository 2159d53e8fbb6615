"""What came in from platforms, and taking it up again."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import closing
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.errors import Code, InvalidInput, InventoryError
from gateway.inventory.events import EventSource, EventState
from gateway.inventory.identifiers import check_count, check_slug
from gateway.inventory.ports import StorageError
from gateway.store.views.inbox import EventRecord, InboxFilter
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.descriptions import describe
from schema.documents import read_place
from schema.errors import UserError, reading, user_error
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.times import check_time

strawberry.enum(EventState, name="InboxEventState", description="What has become of an event.")
describe(
    EventState,
    {
        "RECEIVED": "It is to be worked on, or to be tried again.",
        "WAITING": "It needs something that is not known here, such as a listing; it is tried again.",
        "FAILED": "It was given up; only a replay takes it up again.",
        "DONE": "What it asked for has been done.",
    },
)
strawberry.enum(EventSource, name="InboxEventSource", description="How an event came.")
describe(
    EventSource,
    {
        "WEBHOOK": "The platform sent it.",
        "QUEUE": "It was fetched from the platform's queue.",
        "POLL": "The platform was asked for the orders that have changed.",
    },
)


@strawberry.type(description="One event from a platform, as it was kept before any work was done on it.")
class InboxEvent:
    event: Private[EventRecord]

    @strawberry.field(description="The channel and the platform's id of the delivery.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.event.id)

    @strawberry.field(description="The channel it is of.")
    def channel_id(self) -> str:
        return self.event.channel_id

    @strawberry.field(description="How it came.")
    def source(self) -> EventSource:
        return self.event.source

    @strawberry.field(description="What has become of it.")
    def state(self) -> EventState:
        return self.event.state

    @strawberry.field(description="When it came.")
    def received_at(self) -> datetime:
        return self.event.received_at

    @strawberry.field(description="How often it was taken up.")
    def attempts(self) -> int:
        return self.event.attempts

    @strawberry.field(description="What it waits for, why it is to be tried again, or why it was given up.")
    def error(self) -> str | None:
        return self.event.error

    @strawberry.field(description="When it is taken up again.")
    def due_at(self) -> datetime | None:
        return self.event.due_at

    @strawberry.field(description="When it was done.")
    def done_at(self) -> datetime | None:
        return self.event.done_at


@strawberry.input(description="Which events to list; what is left out matches everything.")
class InboxFilterInput:
    channel_id: str | None = strawberry.field(default=None, description="Of this channel.")
    states: list[EventState] | None = strawberry.field(default=None, description="In one of these states.")
    source: EventSource | None = strawberry.field(default=None, description="That came this way.")
    since: datetime | None = strawberry.field(default=None, description="Received at this time or later.")
    until: datetime | None = strawberry.field(default=None, description="Received before this time.")

    def criteria(self) -> InboxFilter:
        """Raises InvalidInput for what no event could ever match."""
        if self.channel_id is not None:
            check_slug(self.channel_id, ("filter", "channelId"))
        check_time(self.since, "filter", "since")
        check_time(self.until, "filter", "until")
        if self.states is not None:
            check_count(self.states, ("filter", "states"), len(EventState))
        return InboxFilter(self.channel_id, tuple(self.states or ()), self.source, self.since, self.until)


@strawberry.type
class InboxQuery:
    @strawberry.field(description="What came in from platforms, the newest first. Needs `inventory:read`.")
    async def inbox_events(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[InboxFilterInput | None, strawberry.argument(description="Which ones.")] = None,
    ) -> Connection[InboxEvent]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_place(after)
            criteria = (filter or InboxFilterInput()).criteria()
            found = await info.context.services.inbox_view.page(criteria, place, limit + 1)
            return connection(
                found,
                limit,
                lambda event: InboxEvent(event=event),
                lambda event: place_of(event.received_at, event.id),
                after,
            )


@strawberry.input(description="Which events to take up again: some by id, or those that were received within a time.")
class InboxReplayInput:
    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="1 to 1000 events.")
    since: datetime | None = strawberry.field(default=None, description="Received at this time or later.")
    until: datetime | None = strawberry.field(default=None, description="Received before this time.")
    channel_id: str | None = strawberry.field(default=None, description="Of this channel; with a time only.")
    states: list[EventState] | None = strawberry.field(default=None, description="In these states; with a time only.")


@strawberry.type(description="What became of a request to take events up again.")
class InboxReplayPayload:
    replayed: int = strawberry.field(default=0, description="How many events are taken up now.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class InboxMutation:
    @strawberry.mutation(
        description="Take events up again now, whatever became of them; what they did is never done twice. Needs "
        "`inventory:write`."
    )
    async def inbox_replay(
        self, info: Info, input: Annotated[InboxReplayInput, strawberry.argument(description="What to do.")]
    ) -> InboxReplayPayload:
        try:
            info.context.principal.require(Scope.INVENTORY_WRITE)
            with closing(_replay(info, input)) as work:
                return InboxReplayPayload(replayed=await work, user_errors=[])
        except (InventoryError, StorageError) as error:
            return InboxReplayPayload(user_errors=[user_error(error, "input")])


def _replay(info: Info, input: InboxReplayInput) -> Coroutine[None, None, int]:
    inbox = info.context.services.inbox
    if input.ids is not None and not (input.since or input.until or input.channel_id or input.states):
        return inbox.replay(input.ids)
    if input.ids is None and input.since is not None and input.until is not None:
        check_time(input.since, "since")
        check_time(input.until, "until")
        return inbox.replay_received(input.since, input.until, input.channel_id, input.states or ())
    message = "Give either `ids` alone, or both `since` and `until`."
    raise InvalidInput(Code.INVALID_INPUT, message, ("ids",))
