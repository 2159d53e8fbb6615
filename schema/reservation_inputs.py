"""What is asked of reservations."""

from __future__ import annotations

import strawberry

from gateway.inventory.commands import LINES_MAX
from gateway.inventory.identifiers import check_count
from gateway.inventory.reservation_steps import FulfilledLine
from gateway.inventory.reservations import ReservationState
from schema.descriptions import describe
from schema.requested_lines import BasketInput, KeyedInput, ShipmentInput
from schema.scalars import Quantity

strawberry.enum(
    ReservationState, name="ReservationState", description="A reservation is resolved once, and stays as it is then."
)
describe(
    ReservationState,
    {
        "HELD": "Promised until it expires.",
        "COMMITTED": "Paid: promised without expiry.",
        "FULFILLED": "Every unit has left.",
        "RELEASED": "Given back, or given to another reservation.",
        "EXPIRED": "Its time has passed, and its units are available again.",
    },
)


@strawberry.input(description="Hold units for an owner; all lines or none, unless partial is allowed.")
class ReservationCreateInput(KeyedInput, BasketInput):
    expires_in_seconds: int | None = strawberry.field(
        default=None, description="From 1 second to 31 days; the setting GATEWAY_RESERVATION_SECONDS unless given."
    )
    allow_partial: bool = strawberry.field(default=False, description="Take what there is, if it is anything at all.")


@strawberry.input(description="Which reservation to act on.")
class ReservationInput(KeyedInput):
    reservation_id: str = strawberry.field(description="Its id.")


@strawberry.input(description="Let a held reservation last longer, or shorter.")
class ReservationExtendInput(ReservationInput):
    expires_in_seconds: int = strawberry.field(description="From now: 1 second to 31 days.")


@strawberry.input(description="Units of a reservation that leave.")
class ReservationFulfilLineInput:
    line: int = strawberry.field(description="The number of the reservation's line, from 0.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")


@strawberry.input(description="Ship all that is left of a committed reservation, or some of it.")
class ReservationFulfilInput(ReservationInput, ShipmentInput):
    lines: list[ReservationFulfilLineInput] | None = strawberry.field(
        default=None, description="What leaves; everything that is left unless given."
    )

    def fulfilled(self) -> list[FulfilledLine]:
        """Raises InvalidInput for an empty list or one that is too long."""
        if self.lines is not None:
            check_count(self.lines, ("lines",), LINES_MAX)
        return [FulfilledLine(line.line, line.quantity) for line in self.lines or ()]


@strawberry.input(description="Give what a reservation still holds to another owner, in one movement.")
class ReservationReassignInput(ReservationInput):
    new_owner: str | None = strawberry.field(default=None, description="Whose it is from now on.")
    new_reference: str | None = strawberry.field(default=None, description="The document behind the new reservation.")


@strawberry.input(description="Which reservations to list; what is left out matches everything.")
class ReservationFilterInput:
    owner: str | None = strawberry.field(default=None, description="Of this owner.")
    reference: str | None = strawberry.field(default=None, description="With this document behind them.")
    sku: str | None = strawberry.field(default=None, description="With a line of this item.")
    states: list[ReservationState] | None = strawberry.field(default=None, description="In one of these states.")
