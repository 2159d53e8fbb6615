"""Reads orders. Status and stock: `wc-stock-functions.php` in https://github.com/woocommerce/woocommerce"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage

# The shop takes its stock when an order gets one of its placed states and gives it back when it leaves them for one of
# these. A state that a plugin added counts as placed: to promise a unit too much is worse than one too few.
_NOT_PLACED = frozenset(("pending", "checkout-draft", "auto-draft", "failed", "cancelled"))
_STAGES = {
    "pending": OrderStage.PENDING,
    "checkout-draft": OrderStage.PENDING,
    "auto-draft": OrderStage.PENDING,
    "completed": OrderStage.FULFILLED,
    "failed": OrderStage.CANCELLED,
    "cancelled": OrderStage.CANCELLED,
    "refunded": OrderStage.CANCELLED,
    "trash": OrderStage.DELETED,
}
_SHIPPED = frozenset(("completed",))
_OVER = frozenset(("refunded", "trash"))

_REFUNDED_LINE = "_refunded_item_id"


def moment(naive_utc: str) -> datetime:
    """The `..._gmt` fields carry no zone."""
    return datetime.fromisoformat(naive_utc).replace(tzinfo=UTC)


def order_message(kind: MessageKind, order: dict[str, Any], *, whole: bool) -> OrderEvent | OrderReference:
    """Refunds are not in the order: then, or unless it is the `whole` of what is wanted, it has to be read."""
    if order["refunds"] or not whole:
        at = moment(order["date_modified_gmt"])
        return OrderReference(order_id=str(order["id"]), kind=kind, occurred_at=at)
    return order_event(kind, order, refunds=(), refunds_restock=False)


def order_event(
    kind: MessageKind,
    order: dict[str, Any],
    refunds: Sequence[dict[str, Any]],
    refunds_restock: bool,
    untracked: Collection[int] = (),
) -> OrderEvent:
    refunded = _refunded_units(refunds)
    status = order["status"]
    return OrderEvent(
        order_id=str(order["id"]),
        kind=MessageKind.ORDER_CANCELLED if status == "cancelled" else kind,
        occurred_at=moment(order["date_modified_gmt"]),
        stage=_STAGES.get(status, OrderStage.OPEN),
        status=status,
        name=f"#{order['number']}",
        lines=tuple(
            _line(line, status, refunded.get(line["id"], 0), refunds_restock, tracked=line["id"] not in untracked)
            for line in order["line_items"]
            # A line whose product was deleted still names its SKU; a free-text line has neither.
            if line["product_id"] or line.get("sku")
        ),
    )


def order_deleted(kind: MessageKind, order_id: int, at: datetime) -> OrderEvent:
    """In the bin. The shop gives no stock back for that."""
    return OrderEvent(
        order_id=str(order_id), kind=kind, occurred_at=at, stage=OrderStage.DELETED, status="trash", lines=None
    )


def _line(line: dict[str, Any], status: str, refunded: int, refunds_restock: bool, *, tracked: bool) -> OrderLine:
    ordered = whole_units(line["quantity"])
    refunded = min(refunded, ordered)
    if status in _NOT_PLACED:
        released, allocated, fulfilled = ordered, 0, 0
    else:
        released = refunded if refunds_restock else 0
        allocated = 0 if status in _SHIPPED | _OVER else ordered - refunded
        fulfilled = ordered if status in _SHIPPED else 0
    return OrderLine(
        line_id=str(line["id"]),
        sku=line.get("sku") or None,
        platform_ids=platform_ids(line["product_id"], line.get("variation_id") or None),
        ordered=ordered,
        allocated=allocated,
        released=released,
        fulfilled=fulfilled,
        refunded=refunded,
        tracked=tracked,
    )


def _refunded_units(refunds: Sequence[dict[str, Any]]) -> Mapping[int, int]:
    """By the order's line; refunds count in negative units."""
    units: dict[int, int] = {}
    for refund in refunds:
        for line in refund["line_items"]:
            origin = next((meta["value"] for meta in line["meta_data"] if meta["key"] == _REFUNDED_LINE), None)
            if origin is not None:
                units[int(origin)] = units.get(int(origin), 0) + abs(whole_units(line["quantity"]))
    return units


def platform_ids(product_id: int, variation_id: int | None) -> dict[str, str]:
    ids = {"product_id": str(product_id)} if product_id else {}
    return ids | ({"variation_id": str(variation_id)} if variation_id else {})


def whole_units(quantity: float) -> int:
    """Some plugins sell by weight; such an order cannot be counted here."""
    if quantity != int(quantity):
        raise ValueError(f"{quantity} is not a whole number of units")
    return int(quantity)
