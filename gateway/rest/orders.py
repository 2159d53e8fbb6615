"""The endpoints of the order flow: carts, checkout, payment, shipment."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from gateway.inventory.access import Scope
from gateway.inventory.errors import Code
from gateway.inventory.order_steps import ShippedLine
from gateway.operations.carts import WARNING, CartOperations
from gateway.operations.customer_orders import OrderOperations, OrderOutcome
from gateway.rest.answers import CartAnswer, OrderAnswer, cart_lines
from gateway.rest.bodies import Body, CallBody, CartCheckBody, CheckoutBody, PaymentStartBody, ShipBody
from gateway.rest.endpoint import Answered, Asked, Endpoint, asking, changing, reading
from gateway.rest.problems import Refused


class Carts:
    """Handlers about carts."""

    def __init__(self, carts: CartOperations) -> None:
        self._carts = carts

    async def check(self, asked: Asked[CartCheckBody]) -> Answered:
        body, principal = asked.body, asked.principal
        exact = principal.may(Scope.INVENTORY_READ)
        cart = await self._carts.check(
            [line.request() for line in body.lines],
            owner=body.owner,
            allow_backorder=body.allow_backorder,
            strategy=body.strategy,
            channel_id=body.channel_id,
            destination=body.sent_to(),
            shopper=None if exact else principal.client,
        )
        lines = cart_lines(cart) if exact else None
        if not cart.ok:
            raise Refused(HTTPStatus.BAD_REQUEST, Code.INSUFFICIENT_STOCK, WARNING, lines=lines)
        return Answered(CartAnswer(ok=True, lines=lines))


class Orders:
    """Handlers about orders."""

    def __init__(self, orders: OrderOperations) -> None:
        self._orders = orders

    async def checkout(self, asked: Asked[CheckoutBody]) -> Answered:
        body = asked.body
        outcome = await self._orders.checkout(
            asked.call,
            [line.request() for line in body.lines],
            owner=body.owner,
            hold_for_seconds=body.hold_for_seconds,
            allow_backorder=body.allow_backorder,
            strategy=body.strategy,
            channel_id=body.channel_id,
            destination=body.sent_to(),
        )
        return _answered(outcome)

    async def get(self, asked: Asked[Body]) -> Answered:
        return Answered(OrderAnswer.of(await self._orders.get(asked.path["order_id"])))

    async def start_payment(self, asked: Asked[PaymentStartBody]) -> Answered:
        seconds = asked.body.expires_in_seconds
        return _answered(await self._orders.start_payment(asked.call, asked.path["order_id"], seconds))

    async def payment_succeeded(self, asked: Asked[CallBody]) -> Answered:
        return _answered(await self._orders.payment_succeeded(asked.call, asked.path["order_id"]))

    async def payment_failed(self, asked: Asked[CallBody]) -> Answered:
        return _answered(await self._orders.payment_failed(asked.call, asked.path["order_id"]))

    async def ship(self, asked: Asked[ShipBody]) -> Answered:
        lines = [ShippedLine(line.sku, line.quantity, line.location_id) for line in asked.body.lines or ()]
        return _answered(await self._orders.shipped(asked.call, asked.path["order_id"], lines, asked.body.shipment_id))

    async def cancel(self, asked: Asked[CallBody]) -> Answered:
        return _answered(await self._orders.cancelled(asked.call, asked.path["order_id"]))


def order_endpoints(carts: CartOperations, orders: OrderOperations) -> Sequence[Endpoint[Any]]:
    order, one, answer = Orders(orders), "/v1/orders/{order_id}", OrderAnswer
    cart_check = "Whether there is enough for a cart; 400 with a warning where there is not. Nothing is held."
    checkout = "The final check of a cart, which makes an unpaid order. Whoever pays first has the units."
    start = "Reserve the units just before the payment is taken."
    ship = "A paid order has left, whole or in part."
    cancel = "What has not left is available again."
    check, too_often = Carts(carts).check, HTTPStatus.TOO_MANY_REQUESTS
    return [
        asking("/v1/carts/check", "checkCart", cart_check, CartCheckBody, CartAnswer, check, too_often),
        changing("/v1/orders", "checkout", checkout, CheckoutBody, answer, order.checkout, HTTPStatus.CREATED),
        reading(one, "getOrder", "One order, as it stands now.", answer, order.get),
        changing(f"{one}/payment/start", "startPayment", start, PaymentStartBody, answer, order.start_payment),
        changing(
            f"{one}/payment/succeeded", "paymentSucceeded", "It is paid.", CallBody, answer, order.payment_succeeded
        ),
        changing(f"{one}/payment/failed", "paymentFailed", "It was not paid.", CallBody, answer, order.payment_failed),
        changing(f"{one}/ship", "shipOrder", ship, ShipBody, answer, order.ship),
        changing(f"{one}/cancel", "cancelOrder", cancel, CallBody, answer, order.cancel),
    ]


def _answered(outcome: OrderOutcome) -> Answered:
    return Answered(OrderAnswer.of(outcome.view), outcome.replayed)
