"""The order flow: from the cart over checkout and payment to the shipment."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.commands import LINES_MAX
from gateway.inventory.customer_orders import OrderedLine, OrderState
from gateway.inventory.identifiers import check_count
from gateway.inventory.order_steps import ShippedLine
from gateway.operations.customer_orders import OrderOutcome, OrderView
from schema.context import Info
from schema.descriptions import describe
from schema.documents import KeyedPayload, taken
from schema.requested_lines import BasketInput, Input, KeyedInput, ShipmentInput, line_requests
from schema.reservations import ReservationType
from schema.scalars import Quantity

strawberry.enum(OrderState, name="CustomerOrderState", description="How far an order is.")
describe(
    OrderState,
    {
        "UNPAID": "Checked out. Nothing is held for it, unless it was checked out with a hold.",
        "PAYING": "Its units are held while its payment is taken.",
        "PAID": "Its units are the customer's.",
        "PARTLY_SHIPPED": "Paid, and some of its units have left.",
        "SHIPPED": "Every unit has left.",
        "CANCELLED": "What had not left is available again, or was given to somebody else.",
    },
)


@strawberry.type(description="Units of one SKU that were ordered.")
class CustomerOrderLine:
    item_id: strawberry.ID = strawberry.field(description="The item, whatever its SKU is by now.")
    sku: str = strawberry.field(description="The SKU at the checkout.")
    quantity: Quantity = strawberry.field(description="Units ordered.")
    location_ids: list[str] = strawberry.field(description="The locations it may be served from; empty is any.")
    channel_id: str | None = strawberry.field(description="The channel whose locations it may be served from.")

    @classmethod
    def of(cls, line: OrderedLine) -> CustomerOrderLine:
        return cls(
            item_id=strawberry.ID(line.item_id),
            sku=line.sku,
            quantity=Quantity(line.quantity),
            location_ids=list(line.location_ids),
            channel_id=line.channel_id,
        )


@strawberry.type(description="An order that a customer makes through us; what channels report is not among these.")
class CustomerOrder:
    view: Private[OrderView]

    @strawberry.field(description="Made from the idempotency key of its checkout.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.view.order.id)

    @strawberry.field(description="As of now: past its time a payment's hold has expired.")
    def state(self) -> OrderState:
        return self.view.state

    @strawberry.field(description="Whose it is, such as a cart.")
    def owner(self) -> str | None:
        return self.view.order.owner

    @strawberry.field(description="By which the ledger finds everything about it; its own id unless given.")
    def reference(self) -> str | None:
        return self.view.order.reference

    @strawberry.field(description="The channel it is sold through; null for none.")
    def channel_id(self) -> str | None:
        return self.view.order.channel_id

    @strawberry.field(description="What was ordered.")
    def lines(self) -> list[CustomerOrderLine]:
        return [CustomerOrderLine.of(line) for line in self.view.order.lines]

    @strawberry.field(description="What holds its units, or held them last; null while nothing was held for it.")
    def reservation(self) -> ReservationType | None:
        held = self.view.reservation
        return None if held is None else ReservationType(reservation=held)

    @strawberry.field(description="When it was checked out.")
    def created_at(self) -> datetime:
        return self.view.order.created_at

    @strawberry.field(description="When it was cancelled; null unless it was.")
    def cancelled_at(self) -> datetime | None:
        return self.view.order.cancelled_at


@strawberry.input(description="The final check of a cart, which makes an unpaid order.")
class CheckoutInput(KeyedInput, BasketInput):
    hold_for_seconds: int | None = strawberry.field(
        default=None, description="Hold the units from now on, from 1 second to 31 days; nothing is held unless given."
    )


@strawberry.input(description="Which order to act on.")
class OrderInput(KeyedInput):
    order_id: str = strawberry.field(description="Its id.")


@strawberry.input(description="Reserve an order's units just before its payment is taken.")
class PaymentStartInput(OrderInput):
    expires_in_seconds: int | None = strawberry.field(
        default=None,
        description="How long the payment may take, from 1 second to 31 days; "
        "the setting GATEWAY_PAYMENT_SECONDS unless given.",
    )


@strawberry.input(description="Units of an order that leave.")
class ShippedLineInput:
    sku: str = strawberry.field(description="As it was at the checkout, or as it is now.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")
    location_id: str | None = strawberry.field(
        default=None, description="From where; from wherever the order holds them unless given."
    )


@strawberry.input(description="Ship all that is left of a paid order, or some of it.")
class OrderShippedInput(OrderInput, ShipmentInput):
    lines: list[ShippedLineInput] | None = strawberry.field(
        default=None, description="What leaves, 1 to 250 lines; everything that is left unless given."
    )


@strawberry.type(description="What became of a request about an order.")
class CustomerOrderPayload(KeyedPayload):
    order: CustomerOrder | None = strawberry.field(
        default=None, description="The order after the request, or as it is by now after a repetition."
    )


@strawberry.type
class CustomerOrderMutation:
    @strawberry.mutation(
        description="Check that there is enough, and make an unpaid order. Whoever pays first has the units. "
        "Needs `inventory:write`."
    )
    async def checkout(self, info: Info, input: Annotated[CheckoutInput, Input]) -> CustomerOrderPayload:
        return await _applied(info, _checkout(info, input))

    @strawberry.mutation(description="Hold an order's units just before the payment. Needs `inventory:write`.")
    async def payment_start(self, info: Info, input: Annotated[PaymentStartInput, Input]) -> CustomerOrderPayload:
        orders, call = info.context.services.orders, input.call(info.context.principal.client)
        return await _applied(info, orders.start_payment(call, input.order_id, input.expires_in_seconds))

    @strawberry.mutation(description="The order is paid: its units stay allocated. Needs `inventory:write`.")
    async def payment_succeeded(self, info: Info, input: Annotated[OrderInput, Input]) -> CustomerOrderPayload:
        orders, call = info.context.services.orders, input.call(info.context.principal.client)
        return await _applied(info, orders.payment_succeeded(call, input.order_id))

    @strawberry.mutation(description="The payment failed: the units are available again. Needs `inventory:write`.")
    async def payment_failed(self, info: Info, input: Annotated[OrderInput, Input]) -> CustomerOrderPayload:
        orders, call = info.context.services.orders, input.call(info.context.principal.client)
        return await _applied(info, orders.payment_failed(call, input.order_id))

    @strawberry.mutation(description="A paid order has left, whole or in part. Needs `inventory:write`.")
    async def order_shipped(self, info: Info, input: Annotated[OrderShippedInput, Input]) -> CustomerOrderPayload:
        return await _applied(info, _shipped(info, input))

    @strawberry.mutation(
        description="Cancelled or fraudulent: what has not left is available again. Needs `inventory:write`."
    )
    async def order_cancelled(self, info: Info, input: Annotated[OrderInput, Input]) -> CustomerOrderPayload:
        orders, call = info.context.services.orders, input.call(info.context.principal.client)
        return await _applied(info, orders.cancelled(call, input.order_id))


async def _checkout(info: Info, input: CheckoutInput) -> OrderOutcome:
    return await info.context.services.orders.checkout(
        input.call(info.context.principal.client),
        line_requests(input.lines),
        owner=input.owner,
        hold_for_seconds=input.hold_for_seconds,
        allow_backorder=input.allow_backorder,
        strategy=input.strategy,
        channel_id=input.channel_id,
        destination=input.sent_to(),
    )


async def _shipped(info: Info, input: OrderShippedInput) -> OrderOutcome:
    if input.lines is not None:
        check_count(input.lines, ("lines",), LINES_MAX)
    lines = [ShippedLine(line.sku, line.quantity, line.location_id) for line in input.lines or ()]
    call = input.call(info.context.principal.client)
    return await info.context.services.orders.shipped(call, input.order_id, lines, input.shipment_id)


async def _applied(info: Info, work: Coroutine[Any, Any, OrderOutcome]) -> CustomerOrderPayload:
    return await taken(info, work, _done, lambda errors: CustomerOrderPayload(user_errors=errors))


def _done(outcome: OrderOutcome) -> CustomerOrderPayload:
    return CustomerOrderPayload(order=CustomerOrder(view=outcome.view), replayed=outcome.replayed, user_errors=[])
