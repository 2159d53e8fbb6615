"""Sets quantities on condition that they are still what we believe.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/inventorySetQuantities
One bad line fails the whole mutation. The answer names the lines at fault; the others are sent again without them.
Where no line is named, halves are sent until the line is found.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from connectors.exchange import Flow
from connectors.platforms.shopify import documents
from connectors.platforms.shopify.calls import ask
from connectors.platforms.shopify.config import ShopifyConfig
from connectors.updates import Confirmed, Deferred, Rejected, Stale, StockUpdate, UpdateOutcome

KEYS = uuid.UUID("6c0f3f52-2f0b-5d0e-9b43-8f1d9c3f4a10")
CALLS_MAX = 40
PASSING = frozenset(("IDEMPOTENCY_CONCURRENT_REQUEST", "SERVICE_UNAVAILABLE", "ADJUST_QUANTITIES_FAILED"))
STALE = "CHANGE_FROM_QUANTITY_STALE"

Outcomes = dict[int, UpdateOutcome]


def set_quantities(config: ShopifyConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    """The positions of `updates` are the names of the lines all through."""
    outcomes: Outcomes = {}
    batches = [list(range(len(updates)))] if updates else []
    for _ in range(CALLS_MAX):
        if not batches:
            break
        batch = batches.pop()
        errors = yield from _send(config, [updates[position] for position in batch])
        settled = _settle(batch, errors, updates)
        outcomes |= settled
        remaining = [position for position in batch if position not in settled]
        if settled or len(remaining) == 1:
            batches += [remaining] if remaining else []
        else:
            middle = len(remaining) // 2
            batches += [remaining[:middle], remaining[middle:]]
    for position in [position for batch in batches for position in batch]:
        outcomes[position] = Deferred("Shopify refused the line's batch; it is tried again on its own", 0)
    yield from _look_up_stale(config, updates, outcomes)
    return [outcomes[position] for position in range(len(updates))]


def _send(config: ShopifyConfig, updates: Sequence[StockUpdate]) -> Flow[list[dict[str, Any]]]:
    # The key follows from the lines' keys: the same batch has the same one, also after a crash.
    key = str(uuid.uuid5(KEYS, "\n".join(update.idempotency_key for update in updates)))
    quantities = [
        {
            "inventoryItemId": update.platform_ids["inventory_item_id"],
            "locationId": update.location_id,
            "quantity": update.quantity,
            # Must be there: null means "do not compare".
            "changeFromQuantity": update.change_from,
        }
        for update in updates
    ]
    written = {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": f"gid://inventory-gateway/Delivery/{key}",
        "quantities": quantities,
    }
    answer = yield from ask(config, documents.SET_QUANTITIES, {"input": written, "key": key}, cost=13)
    # A null adjustment group without errors means that nothing had to change: success as well.
    errors: list[dict[str, Any]] = answer["inventorySetQuantities"]["userErrors"]
    return errors


def _settle(batch: Sequence[int], errors: list[dict[str, Any]], updates: Sequence[StockUpdate]) -> Outcomes:
    """What is known after one call. Empty when it failed without saying because of which line."""
    if not errors:
        return {position: Confirmed(updates[position].quantity) for position in batch}
    settled: Outcomes = {}
    for error in errors:
        code, message = error.get("code") or "UNKNOWN", error["message"]
        line = _line_of(error)
        if code in PASSING:
            return {position: Deferred(f"Shopify: {message} ({code})") for position in batch}
        if line is None and len(batch) == 1:
            line = 0
        if line is not None and line < len(batch):
            settled[batch[line]] = Stale() if code == STALE else Rejected(code, f"Shopify: {message}")
    return settled


def _line_of(error: dict[str, Any]) -> int | None:
    """From a path like ["input", "quantities", "0", "quantity"]."""
    path = error.get("field") or []
    if len(path) > 2 and path[1] == "quantities" and str(path[2]).isdecimal():
        return int(path[2])
    return None


def _look_up_stale(config: ShopifyConfig, updates: Sequence[StockUpdate], outcomes: Outcomes) -> Flow[None]:
    """What the stale lines really show, so that the next comparison can be right."""
    stale = [position for position, outcome in outcomes.items() if isinstance(outcome, Stale)]
    for location in {updates[position].location_id for position in stale}:
        lines = [position for position in stale if updates[position].location_id == location]
        ids = [updates[position].platform_ids["inventory_item_id"] for position in lines]
        answer = yield from ask(
            config, documents.READ_QUANTITIES, {"ids": ids, "location": location}, cost=2 * len(ids)
        )
        shown = {node["id"]: node["inventoryLevel"] for node in answer["nodes"] if node}
        for position in lines:
            level = shown.get(updates[position].platform_ids["inventory_item_id"])
            outcomes[position] = Stale(level["quantities"][0]["quantity"] if level else None)
