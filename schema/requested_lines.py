"""The lines of carts, orders and reservations: how much of what, and from where."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from gateway.inventory.allocation import StrategyName
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.geography import Whereabouts, checked_whereabouts
from gateway.inventory.identifiers import check_count
from gateway.operations.calls import Call
from gateway.operations.sourcing import LineRequest
from schema.descriptions import describe
from schema.scalars import Quantity

Input = strawberry.argument(description="What to do.")

strawberry.enum(
    StrategyName,
    name="AllocationStrategy",
    description="How the locations of a line are chosen, where it may be served from several.",
)
describe(
    StrategyName,
    {
        "PRIORITY": "In the order given: that of the line's `locationIds`, of the channel, or of the locations.",
        "MOST_STOCK": "The location with the most units first.",
        "FEWEST_SPLITS": "The first location that has the whole line; else the fullest ones.",
        "LEAST_COST": "All lines together from the locations that cost the least: by their distance from the "
        "destination and the number of parcels, and below safety stock only where nothing else will do.",
    },
)


@strawberry.input(
    description="Units of one SKU. Name one location, or several, or a channel; none of these is any active location."
)
class RequestedLineInput:
    sku: str = strawberry.field(description="Which item.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")
    location_id: str | None = strawberry.field(default=None, description="Only from this location.")
    location_ids: list[str] | None = strawberry.field(
        default=None, description="From these locations, best first; 1 to 100."
    )
    channel_id: str | None = strawberry.field(default=None, description="From the locations that feed this channel.")

    def line(self) -> LineRequest:
        location_ids = None if self.location_ids is None else tuple(self.location_ids)
        return LineRequest(self.sku, self.quantity, self.location_id, location_ids, self.channel_id)


def line_requests(lines: Sequence[RequestedLineInput]) -> list[LineRequest]:
    """Raises InvalidInput for an empty list or one that is too long."""
    check_count(lines, ("lines",), LINES_MAX)
    return [line.line() for line in lines]


@strawberry.input(description="Where things are sent, as far as it is known.")
class DestinationInput:
    latitude: float | None = strawberry.field(default=None, description="In degrees, north is positive.")
    longitude: float | None = strawberry.field(default=None, description="In degrees, east is positive.")
    zone: str | None = strawberry.field(
        default=None, description="A zone of yours, such as a country; counts where coordinates are not known."
    )

    def whereabouts(self) -> Whereabouts:
        """Raises InvalidInput."""
        return checked_whereabouts(self.latitude, self.longitude, self.zone, ("destination",))


@strawberry.input
class PlacementInput:
    """From which locations the lines that may have several are served."""

    strategy: StrategyName = strawberry.field(
        default=StrategyName.PRIORITY, description="Which locations to prefer, for lines that may have several."
    )
    destination: DestinationInput | None = strawberry.field(
        default=None, description="Where it is sent; for the strategy LEAST_COST."
    )

    def sent_to(self) -> Whereabouts | None:
        """Raises InvalidInput."""
        return None if self.destination is None else self.destination.whereabouts()


@strawberry.input
class BasketInput(PlacementInput):
    """Lines, and how they may be served."""

    lines: list[RequestedLineInput] = strawberry.field(description="1 to 250 lines over any SKUs.")
    owner: str | None = strawberry.field(
        default=None, description="Whose it is, such as a cart; its own holds never count against it."
    )
    allow_backorder: bool = strawberry.field(
        default=False, description="Let available go down to minus the item's backorder limit."
    )
    channel_id: str | None = strawberry.field(
        default=None, description="The channel it is sold through; unless given, that of the lines, if it is one."
    )


@strawberry.input
class ShipmentInput:
    """Something that leaves."""

    shipment_id: str | None = strawberry.field(
        default=None,
        description="Your own id of it, by which it is entered once, under whatever key; up to 500 characters.",
    )


@strawberry.input(description="A request that is applied once per key, however often it is sent.")
class KeyedInput:
    idempotency_key: str = strawberry.field(description="1 to 255 characters; one per intended change, for ever.")
    reason: str | None = strawberry.field(default=None, description="Why, for the ledger.")
    reference: str | None = strawberry.field(
        default=None, description="The document behind it, by which the ledger finds it; as before unless given."
    )

    def call(self, client: str) -> Call:
        return Call(client, self.idempotency_key, self.reason, self.reference)
