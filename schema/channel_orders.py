"""Orders that channels reported."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.identifiers import check_slug, check_text
from gateway.inventory.orders import Order, OrderLine
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.documents import read_place
from schema.errors import reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.scalars import Quantity


@strawberry.type(description="One line of a channel's order, and what it has done to the stock.")
class ChannelOrderLine:
    line_id: Private[str]
    line: Private[OrderLine]

    @strawberry.field(description="The platform's own id of the line.")
    def id(self) -> str:
        return self.line_id

    @strawberry.field(description="The item, whatever its SKU is by now.")
    def item_id(self) -> strawberry.ID:
        return strawberry.ID(self.line.item_id)

    @strawberry.field(description="The SKU when the line was last applied.")
    def sku(self) -> str:
        return self.line.sku

    @strawberry.field(description="Where its units are taken from.")
    def location_id(self) -> str:
        return self.line.location_id

    @strawberry.field(description="Units sold.")
    def ordered(self) -> Quantity:
        return Quantity(self.line.ordered)

    @strawberry.field(description="Units that are promised and still here.")
    def allocated(self) -> Quantity:
        return Quantity(self.line.allocated)

    @strawberry.field(description="Units that have left.")
    def shipped(self) -> Quantity:
        return Quantity(self.line.shipped)


@strawberry.type(description="An order as its channel last reported it.")
class ChannelOrder:
    order: Private[Order]

    @strawberry.field(description="The channel that took it.")
    def channel_id(self) -> str:
        return self.order.channel_id

    @strawberry.field(description="The platform's own id of it.")
    def order_id(self) -> str:
        return self.order.order_id

    @strawberry.field(description="What people call it.")
    def name(self) -> str | None:
        return self.order.name

    @strawberry.field(description="In the platform's own words.")
    def status(self) -> str:
        return self.order.status

    @strawberry.field(description="When the platform had it in this state.")
    def occurred_at(self) -> datetime:
        return self.order.precedence.occurred_at

    @strawberry.field(description="Whether it once took more than there was.")
    def oversold(self) -> bool:
        return self.order.oversold

    @strawberry.field(description="Whether it once took units that quotas kept for other channels.")
    def took_kept_units(self) -> bool:
        return self.order.took_kept

    @strawberry.field(description="Its lines.")
    def lines(self) -> list[ChannelOrderLine]:
        return [ChannelOrderLine(line_id=line_id, line=line) for line_id, line in self.order.lines.items()]


ChannelId = Annotated[str, strawberry.argument(description="Which channel.")]


@strawberry.type
class ChannelOrderQuery:
    @strawberry.field(description="One order of a channel; null where it has not reported it. Needs `inventory:read`.")
    async def channel_order(
        self,
        info: Info,
        channel_id: ChannelId,
        order_id: Annotated[str, strawberry.argument(description="The platform's own id of it.")],
    ) -> ChannelOrder | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_slug(channel_id, ("channelId",))
            check_text(order_id, ("orderId",))
            order = await info.context.services.channel_orders.by_id(channel_id, order_id)
            return ChannelOrder(order=order) if order else None

    @strawberry.field(description="A channel's orders, those that changed last there first. Needs `inventory:read`.")
    async def channel_orders(
        self,
        info: Info,
        channel_id: ChannelId,
        first: First = FIRST_DEFAULT,
        after: After = None,
        oversold: Annotated[
            bool | None, strawberry.argument(description="Only those that took more than there was, or that did not.")
        ] = None,
    ) -> Connection[ChannelOrder]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_slug(channel_id, ("channelId",))
            limit, place = check_first(first), read_place(after)
            found = await info.context.services.channel_orders.page(channel_id, oversold, place, limit + 1)
            return connection(
                found,
                limit,
                lambda order: ChannelOrder(order=order),
                lambda order: place_of(order.precedence.occurred_at, order.id),
                after,
            )
