"""Tells Zalando quantities: https://developers.merchants.zalando.com/docs/offers-stocks.html

Each article goes to every shop. The answer is always 207, with a result for each pair of article and shop; the vendor's
guide and its description name the list differently, so both are read. A listing is refused when every shop refuses it;
where only some do, it is not sold there. Of an article that waits to be onboarded (104) the number is kept for later,
so it counts as told.
"""

from collections.abc import Sequence
from typing import Any

from connectors.exchange import Flow
from connectors.platforms.zalando.config import ZalandoConfig
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome

PAIRS_PER_MINUTE, REQUESTS_PER_MINUTE = 2000, 60
PAIRS_MAX = 500
"""A request may hold 1,000; smaller ones use more of a minute's allowance, and what they say is fresher."""
FAILED, ONBOARDING = 102, 104
TWICE = Rejected("duplicate", "Another listing of this channel has the same EAN.")

Record = dict[str, Any]


def write(config: ZalandoConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    """An EAN may come only once in a request."""
    first: dict[str, StockUpdate] = {}
    for update in updates:
        first.setdefault(update.platform_ids["ean"], update)
    shops = [str(shop) for shop in config.sales_channel_ids]
    pairs = [
        {"sales_channel_id": shop, "ean": ean, "quantity": update.quantity}
        for ean, update in first.items()
        for shop in shops
    ]
    cost = max(len(pairs), PAIRS_PER_MINUTE / REQUESTS_PER_MINUTE)
    body = (yield config.merchant_api.send("POST", "/stocks", {"items": pairs}, repeatable=True, cost=cost)).json()
    answered = body["results"] if "results" in body else body["items"]
    results = {(one["item"]["ean"], one["item"]["sales_channel_id"].lower()): one["result"] for one in answered}
    return [
        _outcome(update, [results.get((update.platform_ids["ean"], shop)) for shop in shops])
        if update is first[update.platform_ids["ean"]]
        else TWICE
        for update in updates
    ]


def _outcome(update: StockUpdate, results: Sequence[Record | None]) -> UpdateOutcome:
    """Of one result for each shop, None where there was none."""
    told = [one for one in results if one is not None]
    if len(told) < len(results):
        return Deferred("Zalando's answer left the article out")
    if failed := [one for one in told if one["status"] == "FAILED" or int(one["code"]) == FAILED]:
        return Deferred(f"Zalando failed to take it: {failed[0].get('description', FAILED)}")
    if any(one["status"] == "ACCEPTED" or int(one["code"]) == ONBOARDING for one in told):
        return Confirmed(update.quantity)
    return Rejected(
        str(told[0]["code"]), f"Zalando refuses the article: {told[0].get('description', 'no reason given')}"
    )
