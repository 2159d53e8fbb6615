"""Reads sales orders, with what has come back for them.

The columns of `transaction` and `transactionline` are those of the Records Catalog (Setup > Records Catalog, SuiteQL);
quantities of sales orders are negative there.
"""

from collections.abc import Sequence
from typing import Any

from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.netsuite.config import NetSuiteConfig
from connectors.platforms.netsuite.suiteql import COUNTED_ITEMS, Row, as_text, id_list, moment, page, rows, sku_of
from connectors.quantities import units_taken

ORDERS_PER_PAGE = 100

# A status that is new to us counts as open: to promise a unit too much is worse than one too few. Orders that await
# approval have no stock committed in NetSuite.
_STATUSES = {
    "A": ("pending approval", OrderStage.PENDING, MessageKind.ORDER_CREATED),
    "B": ("pending fulfillment", OrderStage.OPEN, MessageKind.ORDER_PAID),
    "C": ("cancelled", OrderStage.CANCELLED, MessageKind.ORDER_CANCELLED),
    "D": ("partially fulfilled", OrderStage.OPEN, MessageKind.ORDER_PARTIALLY_FULFILLED),
    "E": ("pending billing, partially fulfilled", OrderStage.OPEN, MessageKind.ORDER_PARTIALLY_FULFILLED),
    "F": ("pending billing", OrderStage.FULFILLED, MessageKind.ORDER_FULFILLED),
    "G": ("billed", OrderStage.FULFILLED, MessageKind.ORDER_FULFILLED),
    "H": ("closed", OrderStage.FULFILLED, MessageKind.ORDER_FULFILLED),
}
_NOT_HELD = frozenset("ACH")


def changed(config: NetSuiteConfig, where: str) -> Flow[dict[str, Any]]:
    """A page of the sales orders and return authorisations that the condition on `t` selects, oldest change first."""
    return page(
        config,
        f"SELECT t.id, t.type, m.createdfrom, {as_text('t.lastmodifieddate')} AS modified "
        "FROM transaction t JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T' "
        f"WHERE t.type IN ('SalesOrd', 'RtnAuth') AND {where} ORDER BY t.lastmodifieddate, t.id",
        ORDERS_PER_PAGE,
    )


def events(config: NetSuiteConfig, transactions: Sequence[Row]) -> Flow[list[OrderEvent]]:
    """The present state of the orders that these rows of `changed` are, or were created from."""
    named = (row["id"] if row["type"] == "SalesOrd" else row.get("createdfrom") for row in transactions)
    ids = list(dict.fromkeys(filter(None, named)))
    if not ids:
        return []
    lines = yield from rows(
        config,
        f"SELECT t.id, t.tranid, t.status, {as_text('t.lastmodifieddate')} AS modified, tl.id AS line, tl.item, "
        f"i.id AS counted, i.{config.sku_field} AS sku, tl.quantity, tl.quantityshiprecv, tl.isclosed, "
        "COALESCE(tl.location, m.location) AS place "
        "FROM transaction t JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T' "
        "LEFT JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'F' AND tl.taxline = 'F' "
        f"LEFT JOIN item i ON i.id = tl.item AND i.itemtype IN {COUNTED_ITEMS} "
        f"WHERE t.type = 'SalesOrd' AND t.id IN {id_list(ids)} ORDER BY t.id, tl.id",
    )
    returns = yield from rows(
        config,
        f"SELECT m.createdfrom, tl.item, tl.quantityshiprecv, tl.location, {as_text('r.lastmodifieddate')} AS modified "
        "FROM transaction r JOIN transactionline m ON m.transaction = r.id AND m.mainline = 'T' "
        "JOIN transactionline tl ON tl.transaction = r.id AND tl.mainline = 'F' AND tl.taxline = 'F' "
        f"WHERE r.type = 'RtnAuth' AND m.createdfrom IN {id_list(ids)} ORDER BY r.id, tl.id",
    )
    return [
        _event(config, own, [row for row in returns if row["createdfrom"] == order_id])
        for order_id in ids
        if (own := [row for row in lines if row["id"] == order_id])
    ]


def _event(config: NetSuiteConfig, rows_of_order: Sequence[Row], returns: Sequence[Row]) -> OrderEvent:
    first = rows_of_order[0]
    letter = first.get("status", "")[-1:]
    words, stage, kind = _STATUSES.get(letter, (first.get("status", ""), OrderStage.OPEN, MessageKind.ORDER_UPDATED))
    back = {row["item"]: row for row in returns if "item" in row}
    received = {item: sum(_moved(row) for row in returns if row.get("item") == item) for item in back}
    lines = []
    # The others are services, non-inventory items, discounts and the like.
    for row in (row for row in rows_of_order if "counted" in row):
        line = _line(row, letter, received.get(row["item"], 0) if config.returns_restock else 0, back.get(row["item"]))
        received[row["item"]] = max(0, received.get(row["item"], 0) - line.fulfilled)
        lines.append(line)
    return OrderEvent(
        order_id=first["id"],
        kind=MessageKind.ORDER_REFUNDED if returns else kind,
        occurred_at=max(moment(config, row["modified"]) for row in (first, *returns)),
        stage=stage,
        status=words,
        name=first.get("tranid"),
        lines=tuple(lines),
    )


def _line(row: Row, letter: str, received: int, back: Row | None) -> OrderLine:
    ordered = units_taken(row.get("quantity", "0").lstrip("-"))
    shipped = min(_moved(row), ordered)
    restocked = min(received, shipped)
    allocated = 0 if letter in _NOT_HELD or row.get("isclosed") == "T" else ordered - shipped
    released = ordered - shipped - allocated + restocked
    return OrderLine(
        line_id=row["line"],
        sku=sku_of(row),
        platform_ids={"item_id": row["item"]},
        ordered=ordered,
        allocated=allocated,
        released=released,
        fulfilled=shipped,
        refunded=restocked,
        location_id=row.get("place"),
        # What is released without having left the house is where it always was.
        return_location_id=back.get("location") if back and 0 < restocked == released else None,
    )


def _moved(row: Row) -> int:
    """Units shipped, or received on a return."""
    return units_taken(row.get("quantityshiprecv", "0").lstrip("-"))
