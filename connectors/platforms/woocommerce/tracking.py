"""Whether the shop counts what was sold, which an order does not tell: `manage_stock` of products and variations.
https://woocommerce.github.io/woocommerce-rest-api-docs/#product-properties and #product-variation-properties
"""

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.exchange import Flow, Request
from connectors.platforms.woocommerce.config import WooCommerceConfig

IDS_PER_CALL = 100

Line = dict[str, Any]


def untracked_lines(config: WooCommerceConfig, lines: Sequence[Line]) -> Flow[set[int]]:
    """By the ids of the lines. What the shop has no more is none of them."""
    managed: dict[int, bool | str] = yield from _managed(config, "/products", (line["product_id"] for line in lines))
    for parent in sorted({line["product_id"] for line in lines if line.get("variation_id")}):
        ids = (line["variation_id"] for line in lines if line["product_id"] == parent)
        found = yield from _managed(config, f"/products/{parent}/variations", ids)
        managed |= {one: managed.get(parent, True) if how == "parent" else how for one, how in found.items()}
    return {line["id"] for line in lines if managed.get(line.get("variation_id") or line["product_id"]) is False}


def _managed(config: WooCommerceConfig, path: str, ids: Iterable[int]) -> Flow[dict[int, bool | str]]:
    wanted = sorted(set(ids) - {0})
    managed: dict[int, bool | str] = {}
    for start in range(0, len(wanted), IDS_PER_CALL):
        some = ",".join(map(str, wanted[start : start + IDS_PER_CALL]))
        query = {"include": some, "per_page": str(IDS_PER_CALL), "_fields": "id,manage_stock"}
        # 404: the parent is gone.
        answer = yield Request(method="GET", url=config.api_url + path, query=query, repeatable=True, expected=(404,))
        managed |= {one["id"]: one["manage_stock"] for one in (answer.json() if answer.status != 404 else ())}
    return managed
