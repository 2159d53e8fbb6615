"""Writes and reads counts.

https://developer.squareup.com/docs/inventory-api/how-it-works
Square puts all changes of a count in the order of their `occurred_at`: sales stamped after our count stay taken off,
and an adjustment leaves every sale alone. A request is applied once for its idempotency key, and as a whole.
"""

import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from connectors.catalog import CatalogEntry, ChannelStock, Page
from connectors.exchange import Flow
from connectors.messages import StockEcho
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.square.calls import call, error_of, errors_in
from connectors.platforms.square.config import SquareConfig
from connectors.quantities import units_there
from connectors.updates import Confirmed, Deferred, StockUpdate, UpdateOutcome

KEYS = uuid.UUID("9f3f9b0e-5b0c-5c55-8c0e-3f7f0c9d2b61")
SELLABLE = "IN_STOCK"
LINE_CODES = frozenset(("NOT_FOUND", "INVALID_VALUE", "INVALID_TIME", "VALUE_TOO_LOW"))
LINE = re.compile(r"changes\[(\d+)\]")
CATALOG_PAGE = 500
STOCK_PAGE = 1000


def write(config: SquareConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    return write_in_parts(updates, partial(_send, config))


def _send(config: SquareConfig, updates: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
    changes = [_change(update) for update in updates if update.delta != 0]
    if not changes:
        return [Confirmed(update.quantity) for update in updates]
    # The key follows from the lines' keys: the same batch has the same one, also after a crash.
    key = str(uuid.uuid5(KEYS, "\n".join(update.idempotency_key for update in updates)))
    # By default a count is dropped when it equals the last count, whatever was sold since.
    payload = {"idempotency_key": key, "ignore_unchanged_counts": False, "changes": changes}
    response = yield call(config, "/v2/inventory/changes/batch-create", payload, expected=(400, 404, 409))
    answer = response.json()
    if errors := errors_in(response):
        code, detail = errors[0].get("code", ""), errors[0].get("detail") or "no detail"
        if code == "IDEMPOTENCY_KEY_REUSED":
            # The key stands for these very writes: they have arrived before, stamped with another time.
            return [Confirmed(update.quantity) for update in updates]
        line = LINE.search(errors[0].get("field") or "")
        if code in LINE_CODES or line is not None:
            sent = [position for position, update in enumerate(updates) if update.delta != 0]
            at = sent[int(line[1])] if line is not None and int(line[1]) < len(sent) else None
            return Refusal(code, f"Square: {detail}", at)
    if (error := error_of(response, "Square")) is not None:
        raise error
    made = {change[_kind(change)].get("reference_id") for change in answer["changes"]}
    return [_outcome(update, made) for update in updates]


def _change(update: StockUpdate) -> dict[str, Any]:
    """An adjustment by what happened elsewhere; a count where nobody knows what Square shows."""
    of_both = {
        "reference_id": update.idempotency_key,
        "catalog_object_id": update.platform_ids["catalog_object_id"],
        "occurred_at": update.as_of.astimezone(UTC).isoformat(timespec="milliseconds"),
    }
    if update.delta is None:
        count = {**of_both, "location_id": update.location_id, "state": SELLABLE, "quantity": str(update.quantity)}
        return {"type": "PHYSICAL_COUNT", "physical_count": count}
    states = ("NONE", SELLABLE) if update.delta > 0 else (SELLABLE, "WASTE")
    adjustment = {
        **of_both,
        "from_state": states[0],
        "to_state": states[1],
        "from_location_id": update.location_id,
        "to_location_id": update.location_id,
        "quantity": str(abs(update.delta)),
    }
    return {"type": "ADJUSTMENT", "adjustment": adjustment}


def _kind(change: dict[str, Any]) -> str:
    return str(change["type"]).lower()


def _outcome(update: StockUpdate, made: set[str | None]) -> UpdateOutcome:
    if update.delta == 0 or update.idempotency_key in made:
        return Confirmed(update.quantity)
    return Deferred("Square's answer does not name the change among those it made")


def stock_page(config: SquareConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
    """A listing that is in no page was never counted there; that is not zero."""
    query: dict[str, Any] = {"states": [SELLABLE], "limit": STOCK_PAGE}
    if config.location_ids:
        query["location_ids"] = list(config.location_ids)
    if cursor:
        query["cursor"] = cursor
    answer = (yield call(config, "/v2/inventory/counts/batch-retrieve", query)).json()
    following = answer.get("cursor") or None
    counts = tuple(_stock_of(count) for count in answer.get("counts") or ())
    return Page(entries=counts, cursor=following, more=following is not None)


def _stock_of(count: dict[str, Any]) -> ChannelStock:
    return ChannelStock(
        platform_ids={"catalog_object_id": count["catalog_object_id"]},
        sku=None,
        location_id=count["location_id"],
        quantity=units_there(count["quantity"]),
        updated_at=datetime.fromisoformat(count["calculated_at"]),
    )


def echo_of(count: dict[str, Any]) -> StockEcho:
    return StockEcho(
        platform_ids={"catalog_object_id": count["catalog_object_id"]},
        sku=None,
        location_id=count["location_id"],
        quantity=units_there(count["quantity"]),
        occurred_at=datetime.fromisoformat(count["calculated_at"]),
    )


def catalog_page(config: SquareConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
    query: dict[str, Any] = {"object_types": ["ITEM_VARIATION"], "include_related_objects": True, "limit": CATALOG_PAGE}
    if cursor:
        query["cursor"] = cursor
    answer = (yield call(config, "/v2/catalog/search", query)).json()
    names = {
        related["id"]: related["item_data"].get("name")
        for related in answer.get("related_objects") or ()
        if related["type"] == "ITEM"
    }
    following = answer.get("cursor") or None
    entries = tuple(
        _entry_of(found["id"], found["item_variation_data"], names)
        for found in answer.get("objects") or ()
        if not found.get("is_deleted")
    )
    return Page(entries=entries, cursor=following, more=following is not None)


def is_tracked(variation: dict[str, Any], location_id: str) -> bool:
    """At one location: https://developer.squareup.com/reference/square/objects/ItemVariationLocationOverrides"""
    own = [place for place in variation.get("location_overrides") or () if place.get("location_id") == location_id]
    stated = [some["track_inventory"] for some in (*own, variation) if some.get("track_inventory") is not None]
    return bool(stated and stated[0])


def _entry_of(variation_id: str, variation: dict[str, Any], names: dict[str, str | None]) -> CatalogEntry:
    places = variation.get("location_overrides") or ()
    both = (names.get(variation.get("item_id", "")), variation.get("name"))
    return CatalogEntry(
        platform_ids={"catalog_object_id": variation_id},
        sku=variation.get("sku") or None,
        name=" / ".join(name for name in both if name),
        tracked=bool(variation.get("track_inventory")) or any(place.get("track_inventory") for place in places),
    )
