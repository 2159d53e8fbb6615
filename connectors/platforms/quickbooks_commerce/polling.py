"""Polls: invoices, sales receipts (also those that were voided), and then what was deleted.

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
(CDC: 30 days back, 1,000 objects, by the time of their change, what was deleted after what was not). There are no
further pages: where more than that changed between two polls, deletions of the earlier part are told by webhook only.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from connectors.catalog import Page
from connectors.exchange import Flow, Response
from connectors.messages import MessageKind, OrderEvent, OrderReference
from connectors.platforms.quickbooks_commerce.calls import VERSION, queried, query_request
from connectors.platforms.quickbooks_commerce.config import QuickBooksConfig, Record
from connectors.platforms.quickbooks_commerce.orders import ENTITIES, order_events, sale_id
from connectors.polling import PollCursor

SALES_PER_PAGE, CHANGES_MAX = 100, 1000
# A day less than QuickBooks remembers.
LOOK_BACK_MAX = timedelta(days=29)
DELETED = "deleted"
FOLLOWED_BY = {"invoice": "salesreceipt 1", "salesreceipt": DELETED}

PolledPage = Page[OrderEvent | OrderReference]


def orders_page(config: QuickBooksConfig, poll: PollCursor) -> Flow[PolledPage]:
    stage, _, start = (poll.place or "invoice 1").partition(" ")
    if stage == DELETED:
        return (yield from _deleted(config, poll, datetime.fromisoformat(start) if start else poll.since))
    return (yield from _changed(config, poll, stage, int(start)))


def _changed(config: QuickBooksConfig, poll: PollCursor, entity: str, start: int) -> Flow[PolledPage]:
    """By id: one that changes while we walk keeps its place."""
    where = f"where MetaData.LastUpdatedTime >= '{poll.since.isoformat(timespec='seconds')}' orderby Id"
    answer = yield query_request(config, ENTITIES[entity], where, start, SALES_PER_PAGE)
    sales = queried(answer, ENTITIES[entity])
    full = len(sales) == SALES_PER_PAGE
    following = f"{entity} {start + SALES_PER_PAGE}" if full else FOLLOWED_BY[entity]
    events = yield from order_events(config, entity, sales)
    return Page(entries=events, cursor=poll.after_answer(answer, following), more=True)


def _deleted(config: QuickBooksConfig, poll: PollCursor, start: datetime) -> Flow[PolledPage]:
    since = max(start, poll.newest - LOOK_BACK_MAX)
    asked = {"entities": ",".join(ENTITIES.values()), "changedSince": since.isoformat(timespec="seconds")}
    changes = list(_changes((yield config.api.get("/cdc", {**VERSION, **asked}))))
    gone = tuple(
        # Whether it is gone indeed, reading it shows.
        OrderReference(order_id=sale_id(entity, record["Id"]), kind=MessageKind.ORDER_DELETED, occurred_at=at)
        for entity, record, at in changes
        if record.get("status") == "Deleted"
    )
    reached = changes[-1][2] if len(changes) >= CHANGES_MAX else since
    following = f"{DELETED} {reached.isoformat()}" if reached > since else None
    return Page(entries=gone, cursor=poll.after_page([], following), more=following is not None)


def _changes(answer: Response) -> Iterator[tuple[str, Record, datetime]]:
    """A part without any names none."""
    for part in answer.json()["CDCResponse"]:
        for group in part["QueryResponse"]:
            for entity, name in ENTITIES.items():
                for record in group.get(name, ()):
                    yield entity, record, datetime.fromisoformat(record["MetaData"]["LastUpdatedTime"])
