"""Writes and reads listings.

https://developer-docs.amazon.com/sp-api/docs/listings-items-api (version 2021-08-01)
A 200 with the status INVALID is a refusal. ACCEPTED means taken, not applied: what is shown afterwards is compared by
the reconciliation, or told by LISTINGS_ITEM_MFN_QUANTITY_CHANGE.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from connectors.catalog import CatalogEntry, ChannelStock, Page
from connectors.exchange import Flow, Request
from connectors.one_by_one import one_by_one
from connectors.platforms.amazon_seller_central.config import AmazonConfig
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome

PATCHES_MAX = 25
"""Changes written one by one in one go, at five a second."""
SHOWN_MAX = 1000
"""Listings that one search leads to; the next one starts where it ended."""
_REFUSED = (400, 404, 413, 415)

Entry = TypeVar("Entry")


def listings_url(config: AmazonConfig) -> str:
    return f"{config.base_url}/listings/2021-08-01/items/{quote(config.seller_id, safe='')}"


def patch_of(config: AmazonConfig, update: StockUpdate) -> dict[str, Any]:
    """`merge` keeps what else is there, like the handling time; `replace` would drop it."""
    value = {"fulfillment_channel_code": config.fulfillment_channel_code, "quantity": update.quantity}
    patch = {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [value]}
    return {"productType": "PRODUCT", "patches": [patch]}


def write(config: AmazonConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    return one_by_one(updates, lambda update: _write_one(config, update))


def _write_one(config: AmazonConfig, update: StockUpdate) -> Flow[UpdateOutcome]:
    response = yield Request.json(
        "PATCH",
        f"{listings_url(config)}/{quote(update.platform_ids['seller_sku'], safe='')}",
        patch_of(config, update),
        query={"marketplaceIds": config.marketplace_ids[0], "includedData": "issues"},
        repeatable=True,
        expected=_REFUSED,
    )
    answer = response.json()
    if response.status in _REFUSED:
        return Rejected(answer["errors"][0]["code"], answer["errors"][0]["message"])
    match answer["status"]:
        case "ACCEPTED" | "VALID":
            return Confirmed(update.quantity)
        case "INVALID":
            return rejected(answer["issues"])
        case other:
            return Deferred(f"Amazon answered with the status {other}")


def rejected(issues: Sequence[dict[str, Any]]) -> Rejected:
    worst = next((issue for issue in issues if issue["severity"] == "ERROR"), None)
    if worst is None:
        return Rejected("INVALID", "Amazon refuses the change without a reason.")
    return Rejected(str(worst["code"]), worst["message"])


def stock_page(config: AmazonConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
    return (yield from _search(config, cursor, lambda item: _stock_of(config, item)))


def catalog_page(config: AmazonConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
    return (yield from _search(config, cursor, _entry_of))


def _search(config: AmazonConfig, cursor: str | None, entry_of: Callable[[dict[str, Any]], Entry]) -> Flow[Page[Entry]]:
    """One page, oldest listings first. Amazon pages through 1,000 at most: then a new search starts at the last one.

    The cursor: when the listings of this search were created, Amazon's token, and the newest listings met so far,
    which the next search shows again.
    """
    since, token, newest, known = orjson.loads(cursor) if cursor else (None, None, "", [])
    query = {
        "marketplaceIds": config.marketplace_ids[0],
        "includedData": "summaries,fulfillmentAvailability",
        "sortBy": "createdDate",
        "sortOrder": "ASC",
        "pageSize": "20",
    }
    query |= ({"createdAfter": since} if since else {}) | ({"pageToken": token} if token else {})
    answer = (yield Request(method="GET", url=listings_url(config), query=query, repeatable=True)).json()
    found = answer["items"]
    entries = tuple(entry_of(item) for item in found if item["sku"] not in known)
    for item in found:
        created = _summary(item).get("createdDate", newest)
        known = [item["sku"]] if created > newest else [*known, item["sku"]]
        newest = max(newest, created)
    token = (answer.get("pagination") or {}).get("nextToken")
    if token is None and newest > (since or "") and answer["numberOfResults"] >= SHOWN_MAX:
        since = newest
    elif token is None:
        return Page(entries=entries, cursor=None, more=False)
    return Page(entries=entries, cursor=orjson.dumps([since, token, newest, known]).decode(), more=True)


def _summary(item: dict[str, Any]) -> dict[str, Any]:
    return next(iter(item.get("summaries") or ()), {})


def _stock_of(config: AmazonConfig, item: dict[str, Any]) -> ChannelStock:
    """None also for listings that Amazon ships from its own stock: they have no quantity of ours."""
    ours = (
        entry.get("quantity")
        for entry in item.get("fulfillmentAvailability", ())
        if entry["fulfillmentChannelCode"] == config.fulfillment_channel_code
    )
    return ChannelStock(
        platform_ids={"seller_sku": item["sku"]}, sku=item["sku"], location_id=None, quantity=next(ours, None)
    )


def _entry_of(item: dict[str, Any]) -> CatalogEntry:
    codes = [entry["fulfillmentChannelCode"] for entry in item.get("fulfillmentAvailability", ())]
    return CatalogEntry(
        platform_ids={"seller_sku": item["sku"]},
        sku=item["sku"],
        name=_summary(item).get("itemName") or item["sku"],
        tracked=not any(code.startswith("AMAZON") for code in codes),
    )
