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
from gateway.rest.endpoint import Answered, Asked, Endpoint
from gateway.rest.problems import Refused

_CHANGED = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)


class Carts:
    """Handlers about carts."""

    def __init__(self, carts: CartOperations) -> None:
        self._carts = carts

    async def check(self, asked: Asked[CartCheckBody]) -> Answered:
        body = asked.body
        cart = await self._carts.check(
            [line.request() for line in body.lines],
            owner=body.owner,
            allow_backorder=body.allow_backorder,
            strategy=body.strategy,
        )
        lines = cart_lines(cart) if asked.principal.may(Scope.INVENTORY_READ) else None
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
        return _answered(await self._orders.shipped(asked.call, asked.path["order_id"], lines))

    async def cancel(self, asked: Asked[CallBody]) -> Answered:
        return _answered(await self._orders.cancelled(asked.call, asked.path["order_id"]))


def order_endpoints(carts: CartOperations, orders: OrderOperations) -> Sequence[Endpoint[Any]]:
    check, order, write = Carts(carts).check, Orders(orders), Scope.INVENTORY_WRITE
    one = "/v1/orders/{order_id}"
    return [
        Endpoint(
            method="POST",
            path="/v1/carts/check",
            name="checkCart",
            summary="Whether there is enough for a cart; 400 with a warning where there is not. Nothing is held.",
            scope=Scope.AVAILABILITY_READ,
            body=CartCheckBody,
            answer=CartAnswer,
            handle=check,
            keyed=False,
            refusals=(HTTPStatus.NOT_FOUND,),
        ),
        Endpoint(
            method="POST",
            path="/v1/orders",
            name="checkout",
            summary="The final check of a cart, which makes an unpaid order. Whoever pays first has the units.",
            scope=write,
            body=CheckoutBody,
            answer=OrderAnswer,
            handle=order.checkout,
            status=HTTPStatus.CREATED,
            refusals=_CHANGED,
        ),
        Endpoint(
            method="GET",
            path=one,
            name="getOrder",
            summary="One order, as it stands now.",
            scope=Scope.INVENTORY_READ,
            body=Body,
            answer=OrderAnswer,
            handle=order.get,
            keyed=False,
            refusals=(HTTPStatus.NOT_FOUND,),
        ),
        *(
            Endpoint(
                method="POST",
                path=f"{one}/{step}",
                name=name,
                summary=summary,
                scope=write,
                body=body,
                answer=OrderAnswer,
                handle=handle,
                refusals=_CHANGED,
            )
            for step, name, summary, body, handle in _steps(order)
        ),
    ]


def _steps(order: Orders) -> Sequence[tuple[str, str, str, type[Body], Any]]:
    start, succeeded, failed = "Reserve the units just before the payment is taken.", "It is paid.", "It was not paid."
    return [
        ("payment/start", "startPayment", start, PaymentStartBody, order.start_payment),
        ("payment/succeeded", "paymentSucceeded", succeeded, CallBody, order.payment_succeeded),
        ("payment/failed", "paymentFailed", failed, CallBody, order.payment_failed),
        ("ship", "shipOrder", "A paid order has left, whole or in part.", ShipBody, order.ship),
        ("cancel", "cancelOrder", "What has not left is available again.", CallBody, order.cancel),
    ]


def _answered(outcome: OrderOutcome) -> Answered:
    return Answered(OrderAnswer.of(outcome.view), outcome.replayed)
