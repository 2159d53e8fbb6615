"""PrestaShop 1.7 to 9, Webservice: available count of each product or combination; orders by polling.

https://devdocs.prestashop-project.org/9/webservice/ and
https://devdocs.prestashop-project.org/9/webservice/tutorials/advanced-use/

The core has no webhooks. PrestaShop lowers its own count when an order is placed and raises it when one is cancelled.
A write cannot compare: rows are looked at just before, written whole (PUT, which every version takes; JSON is answered
but never read) and looked at again. A document of several rows is not a transaction, its numbers are absolute. Times
are the shop's own, without a zone: in the hour that is repeated in autumn two changes of one order may be taken in the
wrong order.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from xml.etree import ElementTree

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth, Basic
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelStock, Page
from connectors.exchange import Flow, Response
from connectors.listing_ids import ListingIds
from connectors.looked_at import write_between_looks
from connectors.messages import MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.prestashop.config import PrestaShopConfig, Record
from connectors.platforms.prestashop.orders import events_of, ids_of, one_of
from connectors.polling import PollCursor, from_clock
from connectors.reached import Reached
from connectors.updates import Confirmed, Rejected, StockUpdate, UpdateOutcome

PER_PAGE, ORDERS_PER_PAGE = 500, 50
LATEST = "2999-12-31 23:59:59"
ROW = ("id", "id_product", "id_product_attribute", "id_shop", "id_shop_group", "quantity", "depends_on_stock")
ROW_OPTIONAL = ("out_of_stock", "location")
NO_ROW = Rejected("not_found", "PrestaShop has no such product or combination (any more): look its SKU up again.")
COUNTED_ELSEWHERE = Rejected("133", "PrestaShop computes this product's count from its warehouses.")


class PrestaShop(Connector[PrestaShopConfig]):
    name, title, config_type = "prestashop", "PrestaShop", PrestaShopConfig
    # The core has no limit; the host may have one.
    pace = Pace(burst=20, per_second=5)
    signature = None
    topics: ClassVar[Mapping[str, MessageKind]] = {}
    stock = StockAbilities(writes=StockWrites.LOOK_AND_SET, updates_max=50, per_location=False)
    listing_ids = ListingIds(required={"product_id": r"[1-9]\d{0,9}", "combination_id": r"\d{1,10}"})
    setup = (
        "Advanced Parameters > Webservice: enable it and add a key that may GET orders, order_details, order_states, "
        "products, combinations and stock_availables, and PUT stock_availables.",
        "Where the host strips the Authorization header, switch on the webservice's CGI mode there.",
    )

    def auth(self, config: PrestaShopConfig) -> Auth:
        return Basic(config.ws_key.get_secret_value(), "")

    def calls_at_once(self, config: PrestaShopConfig) -> int:
        return 4

    def set_stock(self, config: PrestaShopConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        rows: dict[str, Record] = {}

        def look(some: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            rows.update((yield from _rows(config, some)))
            return {key: int(row["quantity"]) for key, row in rows.items()}

        def write(due: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
            refused = {update.idempotency_key: _refused(rows.get(update.idempotency_key)) for update in due}
            good = [update for update in due if refused[update.idempotency_key] is None]
            written = iter((yield from write_in_parts(good, send)))
            return [refused[update.idempotency_key] or next(written) for update in due]

        def send(part: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
            changed = [rows[update.idempotency_key] | {"quantity": str(update.quantity)} for update in part]
            answer = yield config.put("stock_availables", _document("stock_available", changed))
            if answer.status < 300:
                return [Confirmed(update.quantity) for update in part]
            return Refusal(str(answer.status), f"PrestaShop refuses the row: {_reason(answer)}")

        return (yield from write_between_looks(updates, look, write))

    def read_stock(self, config: PrestaShopConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        """The sum over a product's combinations comes along as the row of a combination 0 that nobody lists."""
        offset = int(cursor or 0)
        page = {"display": "full", "sort": "[id_ASC]", "limit": f"{offset},{PER_PAGE}"}
        rows = yield from config.read("stock_availables", **page)
        levels = (
            ChannelStock(
                platform_ids=ids_of(row["id_product"], row["id_product_attribute"]),
                sku=None,
                location_id=None,
                quantity=int(row["quantity"]),
            )
            for row in rows
        )
        return Page.of(levels, offset + PER_PAGE if len(rows) == PER_PAGE else None)

    def read_catalog(self, config: PrestaShopConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        """First the products without combinations, then the combinations."""
        resource, _, offset = (cursor or "products 0").partition(" ")
        own = "cache_default_attribute" if resource == "products" else "id_product"
        page = {
            "display": f"[id,{own},{config.sku_field}]",
            "sort": "[id_ASC]",
            "limit": f"{offset},{PER_PAGE}",
        }
        found = yield from config.read(resource, **page)
        following = f"{resource} {int(offset) + PER_PAGE}" if len(found) == PER_PAGE else None
        if resource == "products":
            following = following or "combinations 0"
            found = [
                product | {"id_product": product["id"], "id": 0} for product in found if not int(product[own] or 0)
            ]
        return Page.of((_entry(config, one) for one in found), following)

    def read_orders(
        self, config: PrestaShopConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        reached = Reached.read(place, config.local(from_clock(place.since, config.shop_timezone)))
        query = {
            "display": "full",
            "date": "1",
            "filter[date_upd]": f"[{reached.start},{LATEST}]",
            "sort": "[date_upd_ASC,id_ASC]",
            "limit": f"{(reached.page - 1) * ORDERS_PER_PAGE},{ORDERS_PER_PAGE}",
        }
        orders = yield from config.read("orders", **query)
        more = len(orders) == ORDERS_PER_PAGE
        return place.page(
            (yield from events_of(config, orders)), reached.after(orders[-1]["date_upd"]) if more else None
        )

    def read_order(self, config: PrestaShopConfig, order_id: str) -> Flow[OrderEvent | None]:
        answer = yield config.one(f"/orders/{int(order_id)}")
        if answer.status == 404:
            return None
        return (yield from events_of(config, [answer.json()["order"]]))[0]

    def check(self, config: PrestaShopConfig) -> Flow[ChannelCheck]:
        for resource in ("orders", "order_details", "products", "combinations", "stock_availables"):
            yield from config.read(resource, limit="1")
        known = {int(state["id"]) for state in (yield from config.read("order_states", display="full"))}
        named = {"cancelled_states": config.cancelled_states, "ended_states": config.ended_states}
        problems = tuple(
            f"{setting}: the shop has no order state {unknown}; see Shop Parameters > Order Settings."
            for setting, states in named.items()
            if (unknown := sorted(set(states) - known))
        )
        return ChannelCheck(summary=f"Connected to {config.base_url}", problems=problems)


def _reason(answer: Response) -> str:
    """A 404 may have no body at all."""
    errors = answer.json()["errors"] if answer.body else [{"message": "it is gone"}]
    return "; ".join(str(error["message"]) for error in errors)


def _refused(row: Record | None) -> Rejected | None:
    if row is None:
        return NO_ROW
    return COUNTED_ELSEWHERE if int(row.get("depends_on_stock") or 0) else None


def _rows(config: PrestaShopConfig, updates: Sequence[StockUpdate]) -> Flow[dict[str, Record]]:
    """By idempotency key."""
    ids = {name: one_of(update.platform_ids[name] for update in updates) for name in ("product_id", "combination_id")}
    filters = {"filter[id_product]": ids["product_id"], "filter[id_product_attribute]": ids["combination_id"]}
    found = yield from config.read("stock_availables", display="full", **filters)
    rows = {tuple(ids_of(row["id_product"], row["id_product_attribute"]).values()): row for row in found}
    wanted = {one.idempotency_key: tuple(one.platform_ids[name] for name in ids) for one in updates}
    return {key: rows[own] for key, own in wanted.items() if own in rows}


def _document(element: str, rows: Iterable[Record]) -> bytes:
    """Every field as it was read: what is left out of a PUT becomes empty. No white space between values."""
    root = ElementTree.Element("prestashop")
    for row in rows:
        one = ElementTree.SubElement(root, element)
        for name in (*ROW, *(optional for optional in ROW_OPTIONAL if optional in row)):
            ElementTree.SubElement(one, name).text = str(row[name])
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _entry(config: PrestaShopConfig, found: Record) -> CatalogEntry:
    sku = found[config.sku_field] or None
    ids = ids_of(found["id_product"], found["id"])
    name = f"product {ids['product_id']}" + (f", combination {found['id']}" if found["id"] else "")
    return CatalogEntry(platform_ids=ids, sku=sku, name=name, tracked=True)
