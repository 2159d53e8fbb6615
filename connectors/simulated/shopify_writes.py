"""How a simulated Shopify sets quantities: all lines or none, compared first, once for each key within a day.
https://shopify.dev/docs/api/usage/idempotent-requests"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.simulated.shelf import Shelf

LINES_MAX = 250
KEY_SECONDS = 24 * 3600.0
QUANTITY_MAX = 1_000_000_000
REASONS = frozenset(("correction", "cycle_count_available", "received", "restock", "other"))

Line = Mapping[str, Any]


class BadRequest(Exception):
    """A call that is wrong as a whole; `code` as in the answer's extensions."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class QuantityWriter:
    shelf: Shelf
    sku_of: Callable[[str], str | None]
    locations: frozenset[str]
    on_change: Callable[[str, str], None]
    """Told SKU and location of each count that changed."""
    _answers: dict[str, tuple[float, object, dict[str, Any]]] = field(default_factory=dict)

    def set(self, key: str | None, written: Mapping[str, Any], *, pretend: bool = False) -> dict[str, Any]:
        """The mutation's payload. With `pretend` success is claimed and nothing done."""
        lines = written["quantities"]
        if not key or not key.strip():
            raise BadRequest("BAD_REQUEST", "The @idempotent directive is required for this mutation")
        if len(lines) > LINES_MAX:
            raise BadRequest("MAX_INPUT_SIZE_EXCEEDED", f"The input array size of {len(lines)} is greater than 250")
        if any("changeFromQuantity" not in line for line in lines):
            message = "InventoryQuantityInput must include the following argument: changeFromQuantity."
            raise BadRequest("INVALID_FIELD_ARGUMENTS", message)
        known = self._answers.get(key)
        if known is not None and time.monotonic() - known[0] < KEY_SECONDS:
            return known[2] if known[1] == written else _refused([_error("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", None)])
        if pretend:
            return {"inventoryAdjustmentGroup": {"id": "gid://shopify/InventoryAdjustmentGroup/0"}, "userErrors": []}
        errors = list(self._errors(written))
        answer = _refused(errors) if errors else self._apply(lines)
        self._answers[key] = (time.monotonic(), written, answer)
        return answer

    def _errors(self, written: Mapping[str, Any]) -> list[dict[str, Any]]:
        whole = [_error("INVALID_NAME", None)] if written["name"] != "available" else []
        whole += [_error("INVALID_REASON", None)] if written["reason"] not in REASONS else []
        pairs: set[tuple[str, str]] = set()
        for number, line in enumerate(written["quantities"]):
            code, part = self._line_error(line)
            pair = (line["inventoryItemId"], line["locationId"])
            if pair in pairs:
                code, part = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "inventoryItemId"
            pairs.add(pair)
            if code:
                whole.append(_error(code, ["input", "quantities", str(number), part]))
        return whole

    def _line_error(self, line: Line) -> tuple[str | None, str]:
        sku = self.sku_of(line["inventoryItemId"])
        if sku is None:
            return "INVALID_INVENTORY_ITEM", "inventoryItemId"
        if line["locationId"] not in self.locations:
            return "INVALID_LOCATION", "locationId"
        if abs(line["quantity"]) > QUANTITY_MAX:
            return "INVALID_QUANTITY_TOO_HIGH", "quantity"
        expected = line["changeFromQuantity"]
        if expected is not None and expected != self._shown(sku, line["locationId"]):
            return "CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity"
        return None, ""

    def _apply(self, lines: list[Line]) -> dict[str, Any]:
        changed = False
        for line in lines:
            sku = self.sku_of(line["inventoryItemId"]) or ""
            if self._shown(sku, line["locationId"]) != line["quantity"]:
                self.shelf.put(sku, line["locationId"], line["quantity"])
                self.on_change(sku, line["locationId"])
                changed = True
        group = {"id": f"gid://shopify/InventoryAdjustmentGroup/{len(self._answers) + 1}"} if changed else None
        return {"inventoryAdjustmentGroup": group, "userErrors": []}

    def _shown(self, sku: str, location_id: str) -> int:
        return self.shelf.quantity(sku, location_id) if self.shelf.has(sku, location_id) else 0


def _refused(errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inventoryAdjustmentGroup": None, "userErrors": errors}


def _error(code: str, path: list[str] | None) -> dict[str, Any]:
    return {"code": code, "field": path, "message": code.replace("_", " ").capitalize()}
