"""Sales of the X-Series as ours, each with what later ones took back of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from connectors.errors import Permanent
from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.order_lines import lines_by_product
from connectors.platforms.lightspeed_xseries.config import LightspeedXSeriesConfig, Record
from connectors.quantities import units_taken

SEARCH_PAGE, SEARCHED_MAX = 1_000, 20_000
PRODUCTS_MAX = 10
"""Products of a sale that are looked up one by one; those of a longer one all count."""


def moment(sale: Record) -> datetime:
    """Notifications state no zone; it is UTC."""
    at = datetime.fromisoformat(sale["updated_at"])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def references_in(sale: Record) -> list[OrderReference]:
    """To the sale, and to the one of which it takes something back."""
    ids = [some for some in (sale["id"], sale.get("return_for")) if some]
    return [OrderReference(order_id=some, kind=MessageKind.ORDER_UPDATED, occurred_at=moment(sale)) for some in ids]


def sales_since(config: LightspeedXSeriesConfig, date: str) -> Flow[list[Record]]:
    """All of them. Raises `Permanent` when there are too many to look through."""
    found: list[Record] = []
    while len(found) < SEARCHED_MAX:
        query = {"type": "sales", "date_from": date, "page_size": str(SEARCH_PAGE), "offset": str(len(found))}
        page = (yield from config.sales_api.read("/search", query))["data"]
        found += page
        if len(page) < SEARCH_PAGE:
            return found
    raise Permanent(f"X-Series shows more than {SEARCHED_MAX:,} sales since {date}: what came back is not looked for")


def read_untracked(config: LightspeedXSeriesConfig, sale: Record) -> Flow[frozenset[str]]:
    """Products of the sale that are not counted: a line does not say, the product's has_inventory does
    (GetProductByID in https://x-series-api.lightspeedhq.com/openapi/api-2026-07.yaml). Composites consist of others."""
    products = list(dict.fromkeys(line["product_id"] for line in sale["line_items"]))
    found: set[str] = set()
    for product_id in products if len(products) <= PRODUCTS_MAX else ():
        answer = yield config.api.get(f"/products/{quote(product_id, safe='')}", expected=(404,))
        product = {} if answer.status == 404 else answer.json()["data"]
        if product and not product["has_inventory"] and not product["is_composite"]:
            found.add(product_id)
    return frozenset(found)


def _stage(status: str) -> OrderStage:
    """LAYBY, ONACCOUNT, AWAITING_DISPATCH, AWAITING_PICKUP, and whatever may be added, are promised."""
    if status.endswith("CLOSED"):
        return OrderStage.FULFILLED
    return {"SAVED": OrderStage.PENDING, "VOIDED": OrderStage.CANCELLED}.get(status, OrderStage.OPEN)


def _units(sales: Iterable[Record], sign: int) -> Counter[str]:
    """Of each product, sold (1) or taken back (-1)."""
    units: Counter[str] = Counter()
    for sale in sales:
        for line in sale["line_items"]:
            if line["quantity"] * sign > 0 and line.get("status") != "VOIDED":
                units[line["product_id"]] += units_taken(line["quantity"] * sign)
    return units


def event_of(sale: Record, returns: Sequence[Record], untracked: Collection[str]) -> OrderEvent:
    """`returns`: later sales that take something back of it."""
    stage = _stage(sale["status"])
    back = sorted((some for some in returns if _stage(some["status"]) is OrderStage.FULFILLED), key=moment)
    returned_to = {product: some["outlet_id"] for some in back for product in _units([some], -1)}
    return OrderEvent(
        order_id=sale["id"],
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=max(moment(some) for some in (sale, *returns)),
        stage=stage,
        status=sale["status"],
        name=sale["invoice_number"],
        lines=lines_by_product(
            stage,
            "product_id",
            _units([sale], 1),
            _units(back, -1),
            returned_to,
            untracked,
            location_id=sale["outlet_id"],
        ),
    )
