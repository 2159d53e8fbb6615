"""What a person has to look at."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.alerts import Alert, AlertKind, AlertLine, AlertState
from gateway.inventory.identifiers import check_count, check_optional_text, check_slug
from gateway.store.views.alerts import AlertFilter
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.descriptions import describe
from schema.documents import read_place, taken
from schema.errors import UserError, reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.scalars import Quantity

strawberry.enum(AlertKind, name="AlertKind", description="What an alert is about.")
describe(
    AlertKind,
    {
        "OVERSOLD": "A channel sold units that were not there; one per order.",
        "OVERPROMISED": "A place has less than nothing available, beyond what may be backordered.",
        "OUT_OF_STOCK": "A place has nothing available any more.",
        "LOW_STOCK": "A place has no more available than its `lowStockAt`.",
        "OVERSTOCK": "A place has units for more than its `overstockDays`; an item that was never sold anywhere on n "
        "days with stock, 30 or more, counts as selling 3 / n a day.",
        "PROMISE_AT_RISK": "A purchase does not bring in time what backorders wait for; one per purchase.",
    },
)
strawberry.enum(AlertState, name="AlertState", description="Whether somebody is at it.")
describe(
    AlertState,
    {
        "OPEN": "Nobody is at it.",
        "ACKNOWLEDGED": "Its owner is at it.",
        "RESOLVED": "There is nothing left to do.",
    },
)


@strawberry.type(name="AlertLine", description="Units of an item that were missing at a place, or at risk to be.")
class AlertLineType:
    line: Private[AlertLine]

    @strawberry.field(description="The item, whatever its SKU is by now.")
    def item_id(self) -> strawberry.ID:
        return strawberry.ID(self.line.item_id)

    @strawberry.field(description="The SKU when the alert was opened.")
    def sku(self) -> str:
        return self.line.sku

    @strawberry.field(description="The location.")
    def location_id(self) -> str:
        return self.line.location_id

    @strawberry.field(description="Units that were not there.")
    def missing(self) -> Quantity:
        return Quantity(self.line.missing)

    @strawberry.field(description="Units available when the threshold was crossed; null unless it is about a level.")
    def available(self) -> Quantity | None:
        return None if self.line.available is None else Quantity(self.line.available)

    @strawberry.field(description="The threshold, in units; null unless it is about a level.")
    def threshold(self) -> Quantity | None:
        return None if self.line.threshold is None else Quantity(self.line.threshold)


@strawberry.type(
    name="Alert",
    description="What a person has to look at. One about an order resolves by itself once no place in it has less "
    "than nothing available, or once its order has let go of the units; one about a level once that is clear of the "
    "threshold by a fifth of it, or by a unit; one about a purchase once that keeps its promises.",
)
class AlertType:
    alert: Private[Alert]

    @strawberry.field(description="Its id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.alert.id)

    @strawberry.field(description="What it is about.")
    def kind(self) -> AlertKind:
        return self.alert.kind

    @strawberry.field(description="Whether somebody is at it.")
    def state(self) -> AlertState:
        return self.alert.state

    @strawberry.field(description="Who is at it, or was.")
    def owner(self) -> str | None:
        return self.alert.owner

    @strawberry.field(description="The channel it came from.")
    def channel_id(self) -> str | None:
        return self.alert.channel_id

    @strawberry.field(description="The channel's order that it is about.")
    def order_id(self) -> str | None:
        return self.alert.order_id

    @strawberry.field(description="The purchase that it is about; `promisesAtRisk` tells what it hurts.")
    def inbound_id(self) -> strawberry.ID | None:
        return None if self.alert.inbound_id is None else strawberry.ID(self.alert.inbound_id)

    @strawberry.field(description="What was missing.")
    def lines(self) -> list[AlertLineType]:
        return [AlertLineType(line=line) for line in self.alert.lines]

    @strawberry.field(description="Why it is resolved.")
    def resolution(self) -> str | None:
        return self.alert.resolution

    @strawberry.field(description="When it was opened for the first time.")
    def opened_at(self) -> datetime:
        return self.alert.opened_at

    @strawberry.field(description="When it was last changed.")
    def updated_at(self) -> datetime:
        return self.alert.updated_at


@strawberry.input(description="Which alerts to list; what is left out matches everything.")
class AlertFilterInput:
    kind: AlertKind | None = strawberry.field(default=None, description="Of this kind.")
    states: list[AlertState] | None = strawberry.field(default=None, description="In one of these states.")
    channel_id: str | None = strawberry.field(default=None, description="From this channel.")
    order_id: str | None = strawberry.field(default=None, description="About this order of a channel.")
    owner: str | None = strawberry.field(default=None, description="With this owner.")

    def criteria(self) -> AlertFilter:
        """Raises InvalidInput for what no alert could ever match."""
        if self.channel_id is not None:
            check_slug(self.channel_id, ("filter", "channelId"))
        check_optional_text(self.order_id, ("filter", "orderId"))
        check_optional_text(self.owner, ("filter", "owner"))
        if self.states is not None:
            check_count(self.states, ("filter", "states"), len(AlertState))
        return AlertFilter(self.kind, tuple(self.states or ()), self.channel_id, self.order_id, self.owner)


@strawberry.type
class AlertQuery:
    @strawberry.field(description="What a person has to look at, the newest first. Needs `inventory:read`.")
    async def alerts(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[AlertFilterInput | None, strawberry.argument(description="Which ones.")] = None,
    ) -> Connection[AlertType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_place(after)
            criteria = (filter or AlertFilterInput()).criteria()
            found = await info.context.services.alert_view.page(criteria, place, limit + 1)
            return connection(
                found,
                limit,
                lambda alert: AlertType(alert=alert),
                lambda alert: place_of(alert.opened_at, alert.id),
                after,
            )


@strawberry.input(description="Which alert to take on.")
class AlertAcknowledgeInput:
    id: strawberry.ID = strawberry.field(description="Its id.")
    owner: str | None = strawberry.field(
        default=None, description="Who is at it; the client itself unless given. Up to 64 characters."
    )


@strawberry.input(description="Which alert to close.")
class AlertResolveInput:
    id: strawberry.ID = strawberry.field(description="Its id.")
    resolution: str = strawberry.field(description="What was done; up to 500 characters.")


@strawberry.type(description="What became of a request about an alert.")
class AlertPayload:
    alert: AlertType | None = strawberry.field(default=None, description="The alert as it is now.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class AlertMutation:
    @strawberry.mutation(description="Say who is at it, also after somebody else. Needs `inventory:write`.")
    async def alert_acknowledge(
        self, info: Info, input: Annotated[AlertAcknowledgeInput, strawberry.argument(description="What to do.")]
    ) -> AlertPayload:
        owner = info.context.principal.client if input.owner is None else input.owner
        return await _payload(info, info.context.services.alerts.acknowledge(input.id, owner))

    @strawberry.mutation(description="Close it with a reason. Needs `inventory:write`.")
    async def alert_resolve(
        self, info: Info, input: Annotated[AlertResolveInput, strawberry.argument(description="What to do.")]
    ) -> AlertPayload:
        client = info.context.principal.client
        return await _payload(info, info.context.services.alerts.resolve(input.id, input.resolution, client))


async def _payload(info: Info, work: Coroutine[Any, Any, Alert]) -> AlertPayload:
    return await taken(
        info,
        work,
        lambda alert: AlertPayload(alert=AlertType(alert=alert), user_errors=[]),
        lambda errors: AlertPayload(user_errors=errors),
    )
