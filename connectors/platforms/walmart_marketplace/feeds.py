"""Writes many items as one feed, and waits until Walmart has worked it off.

https://developer.walmart.com/us-marketplace/docs/list-all-feed-statuses
https://developer.walmart.com/us-marketplace/docs/item-management-available-requests (50 feeds of this kind an hour)

PROCESSED says nothing of the single items. A feed takes up to half an hour. One that is not waited for could undo a
newer write, so whoever goes on with the channel first asks whether it is still being worked off.
"""

from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote

import orjson

from connectors.errors import Permanent, Retriable
from connectors.exchange import Flow, Request, Wait
from connectors.platforms.walmart_marketplace.config import Record, WalmartMarketplaceConfig
from connectors.platforms.walmart_marketplace.stock import PER_PAGE, Inputs, Nodes, amount, by_sku, list_page
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome

CHANGES_MAX = 1000
"""Items whose results one answer may hold."""
LISTED_MAX = 5000
"""With more items, looking through all of them takes longer than writing each."""
LOOKS_SECONDS = (2.0, 5.0, 10.0, *[15.0] * 15)
"""The pauses between two looks at a feed: about four minutes in all."""
_KIND = "MP_INVENTORY"
_UNDER_WAY = ("RECEIVED", "INPROGRESS")
_TAKEN = ("SUCCESS", "PROCESSED")
_REFUSED = ("DATA_ERROR", "ERROR")


def worth_while(config: WalmartMarketplaceConfig) -> Flow[bool]:
    _, _, total = yield from list_page(config, None)
    return total <= LISTED_MAX


def nodes_of_all(config: WalmartMarketplaceConfig, skus: Sequence[str]) -> Flow[Nodes]:
    found: dict[str, Sequence[Record]] = {}
    cursor: str | None = None
    for _ in range(LISTED_MAX // PER_PAGE + 1):
        items, cursor, _ = yield from list_page(config, cursor)
        found |= items
        if cursor is None or found.keys() >= set(skus):
            return found
    raise Retriable("Walmart has more items than it said")


def send_feed(
    config: WalmartMarketplaceConfig, due: Sequence[StockUpdate], inputs: Inputs
) -> Flow[list[UpdateOutcome]]:
    inventory = [
        {
            "sku": sku,
            "shipNodes": [
                {"shipNode": update.location_id, "quantity": amount(inputs[update.idempotency_key])} for update in group
            ],
        }
        for sku, group in by_sku(due).items()
    ]
    document = {"inventoryHeader": {"version": "1.5"}, "inventory": inventory}
    feed_id = (yield _upload(config, orjson.dumps(document))).json()["feedId"]
    feed = yield from _worked_off(config, f"/feeds/{quote(feed_id, safe='')}")
    results = {one["sku"]: one for one in feed["itemDetails"]["itemIngestionStatus"]}
    return [_outcome(update, results.get(update.platform_ids["sku"], {})) for update in due]


def unfinished(config: WalmartMarketplaceConfig) -> Flow[bool]:
    """Whether Walmart has feeds of stock in hand."""
    feeds = (yield from config.api.read("/feeds", budget="feed_looks"))["results"]["feed"]
    return any(feed["feedType"] == _KIND and feed["feedStatus"] in _UNDER_WAY for feed in feeds)


def _upload(config: WalmartMarketplaceConfig, document: bytes) -> Request:
    """A form with one file (RFC 7578)."""
    boundary = sha256(document).hexdigest()
    head = 'Content-Disposition: form-data; name="file"; filename="inventory.json"\r\nContent-Type: application/json'
    return Request(
        method="POST",
        url=f"{config.api.url}/feeds",
        query={"feedType": _KIND},
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        body=b"\r\n".join((f"--{boundary}\r\n{head}\r\n".encode(), document, f"--{boundary}--\r\n".encode())),
        budget="feeds",
    )


def _worked_off(config: WalmartMarketplaceConfig, path: str) -> Flow[Record]:
    query = {"includeDetails": "true", "offset": "0", "limit": str(CHANGES_MAX)}
    for seconds in LOOKS_SECONDS:
        yield Wait(seconds)
        feed: Record = yield from config.api.read(path, query, budget="feed_looks")
        if feed["feedStatus"] == "ERROR":
            raise Permanent(f"Walmart has given up the feed {feed['feedId']}: switch feeds off until it is known why")
        if feed["feedStatus"] == "PROCESSED":
            return feed
    raise Retriable("Walmart has not worked off a feed in time")


def _outcome(update: StockUpdate, result: Record) -> UpdateOutcome:
    status = result.get("ingestionStatus")
    if status in _TAKEN:
        return Confirmed(update.quantity)
    error: Record = next(iter((result.get("ingestionErrors") or {}).get("ingestionError") or ()), {})
    reason = error.get("description") or f"Walmart says {status or 'nothing'} of the item."
    return Rejected(error.get("code") or status, reason) if status in _REFUSED else Deferred(reason)
