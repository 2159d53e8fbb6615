"""What came back: https://developer.walmart.com/us-marketplace/reference/getreturns

https://developer.walmart.com/us-marketplace/docs/returns-and-refunds-api-overview (the states of a return)
https://developer.walmart.com/us/whats-new/marketplace-last-modified-date-time-in-get-returns-api/ (states both ends)

Each line of a return names the line of the purchase order. Its units are back once a return center has them; a refund
may come before that, and COMPLETED alone tells of the refund only. Whether they can be sold again is not told: the
operator says so (`returns_restock`), and without it nothing is asked. What once came back stays so.
An order does not change with its returns, so it is read whenever one of them arrived. Walmart's notifications of
returns are left alone: a parcel that took days may wait for the next poll.
Nothing says that Walmart raises its own count by a return: it is told of it like of any other change.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from connectors.catalog import Page
from connectors.exchange import Flow, Response
from connectors.messages import MessageKind, OrderEvent, OrderReference
from connectors.platforms.walmart_marketplace.config import Record, WalmartMarketplaceConfig, nothing_found, written
from connectors.polling import PollCursor, answered_at
from connectors.quantities import units_there

STEP = "Returns"
"""Of a poll for changed orders, after the kinds of ship nodes."""
PER_PAGE = 200
_ARRIVED = {"DELIVERED_AT_RETURN_CENTER", "DELIVERED_AFTER_INVOICE"}
_BACK = ("DELIVERED", "COMPLETED")
"""States of the units of a line that arrived; any other unit of it is still under way."""


def changed(config: WalmartMarketplaceConfig, poll: PollCursor, rest: str) -> Flow[Page[OrderEvent | OrderReference]]:
    """The orders of those returns which changed, as far as something came back. `rest` leads to a further page."""
    query = {
        "returnLastModifiedStartDate": written(poll.since),
        "returnLastModifiedEndDate": written(max(poll.newest, datetime.now(UTC))),
        "limit": str(PER_PAGE),
    }
    path, query = (f"/returns?{rest}", {}) if rest else ("/returns", query)
    answer = yield config.api.get(path, query, budget="returns", expected=(404,))
    found, following = _listed(answer)
    # A return does not say when it changed. So it counts as news now, however late the order itself changed.
    at = answered_at(answer) or datetime.now(UTC)
    order_ids = dict.fromkeys(line.get("purchaseOrderId") for line in found if _arrived(line))
    entries = tuple(
        OrderReference(order_id=str(order_id), kind=MessageKind.ORDER_REFUNDED, occurred_at=at)
        for order_id in order_ids
        if order_id
    )
    place = f"{STEP}?{following.removeprefix('?')}" if following and found else None
    return Page(entries=entries, cursor=poll.after_answer(answer, place), more=place is not None)


def came_back(config: WalmartMarketplaceConfig, order: Record) -> Flow[Mapping[str, int]]:
    """Units by the number of the order's line. A buyer's order has fewer returns than a page holds."""
    query = {"customerOrderId": order["customerOrderId"], "limit": str(PER_PAGE)}
    found, _ = _listed((yield config.api.get("/returns", query, budget="returns", expected=(404,))))
    units = Counter[str]()
    for line in found:
        if str(line.get("purchaseOrderId")) == str(order["purchaseOrderId"]) and _arrived(line):
            units[str(line.get("purchaseOrderLineNumber"))] += _back(line)
    return units


def _listed(answer: Response) -> tuple[Sequence[Record], str | None]:
    """The lines of the returns, and what leads to the next ones."""
    if nothing_found(answer):
        return (), None
    body = answer.json()
    lines = [line for one in body["returnOrders"] or () for line in one.get("returnOrderLines") or ()]
    return lines, body["meta"].get("nextCursor")


def _arrived(line: Record) -> bool:
    happened = {event.get("eventTag") for event in line.get("returnTrackingDetail") or ()}
    return bool(happened & _ARRIVED) or any(part.get("status") == "DELIVERED" for part in _parts(line))


def _back(line: Record) -> int:
    return sum(units_there(part["quantity"]["measurementValue"]) for part in _parts(line) if part["status"] in _BACK)


def _parts(line: Record) -> Sequence[Record]:
    """Units of one state each; the line itself where it does not tell them apart."""
    return line.get("currentTrackingStatuses") or (line,)
