"""The bodies of requests. They validate what is sent, and describe it in the API description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic.alias_generators import to_camel

from gateway.inventory.allocation import StrategyName
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.geography import Point, Whereabouts
from gateway.inventory.requested_lines import CANDIDATES_MAX
from gateway.operations.availability import LOCATIONS_MAX, SKUS_MAX
from gateway.operations.sourcing import LineRequest
from gateway.rest.texts import Delta, LineNumber, Seconds, Sku, Slug, Text, Units

TAG_PREFIX = "place:"
"""Marks what is no field where an error says which kind of line it was found in."""


class Body(BaseModel):
    """The base of every body: names in camel case, nothing unknown, nothing converted."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)


class CallBody(Body):
    """What every changing request may say about itself."""

    reason: Text | None = Field(default=None, description="Why, for the ledger.")
    reference: Text | None = Field(
        default=None, description="The document behind it, by which the ledger finds it; as before unless given."
    )


class Line(Body):
    """Units of one SKU, from any active location."""

    sku: Sku
    quantity: Units

    def request(self) -> LineRequest:
        return LineRequest(self.sku, self.quantity)


class LocationLine(Line):
    """Units of one SKU, only from one location."""

    location_id: Slug

    def request(self) -> LineRequest:
        return LineRequest(self.sku, self.quantity, location_id=self.location_id)


class LocationsLine(Line):
    """Units of one SKU, from several locations, best first."""

    location_ids: Annotated[list[Slug], Field(min_length=1, max_length=CANDIDATES_MAX)]

    def request(self) -> LineRequest:
        return LineRequest(self.sku, self.quantity, location_ids=tuple(self.location_ids))


class ChannelLine(Line):
    """Units of one SKU, from the locations that feed a channel."""

    channel_id: Slug

    def request(self) -> LineRequest:
        return LineRequest(self.sku, self.quantity, channel_id=self.channel_id)


def _place(line: Any) -> str:
    named = (name for name in ("locationId", "locationIds", "channelId") if isinstance(line, Mapping) and name in line)
    return TAG_PREFIX + next(named, "any")


AnyLine = Annotated[
    Annotated[Line, Tag(f"{TAG_PREFIX}any")]
    | Annotated[LocationLine, Tag(f"{TAG_PREFIX}locationId")]
    | Annotated[LocationsLine, Tag(f"{TAG_PREFIX}locationIds")]
    | Annotated[ChannelLine, Tag(f"{TAG_PREFIX}channelId")],
    Discriminator(_place),
]
Lines = Annotated[list[AnyLine], Field(min_length=1, max_length=LINES_MAX)]


class ZoneBody(Body):
    """A zone to which things are sent, such as a country."""

    zone: Slug

    def whereabouts(self) -> Whereabouts:
        return Whereabouts(None, self.zone)


class PointBody(Body):
    """A point to which things are sent, in degrees."""

    latitude: float = Field(ge=-90, le=90, description="North is positive.")
    longitude: float = Field(ge=-180, le=180, description="East is positive.")
    zone: Slug | None = Field(default=None, description="Counts for locations whose coordinates are not known.")

    def whereabouts(self) -> Whereabouts:
        return Whereabouts(Point(self.latitude, self.longitude), self.zone)


def _destination(destination: Any) -> str:
    is_point = isinstance(destination, Mapping) and ("latitude" in destination or "longitude" in destination)
    return TAG_PREFIX + ("point" if is_point else "zone")


AnyDestination = Annotated[
    Annotated[ZoneBody, Tag(f"{TAG_PREFIX}zone")] | Annotated[PointBody, Tag(f"{TAG_PREFIX}point")],
    Discriminator(_destination),
]


class Placement(Body):
    """From which locations the lines that may have several are served."""

    strategy: StrategyName = Field(
        default=StrategyName.PRIORITY, description="Which locations to prefer, for lines that may have several."
    )
    destination: AnyDestination | None = Field(
        default=None, description="Where it is sent; for the strategy LEAST_COST."
    )

    def sent_to(self) -> Whereabouts | None:
        return None if self.destination is None else self.destination.whereabouts()


