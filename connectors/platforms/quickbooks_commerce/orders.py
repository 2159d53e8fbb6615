"""Sales. https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/salesreceipt (LinkedTxn)

An invoice and a sales receipt have left the count at once; estimates hold nothing. What came back of a sales receipt is
what the refund receipts made from it say, sellable or not. Other refund receipts and credit memos name no sale: only in
India has a credit memo an InvoiceRef, where stock cannot be adjusted, and the invoice that it pays need not be the one
that its goods are from. Such units are entered with the gateway, and comparing shows them.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.quickbooks_commerce.calls import by_id
from connectors.platforms.quickbooks_commerce.config import QuickBooksConfig, Record
from connectors.quantities import units_taken, units_there

ENTITIES = {"invoice": "Invoice", "salesreceipt": "SalesReceipt"}
# Without a condition, a query leaves out what is not active.
ACTIVE_OR_NOT = "and Active in (true, false)"


def sale_id(entity: str, number: str) -> str:
    return f"{entity}-{int(number)}"


def order_events(config: QuickBooksConfig, entity: str, sales: Sequence[Record]) -> Flow[tuple[OrderEvent, ...]]:
    """With what their refund receipts say; one that is not found was deleted. Whether an item is counted, only the
    items say: services and the like are not."""
    refunds = yield from by_id(config, "RefundReceipt", {number for sale in sales for number in _refund_ids(sale)})
    sold = {item for sale in sales for _, item, _ in _sold(sale["Line"]) if item}
    items = yield from by_id(config, "Item", sold, ACTIVE_OR_NOT)
    untracked = {number for number, item in items.items() if not item.get("TrackQtyOnHand")}
    return tuple(
        _event(entity, sale, [refunds[one] for one in _refund_ids(sale) if one in refunds], untracked) for sale in sales
    )


def _refund_ids(sale: Record) -> list[str]:
    return [link["TxnId"] for link in sale.get("LinkedTxn", ()) if link["TxnType"].lower() == "refundreceipt"]


def _sold(lines: Sequence[Record]) -> Iterator[tuple[str, str | None, Any]]:
    """Line, item and quantity; no item where there is none, as of shipping (SHIPPING_ITEM_ID), which has no number. A
    bundle holds the lines of its items."""
    for line in lines:
        yield from _sold(line.get("GroupLineDetail", {}).get("Line", ()))
        if line["DetailType"] == "SalesItemLineDetail":
            detail = line["SalesItemLineDetail"]
            item = detail.get("ItemRef", {}).get("value", "")
            yield line.get("Id", ""), item if item.isdecimal() else None, detail.get("Qty", 0)


def _event(entity: str, sale: Record, refunds: Sequence[Record], untracked: Collection[str]) -> OrderEvent:
    """What was voided keeps its lines, of no units. A negative line came back, too. Only the item that did is told."""
    sold = [(line, item, units_taken(quantity)) for line, item, quantity in _sold(sale["Line"])]
    voided = not any(units for _, _, units in sold)
    stage = OrderStage.CANCELLED if voided else OrderStage.FULFILLED
    back: Counter[str | None] = Counter()
    for _, item, units in sold:
        back[item] += max(0, -units)
    for _, item, quantity in _sold([line for refund in refunds for line in refund["Line"]]):
        back[item] += max(0, units_there(quantity))
    lines = []
    for line, item, units in sold:
        if item is not None and units >= 0:
            returned = min(back[item], units)
            back[item] -= returned
            lines.append(
                line_at(
                    stage,
                    line_id=line,
                    sku=None,
                    platform_ids={"item_id": item},
                    ordered=units,
                    returned=returned,
                    tracked=item not in untracked,
                )
            )
    return OrderEvent(
        order_id=sale_id(entity, sale["Id"]),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=max(datetime.fromisoformat(one["MetaData"]["LastUpdatedTime"]) for one in (sale, *refunds)),
        stage=stage,
        status="voided" if voided else "sold",
        name=sale.get("DocNumber"),
        lines=tuple(lines),
    )
