"""The bodies of answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from gateway.inventory.availability import AvailabilityBand
from gateway.inventory.customer_orders import OrderState
from gateway.inventory.decision import Outcome
from gateway.inventory.errors import Code
from gateway.inventory.reservations import Reservation, ReservationState
from gateway.operations.availability import SkuAvailability
from gateway.operations.carts import CheckedCart
from gateway.operations.customer_orders import OrderView


class Answer(BaseModel):
    """The base of every answer: names in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True)


class CartLineAnswer(Answer):
    sku: str
    quantity: int = Field(description="Units asked for.")
    obtainable: int = Field(description="Units that could be had, after the lines before it.")
    code: Code | None = Field(description="Why not all of them; null where it is all.")


class CartAnswer(Answer):
    """There is enough for the cart at the moment. Nothing is held."""

    ok: bool
    lines: list[CartLineAnswer] | None = Field(description="Null unless the key has `inventory:read`.")


class ReservationLineAnswer(Answer):
    line: int = Field(description="The number of this line, from 0.")
    request_line: int = Field(description="The number of the request's line that it serves, from 0.")
    sku: str
    location_id: str
    quantity: int = Field(description="Units reserved at first.")
    fulfilled: int = Field(description="Of these, units that have left.")
    released: int = Field(description="Of these, units that went back or to another reservation.")
    open: int = Field(description="Of these, units still held.")
    why: str = Field(description="Why this location was chosen.")


class ReservationAnswer(Answer):
    """Units promised to an owner."""

    id: str
    state: Annotated[str, Field(json_schema_extra={"enum": [state.name for state in ReservationState]})]
    owner: str | None
    reference: str | None
    channel_id: str | None = Field(description="The channel it is sold through.")
    expires_at: datetime | None
    committed_at: datetime | None
    created_at: datetime
    reassigned_to: str | None
    shipments: list[str] = Field(description="The shipments that were entered with an id.")
    lines: list[ReservationLineAnswer]

    @classmethod
    def of(cls, reservation: Reservation) -> ReservationAnswer:
        return cls(
            id=reservation.id,
            state=reservation.state.name,
            owner=reservation.owner,
            reference=reservation.reference,
            channel_id=reservation.channel_id,
            expires_at=reservation.expires_at,
            committed_at=reservation.committed_at,
            created_at=reservation.created_at,
            reassigned_to=reservation.reassigned_to,
            shipments=list(reservation.shipments),
            lines=[
                ReservationLineAnswer(
                    line=number,
                    request_line=line.request_line,
                    sku=line.sku,
                    location_id=line.location_id,
                    quantity=line.quantity,
                    fulfilled=line.fulfilled,
                    released=line.released,
                    open=line.open,
                    why=line.why,
                )
                for number, line in enumerate(reservation.lines)
            ],
        )


class OrderLineAnswer(Answer):
    sku: str = Field(description="The SKU at the checkout.")
    quantity: int
    location_ids: list[str] = Field(description="The locations it may be served from; empty is any.")
    channel_id: str | None


class OrderAnswer(Answer):
    """An order and what holds its units."""

    id: str
    state: Annotated[str, Field(json_schema_extra={"enum": [state.name for state in OrderState]})]
    owner: str | None
    reference: str | None
    channel_id: str | None = Field(description="The channel it is sold through.")
    lines: list[OrderLineAnswer]
    reservation: ReservationAnswer | None = Field(description="Null while nothing was held for it.")
    created_at: datetime
    cancelled_at: datetime | None

    @classmethod
    def of(cls, view: OrderView) -> OrderAnswer:
        order = view.order
        return cls(
            id=order.id,
            state=view.state.name,
            owner=order.owner,
            reference=order.reference,
            channel_id=order.channel_id,
            lines=[
                OrderLineAnswer(
                    sku=line.sku,
                    quantity=line.quantity,
                    location_ids=list(line.location_ids),
                    channel_id=line.channel_id,
                )
                for line in order.lines
            ],
            reservation=None if view.reservation is None else ReservationAnswer.of(view.reservation),
            created_at=order.created_at,
            cancelled_at=order.cancelled_at,
        )


class SkuAnswer(Answer):
    sku: str
    known: bool = Field(description="Whether there is an active item with this SKU.")
    band: AvailabilityBand = Field(description="Roughly how much can be sold.")
    quantity: int | None = Field(description="Units, from 0; null unless the key has `inventory:read`.")


class AvailabilityAnswer(Answer):
    """What can be sold, SKU by SKU, in the order asked for."""

    availability: list[SkuAnswer]

    @classmethod
    def of(cls, found: Sequence[SkuAvailability], exact: bool) -> AvailabilityAnswer:
        skus = [
            SkuAnswer(sku=each.sku, known=each.known, band=each.band, quantity=each.quantity if exact else None)
            for each in found
        ]
        return cls(availability=skus)


class AdjustmentAnswer(Answer):
    """The item as the adjustment left it."""

    sku: str
    total_available_quantity: int
    version: int

    @classmethod
    def of(cls, outcome: Outcome) -> AdjustmentAnswer:
        mark = outcome.entry.items[0]
        return cls(sku=mark.sku, total_available_quantity=mark.total_available, version=mark.version)


def cart_lines(cart: CheckedCart) -> list[CartLineAnswer]:
    return [
        CartLineAnswer(sku=line.sku, quantity=line.quantity, obtainable=line.obtainable, code=line.code)
        for line in cart.lines
    ]
