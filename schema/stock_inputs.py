"""What clients send to change stock, and the commands that it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET
from strawberry.types import get_object_definition
from strawberry.types.arguments import InputContext

from gateway.inventory.commands import Command
from gateway.inventory.errors import Code, InvalidInput
from gateway.inventory.ledger import Cause
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock_changes import Adjust, Adjustment, Count, Move, Place, SetQuantities, Transfer
from schema.scalars import Quantity


@strawberry.input
class StockChangeInput:
    """What every change of one item's stock says besides the change itself."""

    sku: str = strawberry.field(description="Which item.")
    idempotency_key: str = strawberry.field(
        description="1 to 255 characters, one per intended change. It never runs out: sending the same request again, "
        "however late, gives the first outcome. Another client may use the same key for itself."
    )
    reason: str | None = strawberry.field(default=None, description="Why, in your words; up to 500 characters.")
    reference: str | None = strawberry.field(
        default=None, description="The document behind it, such as an order; up to 500 characters."
    )
    channel_id: str | None = strawberry.field(default=None, description="The channel that caused it.")

    def cause(self, client: str) -> Cause:
        return Cause(client, self.reason, self.reference, self.channel_id)


@strawberry.input(description="One line of an adjustment.")
class InventoryAdjustmentLineInput:
    location_id: str = strawberry.field(description="Where.")
    delta: Quantity = strawberry.field(description="Units to add; negative to take away. Not 0.")


@strawberry.input(description="Change what is available of one SKU at up to 250 locations, at all of them or at none.")
class InventoryAdjustmentInput(StockChangeInput):
    adjustments: list[InventoryAdjustmentLineInput] = strawberry.field(
        description="1 to 250 lines; those for the same location are added up."
    )
    allow_backorder: bool = strawberry.field(
        default=False, description="Let available go down to minus the item's backorder limit."
    )

    def command(self, client: str) -> Command:
        lines = tuple(Adjustment(line.location_id, line.delta) for line in self.adjustments)
        return Adjust(client, self.idempotency_key, self.cause(client), self.sku, lines, self.allow_backorder)


def _adjustment(
    cls: type[InventoryAdjustmentInput], value: Mapping[str, Any], context: InputContext
) -> InventoryAdjustmentInput:
    """What Strawberry does with every input by itself, without resolving each field's name and type every time.

    It was a quarter of what an adjustment cost the process.
    """
    return cls(
        sku=value["sku"],
        idempotency_key=value["idempotencyKey"],
        adjustments=[
            InventoryAdjustmentLineInput(location_id=line["locationId"], delta=line["delta"])
            for line in value["adjustments"]
        ],
        reason=value["reason"],
        reference=value["reference"],
        channel_id=value["channelId"],
        allow_backorder=value["allowBackorder"],
    )


get_object_definition(InventoryAdjustmentInput, strict=True).from_input = _adjustment


@strawberry.input(description="One line of a set.")
class InventorySetLineInput:
    location_id: str = strawberry.field(description="Where.")
    quantity: Quantity = strawberry.field(description="Units, from 0.")
    compare_quantity: Quantity | None = strawberry.field(
        default=UNSET,
        description="The quantity you believe is there. Must be given; null explicitly says that you do not care.",
    )
    bucket: Bucket = strawberry.field(default=Bucket.AVAILABLE, description="Any but ALLOCATED.")


@strawberry.input(description="Set buckets of one SKU to absolute quantities, all of them or none.")
class InventorySetInput(StockChangeInput):
    quantities: list[InventorySetLineInput] = strawberry.field(
        description="1 to 250 lines; each bucket of a location at most once."
    )
    as_of: datetime | None = strawberry.field(
        default=None,
        description="When they were counted, with its time zone: quantities and compare quantities are those of that "
        "time, and what was posted since then stays in effect. Not longer ago than GATEWAY_COUNT_AGE_DAYS_MAX.",
    )

    def command(self, client: str) -> Command:
        return SetQuantities(client, self.idempotency_key, self.cause(client), self.sku, self.counts())

    def counts(self) -> tuple[Count, ...]:
        """Raises InvalidInput where a compare quantity is not given."""
        for index, line in enumerate(self.quantities):
            if line.compare_quantity is UNSET:
                message = "Give the quantity that you believe is there, or null to overwrite whatever is there."
                path = ("quantities", str(index), "compareQuantity")
                raise InvalidInput(Code.COMPARE_QUANTITY_REQUIRED, message, path)
        return tuple(
            Count(line.location_id, line.quantity, line.compare_quantity, line.bucket) for line in self.quantities
        )


@strawberry.input(description="One bucket at one location.")
class PlaceInput:
    location_id: str = strawberry.field(description="Where.")
    bucket: Bucket = strawberry.field(default=Bucket.AVAILABLE, description="Any but ALLOCATED.")

    def place(self) -> Place:
        return Place(self.location_id, self.bucket)


@strawberry.input(description="One line of a move.")
class InventoryMoveLineInput:
    quantity: Quantity = strawberry.field(description="Units, from 1.")
    origin: PlaceInput = strawberry.field(name="from", description="Where they are taken.")
    destination: PlaceInput = strawberry.field(name="to", description="Where they are put.")


@strawberry.input(description="Move units of one SKU between buckets and locations, all lines or none.")
class InventoryMoveInput(StockChangeInput):
    moves: list[InventoryMoveLineInput] = strawberry.field(description="1 to 250 lines.")

    def command(self, client: str) -> Command:
        moves = tuple(Transfer(m.quantity, m.origin.place(), m.destination.place()) for m in self.moves)
        return Move(client, self.idempotency_key, self.cause(client), self.sku, moves)
