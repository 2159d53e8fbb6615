"""Writes many listings as one feed, and waits until Amazon has worked it off.

https://developer-docs.amazon.com/sp-api/docs/feeds-api-v2021-06-30-use-case-guide (JSON_LISTINGS_FEED)
A feed that is not waited for could be overtaken by a newer change and then undo it. So nothing else is written
meanwhile, and a feed that takes longer than a write may take is not confirmed. Whoever goes on with the channel then,
perhaps in another process, first asks whether it is still being worked off (`unfinished`). What remains is a call to
make a feed that was given up while it was on its way, and arrives only after that question.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import orjson

from connectors.errors import Permanent, Retriable
from connectors.exchange import Flow, Request, Wait
from connectors.platforms.amazon_seller_central.config import AmazonConfig
from connectors.platforms.amazon_seller_central.stock import patch_of, rejected
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

FEED_MESSAGES_MAX = 1000
"""Amazon takes 25,000; more than this has little use while nothing else can be written."""
LOOKS_SECONDS = (2.0, 5.0, 10.0, *[15.0] * 15)
"""The pauses between two looks at a feed: about four minutes in all."""
REPORT_BYTES_MAX = 16 * 1024 * 1024
_CONTENT_TYPE = "application/json; charset=UTF-8"
_FAILED = frozenset(("CANCELLED", "FATAL"))
_UNFINISHED = "IN_QUEUE,IN_PROGRESS"


def write(config: AmazonConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    feeds = f"{config.base_url}/feeds/2021-06-30"
    document = (yield Request.json("POST", f"{feeds}/documents", {"contentType": _CONTENT_TYPE}, budget="feeds")).json()
    yield Request(
        method="PUT",
        url=document["url"],
        headers={"Content-Type": _CONTENT_TYPE},
        body=orjson.dumps(_document(config, updates)),
        anonymous=True,
        repeatable=True,
        budget="documents",
    )
    feed = {
        "feedType": "JSON_LISTINGS_FEED",
        "marketplaceIds": [config.marketplace_ids[0]],
        "inputFeedDocumentId": document["feedDocumentId"],
    }
    feed_id = (yield Request.json("POST", f"{feeds}/feeds", feed, budget="feeds")).json()["feedId"]
    report_id = yield from _worked_off(f"{feeds}/feeds/{feed_id}")
    report = yield from _report(f"{feeds}/documents/{report_id}")
    return [_outcome(update, report["issues"], number) for number, update in enumerate(updates, 1)]


def unfinished(config: AmazonConfig) -> Flow[bool]:
    """Whether Amazon has feeds of ours in hand.

    https://developer-docs.amazon.com/sp-api/reference/getfeeds
    """
    query = {
        "feedTypes": "JSON_LISTINGS_FEED",
        "marketplaceIds": config.marketplace_ids[0],
        "processingStatuses": _UNFINISHED,
        "pageSize": "1",
    }
    url = f"{config.base_url}/feeds/2021-06-30/feeds"
    found = (yield Request(method="GET", url=url, query=query, repeatable=True, budget="searches")).json()
    return bool(found["feeds"])


def _document(config: AmazonConfig, updates: Sequence[StockUpdate]) -> dict[str, Any]:
    messages = [
        {
            "messageId": number,
            "sku": update.platform_ids["seller_sku"],
            "operationType": "PATCH",
            **patch_of(config, update),
        }
        for number, update in enumerate(updates, 1)
    ]
    header = {"sellerId": config.seller_id, "version": "2.0", "issueLocale": "en_US"}
    return {"header": header, "messages": messages}


def _worked_off(feed_url: str) -> Flow[str]:
    """The id of the report, once there is one."""
    for seconds in LOOKS_SECONDS:
        yield Wait(seconds)
        feed = (yield Request(method="GET", url=feed_url, repeatable=True, budget="looks")).json()
        if feed["processingStatus"] in _FAILED:
            raise Permanent(f"Amazon has given up the feed {feed['feedId']} ({feed['processingStatus']})")
        if feed["processingStatus"] == "DONE":
            report_id: str = feed["resultFeedDocumentId"]
            return report_id
    raise Retriable("Amazon has not worked off a feed in time")


def _report(document_url: str) -> Flow[dict[str, Any]]:
    document = (yield Request(method="GET", url=document_url, repeatable=True, budget="documents")).json()
    request = Request(method="GET", url=document["url"], anonymous=True, repeatable=True, budget="documents")
    body = (yield request).body
    if document.get("compressionAlgorithm") == "GZIP":
        body = zlib.decompressobj(wbits=31).decompress(body, REPORT_BYTES_MAX)
    report: dict[str, Any] = orjson.loads(body)
    return report


def _outcome(update: StockUpdate, issues: Sequence[dict[str, Any]], number: int) -> UpdateOutcome:
    errors = [issue for issue in issues if issue["messageId"] == number and issue["severity"] == "ERROR"]
    return rejected(errors) if errors else Confirmed(update.quantity)
