"""Reads orders. https://developer.squareup.com/docs/orders-api/what-it-does

Square takes its own stock when an order is paid. What comes back is an order of its own, which names the sale it
belongs to; from the sale it is found through the payments and their refunds. An exchange without any refund is not
found that way: what it brought back shows when counts are compared.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.errors import Retriable
from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.square.calls import call
from connectors.platforms.square.config import SquareConfig
from connectors.platforms.square.stock import is_tracked
from connectors.quantities import units_taken, units_there

LINES_MISSING_SECONDS = 5.0
ORDERS_PER_CALL = 100
VARIATIONS_PER_CALL = 1000
REFUSED_REFUNDS = frozenset(("REJECTED", "FAILED"))

Orders = list[dict[str, Any]]


def read(config: SquareConfig, order_id: str) -> Flow[OrderEvent | None]:
    """The order; or, when it only takes goods back, the sale they belong to."""
    order = yield from _order(config, order_id)
    if order is not None and not order.get("line_items") and (sale_id := _sale_of(order)):
        order = yield from _order(config, sale_id)
    if order is None:
        return None
    if is_paid(order) and not any(order.get(part) for part in ("line_items", "returns", "refunds")):
        # Just after a payment the lines may still be missing; that is not an empty order.
        raise Retriable(f"Square's order {order['id']} has no lines yet", after_seconds=LINES_MISSING_SECONDS)
    returns = yield from _returns(config, order)
    untracked = yield from _untracked(config, order)
    return order_event(order, returns, restock=config.returns_restock, untracked=untracked)


def is_paid(order: dict[str, Any]) -> bool:
    return order.get("state") == "COMPLETED" or bool(order.get("tenders"))


def _order(config: SquareConfig, order_id: str) -> Flow[dict[str, Any] | None]:
    response = yield call(config, f"/v2/orders/{quote(order_id, safe='')}", expected=(404,))
    return None if response.status == 404 else response.json()["order"]


def _sale_of(order: dict[str, Any]) -> str | None:
    sources = (part.get("source_order_id") for part in order.get("returns") or ())
    return next((source for source in sources if source and source != order["id"]), None)


def _returns(config: SquareConfig, order: dict[str, Any]) -> Flow[Orders]:
    """The orders that took goods of this one back."""
    order_ids: set[str] = set()
    for tender in order.get("tenders") or ():
        payment_id = tender.get("payment_id") or tender["id"]
        response = yield call(config, f"/v2/payments/{payment_id}", expected=(404,))
        for refund_id in () if response.status == 404 else response.json()["payment"].get("refund_ids") or ():
            refund = (yield call(config, f"/v2/refunds/{refund_id}")).json()["refund"]
            if refund.get("order_id") and refund.get("status") not in REFUSED_REFUNDS:
                order_ids.add(refund["order_id"])
    found: Orders = []
    wanted = sorted(order_ids - {order["id"]})
    for start in range(0, len(wanted), ORDERS_PER_CALL):
        some = {"order_ids": wanted[start : start + ORDERS_PER_CALL]}
        found += (yield call(config, "/v2/orders/batch-retrieve", some)).json().get("orders") or []
    return found


def _untracked(config: SquareConfig, order: dict[str, Any]) -> Flow[set[str]]:
    """Variations that Square does not count where they are sold (services, say)."""
    wanted = sorted({line["catalog_object_id"] for line in _item_lines(order)})
    found: Orders = []
    for start in range(0, len(wanted), VARIATIONS_PER_CALL):
        some = {"object_ids": wanted[start : start + VARIATIONS_PER_CALL]}
        found += (yield call(config, "/v2/catalog/batch-retrieve", some)).json().get("objects") or []
    variations = {one["id"]: one["item_variation_data"] for one in found if "item_variation_data" in one}
    return {name for name, variation in variations.items() if not is_tracked(variation, order["location_id"])}


def _item_lines(order: dict[str, Any]) -> Orders:
    """An amount typed in at the till, or a gift card, has no stock."""
    lines = order.get("line_items") or ()
    return [line for line in lines if line.get("catalog_object_id") and line.get("item_type", "ITEM") == "ITEM"]


def order_event(
    order: dict[str, Any], returns: Sequence[dict[str, Any]], *, restock: bool, untracked: Collection[str] = ()
) -> OrderEvent:
    state = order.get("state") or "OPEN"
    shipped = _shipped(order)
    returned = _returned(order["id"], [order, *returns])
    return OrderEvent(
        order_id=order["id"],
        kind=MessageKind.ORDER_CANCELLED if state == "CANCELED" else MessageKind.ORDER_UPDATED,
        # A return leaves the sale's own time alone.
        occurred_at=max(datetime.fromisoformat(some["updated_at"]) for some in (order, *returns)),
        stage=_stage(order, state),
        status=state.lower(),
        name=order.get("ticket_name") or order.get("reference_id") or None,
        lines=tuple(
            replace(
                _line(order, state, line, shipped.get(line["uid"], 0), returned.get(line["uid"], 0), restock),
                tracked=line["catalog_object_id"] not in untracked,
            )
            for line in _item_lines(order)
        ),
    )


def _stage(order: dict[str, Any], state: str) -> OrderStage:
    match state:
        case "COMPLETED":
            return OrderStage.FULFILLED
        case "CANCELED":
            return OrderStage.CANCELLED
    return OrderStage.OPEN if is_paid(order) else OrderStage.PENDING


def _line(
    order: dict[str, Any], state: str, line: dict[str, Any], shipped: int, returned: int, restock: bool
) -> OrderLine:
    ordered = units_taken(line["quantity"])
    fulfilled = ordered if state == "COMPLETED" else min(shipped, ordered)
    returned = min(returned, ordered)
    restocked = returned if restock else 0
    allocated = max(0, ordered - fulfilled - returned)
    if not is_paid(order):
        allocated, restocked = 0, ordered
    elif state == "CANCELED":
        allocated, restocked = 0, max(restocked, ordered - fulfilled)
    return OrderLine(
        line_id=line["uid"],
        sku=None,
        platform_ids={"catalog_object_id": line["catalog_object_id"]},
        ordered=ordered,
        allocated=allocated,
        released=restocked,
        fulfilled=fulfilled,
        refunded=returned,
        location_id=order["location_id"],
    )


def _shipped(order: dict[str, Any]) -> Mapping[str, int]:
    """Units by line, of the shipments and pick-ups that are done."""
    units: Counter[str] = Counter()
    for part in order.get("fulfillments") or ():
        if part.get("state") != "COMPLETED":
            continue
        if entries := part.get("entries"):
            for entry in entries:
                units[entry["line_item_uid"]] += units_there(entry["quantity"])
        else:
            units.update({line["uid"]: units_taken(line["quantity"]) for line in order.get("line_items") or ()})
    return units


def _returned(order_id: str, orders: Sequence[dict[str, Any]]) -> Mapping[str, int]:
    units: Counter[str] = Counter()
    for order in orders:
        for part in order.get("returns") or ():
            if part.get("source_order_id") == order_id:
                for line in part.get("return_line_items") or ():
                    units[line.get("source_line_item_uid") or ""] += units_there(line["quantity"])
    return units
