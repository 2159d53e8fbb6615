"""Short constructors for what tests need most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from gateway.inventory.ledger import Cause
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock import Item, ItemStatus, Level
from gateway.inventory.stock_changes import Adjust, Adjustment, Count, Move, Place, SetQuantities, Transfer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CAUSE = Cause(actor="tests")
CLIENT = "tests"


def item(sku: str, levels: Mapping[str, int | Level], **changes: object) -> Item:
    """An item whose levels are given in available units, or whole."""
    fields: dict[str, object] = {
        "id": f"id-{sku}",
        "sku": sku,
        "name": None,
        "version": 0,
        "revision": 0,
        "seq": 0,
        "status": ItemStatus.ACTIVE,
        "backorder_limit": 0,
        "levels": {at: Level(units) if isinstance(units, int) else units for at, units in levels.items()},
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Item(**{**fields, **changes})  # type: ignore[arg-type]


def adjust(
    key: str,
    sku: str,
    deltas: Mapping[str, int],
    *,
    allow_backorder: bool = False,
    reason: str | None = None,
    reference: str | None = None,
    channel_id: str | None = None,
) -> Adjust:
    lines = tuple(Adjustment(location_id, delta) for location_id, delta in deltas.items())
    return Adjust(CLIENT, key, Cause(CLIENT, reason, reference, channel_id), sku, lines, allow_backorder)


def set_available(key: str, sku: str, location_id: str, quantity: int, compare: int | None = None) -> SetQuantities:
    return SetQuantities(CLIENT, key, CAUSE, sku, (Count(location_id, quantity, compare),))


def move(
    key: str,
    sku: str,
    quantity: int,
    origin: tuple[str, Bucket] | str,
    destination: tuple[str, Bucket] | str,
) -> Move:
    return Move(CLIENT, key, CAUSE, sku, (Transfer(quantity, _place(origin), _place(destination)),))


def _place(place: tuple[str, Bucket] | str) -> Place:
    return Place(place) if isinstance(place, str) else Place(*place)