class Basket(Placement):
    """Lines, and how they may be served."""

    lines: Lines
    owner: Text | None = Field(
        default=None, description="Whose it is, such as a cart; its own holds never count against it."
    )
    allow_backorder: bool = Field(default=False, description="Go down to minus the item's backorder limit.")
    channel_id: Slug | None = Field(
        default=None, description="The channel it is sold through; unless given, that of the lines, if it is one."
    )


class CartCheckBody(Basket):
    """A cart to check."""


class AvailabilityBody(Body):
    """Which SKUs to tell about; at all active locations, at some, or as a channel is offered."""

    skus: Annotated[list[Sku], Field(min_length=1, max_length=SKUS_MAX)]
    location_ids: Annotated[list[Slug], Field(min_length=1, max_length=LOCATIONS_MAX)] | None = None
    channel_id: Slug | None = None


class CheckoutBody(Basket, CallBody):
    """The final check of a cart, which makes an unpaid order."""

    hold_for_seconds: Seconds | None = Field(
        default=None, description="Hold the units from now on; nothing is held unless given."
    )


class PaymentStartBody(CallBody):
    """Reserve an order's units just before its payment is taken."""

    expires_in_seconds: Seconds | None = Field(
        default=None, description="How long the payment may take; GATEWAY_PAYMENT_SECONDS unless given."
    )


class ShippedLineBody(Body):
    """Units of an order that leave."""

    sku: Sku
    quantity: Units
    location_id: Slug | None = Field(
        default=None, description="From where; wherever the order holds them unless given."
    )


class ShipmentBody(CallBody):
    """Something that leaves."""

    shipment_id: Text | None = Field(
        default=None, description="The caller's own id of it, by which it is entered once, under whatever key."
    )


class ShipBody(ShipmentBody):
    """What leaves; everything that is left unless `lines` are given."""

    lines: Annotated[list[ShippedLineBody], Field(min_length=1, max_length=LINES_MAX)] | None = None


class ReservationBody(Basket, CallBody):
    """Hold units for an owner; all lines or none, unless partial is allowed."""

    expires_in_seconds: Seconds | None = Field(
        default=None, description="How long it lasts; GATEWAY_RESERVATION_SECONDS unless given."
    )
    allow_partial: bool = Field(default=False, description="Take what there is, if it is anything at all.")


class ExtendBody(CallBody):
    """Let a held reservation last longer, or shorter."""

    expires_in_seconds: Seconds = Field(description="From now.")


class FulfilledLineBody(Body):
    """Units of a reservation that leave."""

    line: LineNumber = Field(description="Number of the reservation's line, from 0.")
    quantity: Units


class FulfilBody(ShipmentBody):
    """What leaves; everything that is left unless `lines` are given."""

    lines: Annotated[list[FulfilledLineBody], Field(min_length=1, max_length=LINES_MAX)] | None = None


class ReassignBody(CallBody):
    """Give what a reservation still holds to another owner, in one movement."""

    new_owner: Text | None = Field(default=None, description="Whose it is from now on.")
    new_reference: Text | None = Field(default=None, description="The document behind the new reservation.")


class AdjustedLocation(Body):
    """Units to add at one location; negative to take away."""

    location_id: Slug
    delta: Delta


class AdjustmentBody(CallBody):
    """Change what is available of one SKU at up to 250 locations, at all of them or at none."""

    sku: Sku
    adjustments: Annotated[list[AdjustedLocation], Field(min_length=1, max_length=LINES_MAX)] = Field(
        description="Lines for the same location are added up."
    )
    channel_id: Slug | None = Field(default=None, description="The channel that caused it.")
    allow_backorder: bool = Field(default=False, description="Go down to minus the item's backorder limit.")
