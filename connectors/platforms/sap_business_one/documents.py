"""Finds the sales that have changed: by their own documents, and by those that continue them.

What changed is referred to and not told, for what was made from a document is in others: deliveries and returns.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.catalog import Page
from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderReference
from connectors.platforms.sap_business_one.fulfilment import DEPTH_MAX, Named, followed
from connectors.platforms.sap_business_one.lookups import FIELDS, TYPES, by_number, uncounted
from connectors.platforms.sap_business_one.orders import event, moment, own_lines
from connectors.platforms.sap_business_one.service_layer import PER_PAGE, Record, SapBusinessOneConfig, request
from connectors.polling import PollCursor

DOCUMENTS = tuple(TYPES)
_NAMES = {number: name for name, number in TYPES.items()}
_SETTLED = {"Invoices": TYPES["DeliveryNotes"], "CreditNotes": TYPES["Returns"]}

_Key = tuple[str, int]
"""The kind of a document, and its `DocEntry`."""


def changed(
    config: SapBusinessOneConfig, cursor: str | None, since: datetime
) -> Flow[Page[OrderEvent | OrderReference]]:
    """One kind of document after the other, by its number. Filters know days only, in the company's own zone."""
    poll = PollCursor.read(cursor, since)
    name, _, after = (poll.place or f"{DOCUMENTS[0]} 0").partition(" ")
    day = (poll.since.astimezone(ZoneInfo(config.time_zone)) - timedelta(hours=1)).date()
    where = f"UpdateDate ge '{day}' and DocEntry gt {int(after)}"
    answer = yield request(config, name, FIELDS, where, "DocEntry")
    found = answer.json()["value"]
    place = f"{name} {found[-1]['DocEntry']}" if len(found) >= PER_PAGE else None
    if place is None and name != DOCUMENTS[-1]:
        place = f"{DOCUMENTS[DOCUMENTS.index(name) + 1]} 0"
    moving = [(name, document) for document in found if not _only_settles(name, document)]
    sales = yield from _sales(config, moving)
    entries = (
        OrderReference(order_id=f"{kind}-{number}", kind=MessageKind.ORDER_UPDATED, occurred_at=at)
        for (kind, number), at in sales.items()
    )
    return Page(entries=tuple(entries), cursor=poll.after_answer(answer, place), more=place is not None)


def _only_settles(name: str, document: Record) -> bool:
    """An invoice for deliveries, or a credit note on returns, moves nothing."""
    return name in _SETTLED and all(line.get("BaseType") == _SETTLED[name] for line in document["DocumentLines"])


def _sales(config: SapBusinessOneConfig, documents: Sequence[Named]) -> Flow[dict[_Key, datetime]]:
    """The sales that these are or continue, each with the latest change."""
    sales: dict[_Key, datetime] = {}
    here = [(name, document, moment(config, document)) for name, document in documents]
    for _ in range(DEPTH_MAX):
        ahead: dict[_Key, datetime] = {}
        for name, document, at in here:
            if own_lines(name, document):
                _note(sales, (name, document["DocEntry"]), at)
            for line in document["DocumentLines"]:
                base = _NAMES.get(line.get("BaseType")) if line["ItemCode"] else None
                if base is not None:
                    _note(sales if base == "Orders" else ahead, (base, line["BaseEntry"]), at)
        here = []
        for name in dict.fromkeys(name for name, _ in ahead):
            numbers = [number for kind, number in ahead if kind == name]
            bases = yield from by_number(config, name, numbers)
            here += [(name, document, ahead[name, document["DocEntry"]]) for document in bases]
    return sales


def _note(moments: dict[_Key, datetime], key: _Key, at: datetime) -> None:
    moments[key] = max(at, moments.get(key, at))


def read(config: SapBusinessOneConfig, order_id: str) -> Flow[OrderEvent | None]:
    """None of a document that only continues others, or takes one back."""
    name, _, number = order_id.partition("-")
    answer = yield config.api.get(f"/{name}({int(number)})", {"$select": FIELDS}, expected=(404,))
    if answer.status == 404:
        return None
    document = answer.json()
    own = own_lines(name, document)
    if not own:
        return None
    later = yield from followed(config, (name, document))
    services = yield from uncounted(config, {line["ItemCode"] for line in own})
    return event(config, (name, document), later, services)
