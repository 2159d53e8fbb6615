"""Counts by item and ship node: https://developer.walmart.com/us-marketplace/docs/inventory-api-overview

What is written (`inputQty`) is physical: Walmart takes off what its own orders hold (`reservedQty`) and sells the rest
(`availToSellQty`). The vendor says so only by examples, so what is written is what shall be offered and what was held
just before, and it is confirmed only when Walmart shows it. How soon it does is not stated. A sale between the looks is
kept: it raises what is held. A success can contain the failure of single nodes.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias
from urllib.parse import quote

from connectors.errors import Retriable
from connectors.exchange import Flow
from connectors.looked_at import write_between_looks
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.walmart_marketplace.config import Record, WalmartMarketplaceConfig, fault
from connectors.quantities import units_taken, units_there
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome

PER_PAGE = 50
WAITS_SECONDS = (1.0, 2.0, 4.0)
"""The pauses between looks whether a write shows."""
_PASSING = ("APPLICATION", "SYSTEM")
"""Categories of errors that are not about what was sent."""

Nodes: TypeAlias = Mapping[str, Sequence[Record]]
"""The ship nodes of each SKU."""
FindNodes = Callable[[WalmartMarketplaceConfig, Sequence[str]], Flow[Nodes]]
Inputs: TypeAlias = Mapping[str, int]
"""What to write, by the idempotency key of the update."""
SendInputs = Callable[[WalmartMarketplaceConfig, Sequence[StockUpdate], Inputs], Flow[list[UpdateOutcome]]]


def available(node: Record) -> int | None:
    """What a buyer can have; None where Walmart keeps no count."""
    if "availToSellQty" in node:
        return units_there(node["availToSellQty"]["amount"])
    return max(0, units_there(node["inputQty"]["amount"]) - _held(node)) if "inputQty" in node else None


def _held(node: Record) -> int:
    return units_taken(node["reservedQty"]["amount"]) if "reservedQty" in node else 0


def amount(units: int) -> Record:
    return {"unit": "EACH", "amount": units}


def write(
    config: WalmartMarketplaceConfig, updates: Sequence[StockUpdate], find: FindNodes, send: SendInputs
) -> Flow[list[UpdateOutcome]]:
    held: dict[str, int] = {}

    def look(wanted: Sequence[StockUpdate]) -> Flow[Mapping[str, int]]:
        """What its own orders took since the first look is added: they are told of by themselves."""
        found = yield from find(config, list(dict.fromkeys(update.platform_ids["sku"] for update in wanted)))
        at = {(sku, str(node["shipNode"])): node for sku, nodes in found.items() for node in nodes}
        shown: dict[str, int] = {}
        for update in wanted:
            node = at.get((update.platform_ids["sku"], update.location_id or ""), {})
            if (units := available(node)) is not None:
                before = held.setdefault(update.idempotency_key, _held(node))
                shown[update.idempotency_key] = units + _held(node) - before
        return shown

    def write_due(due: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        inputs = {update.idempotency_key: update.quantity + held.get(update.idempotency_key, 0) for update in due}
        return (yield from send(config, due, inputs))

    return (yield from write_between_looks(updates, look, write_due, WAITS_SECONDS))


def list_page(config: WalmartMarketplaceConfig, cursor: str | None) -> Flow[tuple[Nodes, str | None, int]]:
    """Some items, where to go on, and how many there are in all."""
    query = {"limit": str(PER_PAGE), **({"nextCursor": cursor} if cursor else {})}
    page = yield from config.api.read("/inventories", query, budget="lists")
    items = {item["sku"]: _nodes(item) for item in page["elements"]["inventories"]}
    return items, (page["meta"].get("nextCursor") or None) if items else None, int(page["meta"]["totalCount"])


def nodes_of_each(config: WalmartMarketplaceConfig, skus: Sequence[str]) -> Flow[Nodes]:
    found: dict[str, Sequence[Record]] = {}
    for sku in skus:
        answer = yield config.api.get(_path(sku), budget="looks", expected=(400, 404))
        # One that cannot be looked at may be new; whether it is wrong, the write tells.
        found[sku] = _nodes(answer.json()) if answer.status == 200 else ()
    return found


def _nodes(item: Record) -> Sequence[Record]:
    """They may be left out where there are none."""
    if "sku" not in item:
        raise ValueError("this is no item")
    return item.get("nodes") or ()


def send_each(
    config: WalmartMarketplaceConfig, due: Sequence[StockUpdate], inputs: Inputs
) -> Flow[list[UpdateOutcome]]:
    """All nodes of an item with one call. What is written stays written when a later call fails."""
    outcomes: dict[str, UpdateOutcome] = {}
    for group in by_sku(due).values():
        try:
            written = yield from write_in_parts(group, partial(_put, config, inputs))
        except Retriable as error:
            if not outcomes:
                raise
            left = Deferred(error.reason, error.after_seconds)
            return [outcomes.get(update.idempotency_key, left) for update in due]
        outcomes |= {update.idempotency_key: outcome for update, outcome in zip(group, written, strict=True)}
    return [outcomes[update.idempotency_key] for update in due]


def by_sku(updates: Sequence[StockUpdate]) -> dict[str, list[StockUpdate]]:
    groups: dict[str, list[StockUpdate]] = {}
    for update in updates:
        groups.setdefault(update.platform_ids["sku"], []).append(update)
    return groups


def _path(sku: str) -> str:
    return f"/inventories/{quote(sku, safe='')}"


def _put(
    config: WalmartMarketplaceConfig, inputs: Inputs, part: Sequence[StockUpdate]
) -> Flow[Sequence[UpdateOutcome] | Refusal]:
    nodes = [{"shipNode": one.location_id, "inputQty": amount(inputs[one.idempotency_key])} for one in part]
    body = {"inventories": {"nodes": nodes}}
    answer = yield config.api.send("PUT", _path(part[0].platform_ids["sku"]), body, expected=(400, 404))
    if answer.status in (400, 404):
        code, reason = fault(answer)
        return Refusal(code, reason or f"Walmart refuses the item ({answer.status}).")
    told = {str(node["shipNode"]): node for node in answer.json()["nodes"]}
    return [_outcome(update, told.get(update.location_id or "", {})) for update in part]


def _outcome(update: StockUpdate, node: Record) -> UpdateOutcome:
    if str(node.get("status")).lower() == "success":
        return Confirmed(update.quantity)
    error: Record = next(iter(node.get("errors") or ()), {})
    reason = error.get("description") or f"Walmart says {node.get('status', 'nothing')} of the ship node."
    if not error or error.get("category") in _PASSING:
        return Deferred(reason)
    return Rejected(error["code"], reason)
