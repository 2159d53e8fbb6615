"""Writes and reads stock. Products in one batch, variations in one batch per parent; a batch answers 200 also when
lines fail, and a number sent to a product without "Manage stock" is dropped in silence: only the echo is believed.
https://woocommerce.github.io/woocommerce-rest-api-docs/#batch-update-products
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson

from connectors.catalog import CatalogEntry, ChannelStock, Page
from connectors.exchange import Flow, Request
from connectors.platforms.woocommerce.config import WooCommerceConfig
from connectors.platforms.woocommerce.orders import moment, platform_ids
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome

PER_PAGE = 100
FIELDS = "id,type,name,sku,manage_stock,stock_quantity,date_modified_gmt"

Entry = TypeVar("Entry")


def write(config: WooCommerceConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    batches: dict[str, list[StockUpdate]] = {}
    for update in updates:
        batches.setdefault(_batch_path(update), []).append(update)
    outcomes: dict[str, UpdateOutcome] = {}
    for path, batch in batches.items():
        outcomes |= yield from _write_batch(config, path, batch)
    return [outcomes[update.idempotency_key] for update in updates]


def _batch_path(update: StockUpdate) -> str:
    if "variation_id" in update.platform_ids:
        return f"/products/{update.platform_ids['product_id']}/variations/batch"
    return "/products/batch"


def _object_id(update: StockUpdate) -> int:
    return int(update.platform_ids.get("variation_id") or update.platform_ids["product_id"])


def _write_batch(config: WooCommerceConfig, path: str, batch: Sequence[StockUpdate]) -> Flow[dict[str, UpdateOutcome]]:
    tracking = {"manage_stock": True} if config.switch_on_tracking else {}
    payload = {
        "update": [{"id": _object_id(update), "stock_quantity": update.quantity, **tracking} for update in batch]
    }
    # Absolute, so repeatable. 404: the parent is gone, which concerns this batch alone.
    request = Request.json("POST", config.api_url + path, payload, repeatable=True, expected=(404,))
    response = yield request
    answer = response.json()
    if response.status == 404:
        gone = Rejected(answer["code"], "The shop has no such product (any more): look its SKU up again.")
        return {update.idempotency_key: gone for update in batch}
    echoed = {line["id"]: line for line in answer["update"]}
    return {update.idempotency_key: _outcome(update, echoed.get(_object_id(update))) for update in batch}


def _outcome(update: StockUpdate, line: dict[str, Any] | None) -> UpdateOutcome:
    if line is None:
        return Deferred("the shop's answer left the line out")
    if error := line.get("error"):
        if error["data"]["status"] >= 500:
            return Deferred(f"{error['message']} ({error['code']})")
        return Rejected(error["code"], error["message"])
    if line["manage_stock"] == "parent":
        return Rejected("stock_on_parent", "The variation shares its parent's stock: list the parent instead.")
    if line["manage_stock"] is not True:
        return Rejected("not_tracked", "'Manage stock' is off for this product, so the shop ignores the number.")
    if line["stock_quantity"] != update.quantity:
        return Deferred(f"the shop shows {line['stock_quantity']} after being told {update.quantity}")
    return Confirmed(update.quantity)


def stock_page(config: WooCommerceConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
    return (yield from _walk(config, cursor, _stock_of))


def catalog_page(config: WooCommerceConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
    return (yield from _walk(config, cursor, _entry_of))


def _walk(
    config: WooCommerceConfig, cursor: str | None, entry_of: Callable[[dict[str, Any], int], Entry]
) -> Flow[Page[Entry]]:
    """One call: a page of products, or a page of the variations of one parent met on the way.

    The cursor: the product page to go on with (0 when there is none left), then parents as [id, page].
    """
    page, parents = orjson.loads(cursor) if cursor else (1, [])
    parent_id, parent_page = parents[0] if parents else (0, 1)
    path = f"/products/{parent_id}/variations" if parent_id else "/products"
    number = parent_page if parent_id else page
    query = {"per_page": str(PER_PAGE), "page": str(number), "orderby": "id", "order": "asc", "_fields": FIELDS}
    # 404: the parent was deleted since we saw it.
    response = yield Request(
        method="GET", url=config.api_url + path, query=query, repeatable=True, expected=(404,) if parent_id else ()
    )
    found = response.json() if response.status != 404 else []
    more = number < int(response.headers.get("X-WP-TotalPages", "1"))
    if parent_id:
        parents = [[parent_id, number + 1], *parents[1:]] if more else parents[1:]
    else:
        page = number + 1 if more else 0
        parents = [[product["id"], 1] for product in found if product["type"] == "variable"]
    left = bool(parents) or page > 0
    return Page(
        entries=tuple(entry_of(product, parent_id) for product in found),
        cursor=orjson.dumps([page, parents]).decode() if left else None,
        more=left,
    )


def _ids(product: dict[str, Any], parent_id: int) -> dict[str, str]:
    return platform_ids(parent_id, product["id"]) if parent_id else platform_ids(product["id"], None)


def _stock_of(product: dict[str, Any], parent_id: int) -> ChannelStock:
    return ChannelStock(
        platform_ids=_ids(product, parent_id),
        sku=product["sku"] or None,
        location_id=None,
        quantity=product["stock_quantity"] if product["manage_stock"] is True else None,
        updated_at=moment(product["date_modified_gmt"]),
    )


def _entry_of(product: dict[str, Any], parent_id: int) -> CatalogEntry:
    return CatalogEntry(
        platform_ids=_ids(product, parent_id),
        sku=product["sku"] or None,
        name=product["name"],
        tracked=product["manage_stock"] is True,
    )
