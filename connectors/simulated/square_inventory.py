"""A simulated Square's counts: changes in the order of their time, once for each idempotency key."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.simulated.shelf import Shelf
from connectors.simulated.square_models import Adjustment, ChangeInventory, PhysicalCount
from connectors.simulated.square_orders import stamp

AGE_MAX = timedelta(hours=24)
CLOCKS_DIFFER = timedelta(seconds=2)

SoldSince = Callable[[str, str, datetime], int]
"""Units of a SKU sold at a location after a moment."""


class InventoryRefused(Exception):
    def __init__(self, code: str, detail: str, line: int | None = None, name: str = "") -> None:
        super().__init__(detail)
        at = "" if line is None else f"changes[{line}]"
        self.error = {"category": "INVALID_REQUEST_ERROR", "code": code, "detail": detail}
        if name:
            self.error["field"] = f"{at}.{name}" if at else name


class SquareInventory:
    def __init__(self, shelf: Shelf, variations: Mapping[str, str], locations: Mapping[str, str]) -> None:
        """`variations` by SKU, `locations` by id."""
        self._shelf = shelf
        self._variations = variations
        self._locations = locations
        self._answers: dict[str, tuple[ChangeInventory, dict[str, Any]]] = {}

    def sku_of(self, catalog_object_id: str) -> str | None:
        return next((sku for sku, known in self._variations.items() if known == catalog_object_id), None)

    def change(self, wanted: ChangeInventory, now: datetime, sold_since: SoldSince, *, pretend: bool) -> dict[str, Any]:
        """All changes or none; raises `InventoryRefused`."""
        if (known := self._answers.get(wanted.idempotency_key)) is not None:
            if known[0] != wanted:
                raise InventoryRefused("IDEMPOTENCY_KEY_REUSED", "The key was used with another body.")
            return known[1]
        details = [_detail(change) for change in wanted.changes]
        for line, change in enumerate(details):
            self._check(change, line, now)
        if pretend:
            return {"errors": [], "counts": [], "changes": []}
        for change in details:
            self._apply(change, sold_since)
        touched = dict.fromkeys((change.catalog_object_id, _place(change)) for change in details)
        answer = {
            "errors": [],
            "counts": [self.count(str(self.sku_of(item)), place, now) for item, place in touched],
            "changes": [change.model_dump(mode="json") for change in wanted.changes],
        }
        self._answers[wanted.idempotency_key] = (wanted, answer)
        return answer

    def count(self, sku: str, location_id: str, now: datetime) -> dict[str, Any]:
        return {
            "catalog_object_id": self._variations[sku],
            "catalog_object_type": "ITEM_VARIATION",
            "state": "IN_STOCK",
            "location_id": location_id,
            "quantity": str(self._shelf.quantity(sku, location_id)),
            "calculated_at": stamp(now),
        }

    def counts(self, now: datetime) -> list[dict[str, Any]]:
        return [
            self.count(sku, location_id, now)
            for location_id in self._locations
            for sku in self._variations
            if self._shelf.has(sku, location_id)
        ]

    def _check(self, change: PhysicalCount | Adjustment, line: int, now: datetime) -> None:
        kind = "physical_count" if isinstance(change, PhysicalCount) else "adjustment"
        if self.sku_of(change.catalog_object_id) is None:
            raise InventoryRefused("NOT_FOUND", "No such catalog object.", line, f"{kind}.catalog_object_id")
        if _place(change) not in self._locations:
            raise InventoryRefused("NOT_FOUND", "No such location.", line, f"{kind}.location_id")
        if not now - AGE_MAX <= change.occurred_at <= now + CLOCKS_DIFFER:
            raise InventoryRefused("INVALID_TIME", "Not within the last 24 hours.", line, f"{kind}.occurred_at")

    def _apply(self, change: PhysicalCount | Adjustment, sold_since: SoldSince) -> None:
        sku, place = str(self.sku_of(change.catalog_object_id)), _place(change)
        units = int(change.quantity)
        if isinstance(change, PhysicalCount):
            self._shelf.put(sku, place, units - sold_since(sku, place, change.occurred_at))
            return
        there = self._shelf.quantity(sku, place) if self._shelf.has(sku, place) else 0
        self._shelf.put(sku, place, there + (units if change.to_state == "IN_STOCK" else -units))


def _detail(change: Any) -> PhysicalCount | Adjustment:
    detail: PhysicalCount | Adjustment = change.physical_count if change.type == "PHYSICAL_COUNT" else change.adjustment
    return detail


def _place(change: PhysicalCount | Adjustment) -> str:
    return change.location_id if isinstance(change, PhysicalCount) else change.to_location_id
