"""Counts of products in Dataverse: a column of the product, which its own orders leave alone.

https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/update-delete-entities-using-web-api
https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/perform-conditional-operations-using-web-api

A write names the version of the record that was looked at (`If-Match`): a record that somebody else changed in between
is looked at again (412), and none is made. The answer shows what was kept. It has no locations: ours all feed the one
number. That the column can be written is inferred.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.exchange import Flow
from connectors.one_by_one import one_by_one
from connectors.platforms.dynamics_365.services import Dynamics365Config, Record, any_of
from connectors.quantities import units_there
from connectors.updates import Deferred, Rejected, StockUpdate, UpdateOutcome, as_kept, without_writing

PLACE = "dataverse"
"""What the one place is called."""
TRIES = 3
PRODUCTS_PER_PAGE = 500
KEPT = {"$select": "quantityonhand"}
COLUMNS = {"$select": "productid,productnumber,name,quantityonhand"}
NO_PRODUCT = Rejected("not_found", "Dynamics has no product of this number.")
MOVED = Deferred("the product changed each time while it was being written", 1)


def rows(
    config: Dynamics365Config, table: str, query: Mapping[str, str], per_page: int
) -> Flow[tuple[list[Record], str | None]]:
    """A page, and the query of the next one: it goes to the address that was entered, whatever the link says."""
    request = config.dataverse.get(f"/{table}", query)
    answer = (yield replace(request, headers={**request.headers, "Prefer": f"odata.maxpagesize={per_page}"})).json()
    link = answer.get("@odata.nextLink")
    return answer["value"], None if link is None else urlsplit(link).query


def query_of(place: str | None, first: Mapping[str, str]) -> Mapping[str, str]:
    return first if place is None else dict(parse_qsl(place))


def write(config: Dynamics365Config, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    numbers = list(dict.fromkeys(update.platform_ids["item_number"] for update in updates))
    products = yield from _products(config, numbers)

    def write_one(update: StockUpdate) -> Flow[UpdateOutcome]:
        number = update.platform_ids["item_number"]
        product = products.get(number)
        for _ in range(TRIES):
            if product is None:
                return NO_PRODUCT
            settled = without_writing(update, _units(product))
            if settled is not None:
                return settled
            path, body = f"/products({product['productid']})", {"quantityonhand": update.quantity}
            # Not to be sent again at once: the version would have moved by our own first try.
            request = config.dataverse.send("PATCH", path, body, repeatable=False, query=KEPT, expected=(404, 412))
            version = {"If-Match": product["@odata.etag"], "Prefer": "return=representation"}
            answer = yield replace(request, headers={**request.headers, **version})
            if answer.status < 300:
                return as_kept(update, _units(answer.json()))
            product = (yield from _products(config, [number])).get(number)
        return MOVED

    return (yield from one_by_one(updates, write_one))


def read_stock(config: Dynamics365Config, cursor: str | None) -> Flow[Page[ChannelStock]]:
    products, following = yield from _all(config, cursor)
    levels = (
        ChannelStock(
            platform_ids={"item_number": one["productnumber"]},
            sku=one["productnumber"],
            location_id=PLACE,
            quantity=_units(one),
        )
        for one in products
    )
    return Page.of(levels, following)


def read_catalog(config: Dynamics365Config, cursor: str | None) -> Flow[Page[CatalogEntry]]:
    products, following = yield from _all(config, cursor)
    entries = (
        CatalogEntry(
            platform_ids={"item_number": one["productnumber"]},
            sku=one["productnumber"],
            name=one["name"],
            tracked=True,
        )
        for one in products
    )
    return Page.of(entries, following)


def check(config: Dynamics365Config) -> Flow[ChannelCheck]:
    for table in ("products", "salesorders", "salesorderdetails"):
        yield config.dataverse.get(f"/{table}", {"$top": "1"})
    return ChannelCheck(
        summary=f"Connected to {config.dataverse_url}",
        locations=(ChannelLocation(location_id=PLACE, name="The one number of each product"),),
    )


def _all(config: Dynamics365Config, cursor: str | None) -> Flow[tuple[list[Record], str | None]]:
    query = query_of(cursor, {**COLUMNS, "$orderby": "productnumber"})
    return rows(config, "products", query, PRODUCTS_PER_PAGE)


def _products(config: Dynamics365Config, numbers: Sequence[str]) -> Flow[dict[str, Record]]:
    query = {**COLUMNS, "$filter": any_of("productnumber", numbers)}
    found, _ = yield from rows(config, "products", query, PRODUCTS_PER_PAGE)
    return {product["productnumber"]: product for product in found}


def _units(product: Record) -> int:
    """None was never counted, so there is none."""
    return units_there(product["quantityonhand"] or 0)
