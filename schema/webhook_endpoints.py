"""Webhooks that go out: who is told what happens here, and what became of each message."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.deliveries import Attempt, Delivery, DeliveryState
from gateway.inventory.errors import InventoryError
from gateway.inventory.identifiers import check_count
from gateway.inventory.ports import StorageError
from gateway.inventory.webhook_endpoints import EventType, WebhookEndpoint
from gateway.operations.webhook_endpoints import EndpointChange
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.descriptions import describe
from schema.documents import read_place
from schema.errors import UserError, reading, user_error
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.requested_lines import Input

T = TypeVar("T")

strawberry.enum(EventType, name="WebhookEventType", description="What can be told; the message's `type` says it.")
describe(
    EventType,
    {
        "PING": "`ping`: somebody asked for it, to see whether the address answers.",
        "ALERT_OPENED": "`alert.opened`: there is something that a person has to look at.",
        "ALERT_ACKNOWLEDGED": "`alert.acknowledged`: somebody is at it.",
        "ALERT_RESOLVED": "`alert.resolved`: there is nothing left to do.",
    },
)
strawberry.enum(DeliveryState, name="WebhookDeliveryState", description="What became of a message to one endpoint.")
describe(
    DeliveryState,
    {
        "PENDING": "It is to be sent, or sent again.",
        "DELIVERED": "The endpoint took it.",
        "FAILED": "Given up after three days; it can be sent again by hand.",
    },
)


@strawberry.type(
    name="WebhookEndpoint",
    description="An address that is told what happens here, signed after the Standard Webhooks specification.",
)
class WebhookEndpointType:
    endpoint: Private[WebhookEndpoint]

    @strawberry.field(description="Its id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.endpoint.id)

    @strawberry.field(description="The address.")
    def url(self) -> str:
        return self.endpoint.url

    @strawberry.field(description="What it is for, in a person's words.")
    def description(self) -> str | None:
        return self.endpoint.description

    @strawberry.field(description="What it is told; everything if empty.")
    def event_types(self) -> list[EventType]:
        return list(self.endpoint.event_types)

    @strawberry.field(description="Whether it is told anything at all.")
    def enabled(self) -> bool:
        return self.endpoint.enabled

    @strawberry.field(description="Why it is not.")
    def disabled_because(self) -> str | None:
        return self.endpoint.disabled_because

    @strawberry.field(description="Since when it refuses everything; after five days it is switched off.")
    def failing_since(self) -> datetime | None:
        return self.endpoint.failing_since

    @strawberry.field(description="Until when messages are also signed with the former secret.")
    def rotated_until(self) -> datetime | None:
        return self.endpoint.rotated_until

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.endpoint.created_at


@strawberry.type(name="WebhookAttempt", description="One attempt to hand a message over.")
class AttemptType:
    at: datetime = strawberry.field(description="When it began.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds.")
    status: int | None = strawberry.field(description="The HTTP status; null where there was no answer.")
    error: str | None = strawberry.field(description="Why it did not succeed; null where it did.")

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptType:
        return cls(at=attempt.at, duration_ms=attempt.duration_ms, status=attempt.status, error=attempt.error)


@strawberry.type(name="WebhookDelivery", description="One message owed to one endpoint.")
class DeliveryType:
    delivery: Private[Delivery]

    @strawberry.field(description="Its id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.delivery.id)

    @strawberry.field(description="The `webhook-id`, by which receivers know the message.")
    def message_id(self) -> str:
        return self.delivery.message_id

    @strawberry.field(description="Which endpoint.")
    def endpoint_id(self) -> strawberry.ID:
        return strawberry.ID(self.delivery.endpoint_id)

    @strawberry.field(description="What it tells.")
    def event_type(self) -> EventType:
        return self.delivery.event_type

    @strawberry.field(description="What became of it.")
    def state(self) -> DeliveryState:
        return self.delivery.state

    @strawberry.field(description="The message as it is sent.")
    def body(self) -> str:
        return self.delivery.body.decode()

    @strawberry.field(description="Every attempt, the oldest first.")
    def attempts(self) -> list[AttemptType]:
        return [AttemptType.of(attempt) for attempt in self.delivery.attempts]

    @strawberry.field(description="When it is tried next.")
    def next_at(self) -> datetime | None:
        return self.delivery.next_at

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.delivery.created_at


@strawberry.input(description="An address to tell what happens here.")
class WebhookEndpointCreateInput:
    url: str = strawberry.field(description="An http or https address, without a password.")
    event_types: list[EventType] | None = strawberry.field(default=None, description="What to tell; all unless given.")
    description: str | None = strawberry.field(default=None, description="What it is for.")


@strawberry.input(description="What to change of an endpoint; what is left out stays.")
class WebhookEndpointUpdateInput:
    id: strawberry.ID = strawberry.field(description="Which one.")
    url: str | None = strawberry.field(default=None, description="The new address.")
    event_types: list[EventType] | None = strawberry.field(default=None, description="What to tell; empty is all.")
    description: str | None = strawberry.field(default=None, description="What it is for.")
    enabled: bool | None = strawberry.field(default=None, description="Whether to tell it anything.")


@strawberry.type(description="What became of a request about an endpoint.")
class WebhookEndpointPayload:
    endpoint: WebhookEndpointType | None = strawberry.field(default=None, description="The endpoint as it is now.")
    secret: str | None = strawberry.field(
        default=None, description="What its messages are signed with, where it is new: it is not shown again."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type(description="What became of a request about a delivery.")
class WebhookDeliveryPayload:
    delivery: DeliveryType | None = strawberry.field(default=None, description="The delivery as it is now.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


EndpointId = Annotated[strawberry.ID, strawberry.argument(description="Which endpoint.")]


@strawberry.type
class WebhookEndpointQuery:
    @strawberry.field(description="Every webhook endpoint. Needs `admin`.")
    async def webhook_endpoints(self, info: Info) -> list[WebhookEndpointType]:
        with reading(info.context.principal, Scope.ADMIN):
            return [WebhookEndpointType(endpoint=each) for each in await info.context.services.webhooks.all()]

    @strawberry.field(description="What endpoints are or were owed, the newest first. Needs `admin`.")
    async def webhook_deliveries(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        endpoint_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Of this endpoint; of any if null.")
        ] = None,
        states: Annotated[
            list[DeliveryState] | None, strawberry.argument(description="In one of these states; in any if null.")
        ] = None,
    ) -> Connection[DeliveryType]:
        with reading(info.context.principal, Scope.ADMIN):
            limit, place = check_first(first), read_place(after)
            if states is not None:
                check_count(states, ("states",), len(DeliveryState))
            found = await info.context.services.webhooks.deliveries(endpoint_id, states or (), place, limit + 1)
            return connection(
                found,
                limit,
                lambda delivery: DeliveryType(delivery=delivery),
                lambda delivery: place_of(delivery.created_at, delivery.id),
                after,
            )


@strawberry.type
class WebhookEndpointMutation:
    @strawberry.mutation(description="Tell an address what happens here. Needs `admin`.")
    async def webhook_endpoint_create(
        self, info: Info, input: Annotated[WebhookEndpointCreateInput, Input]
    ) -> WebhookEndpointPayload:
        webhooks = info.context.services.webhooks
        return await _endpoint(info, webhooks.create(input.url, input.event_types or (), input.description))

    @strawberry.mutation(description="Change an endpoint, or switch it on or off. Needs `admin`.")
    async def webhook_endpoint_update(
        self, info: Info, input: Annotated[WebhookEndpointUpdateInput, Input]
    ) -> WebhookEndpointPayload:
        types = None if input.event_types is None else tuple(input.event_types)
        change = EndpointChange(input.url, input.description, types, input.enabled)
        return await _endpoint(info, info.context.services.webhooks.update(input.id, change))

    @strawberry.mutation(
        description="Give an endpoint a new secret; for a day its messages are signed with both. Needs `admin`."
    )
    async def webhook_endpoint_rotate(self, info: Info, id: EndpointId) -> WebhookEndpointPayload:
        return await _endpoint(info, info.context.services.webhooks.rotate(id))

    @strawberry.mutation(description="Forget an endpoint and all that it is owed. Needs `admin`.")
    async def webhook_endpoint_delete(self, info: Info, id: EndpointId) -> WebhookEndpointPayload:
        return await _endpoint(info, info.context.services.webhooks.delete(id))

    @strawberry.mutation(description="Send an endpoint a message that says nothing. Needs `admin`.")
    async def webhook_endpoint_ping(self, info: Info, id: EndpointId) -> WebhookDeliveryPayload:
        return await _delivery(info, info.context.services.webhooks.ping(id))

    @strawberry.mutation(description="Send a message again, delivered or not. Needs `admin`.")
    async def webhook_delivery_resend(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Which delivery.")]
    ) -> WebhookDeliveryPayload:
        return await _delivery(info, info.context.services.webhooks.resend(id))


async def _endpoint(
    info: Info, work: Coroutine[Any, Any, WebhookEndpoint | tuple[WebhookEndpoint, str] | None]
) -> WebhookEndpointPayload:
    done = await _done(info, work)
    match done:
        case UserError():
            return WebhookEndpointPayload(user_errors=[done])
        case (endpoint, secret):
            return WebhookEndpointPayload(
                endpoint=WebhookEndpointType(endpoint=endpoint), secret=secret, user_errors=[]
            )
        case WebhookEndpoint():
            return WebhookEndpointPayload(endpoint=WebhookEndpointType(endpoint=done), user_errors=[])
    return WebhookEndpointPayload(user_errors=[])


async def _delivery(info: Info, work: Coroutine[Any, Any, Delivery]) -> WebhookDeliveryPayload:
    done = await _done(info, work)
    if isinstance(done, UserError):
        return WebhookDeliveryPayload(user_errors=[done])
    return WebhookDeliveryPayload(delivery=DeliveryType(delivery=done), user_errors=[])


async def _done(info: Info, work: Coroutine[Any, Any, T]) -> T | UserError:
    try:
        with closing(work):
            info.context.principal.require(Scope.ADMIN)
            return await work
    except (InventoryError, StorageError) as error:
        return user_error(error, "input")
