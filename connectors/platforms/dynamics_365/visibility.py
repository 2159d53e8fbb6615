"""Counts in the Inventory Visibility add-in, with the ERP's released products.

https://learn.microsoft.com/en-us/dynamics365/supply-chain/inventory/inventory-visibility-api

What we set is one measure of a data source of our own; what the ERP has is another source, which is never written. Its
own orders do not lower our measure, so our number overwrites and is written again after each of them. Inventory
Visibility takes any product's name in silence and says nothing about a write: products are looked up in the ERP first,
and what it shows is read back.
"""

from collections.abc import Iterable, Iterator, Sequence

from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.exchange import Flow
from connectors.looked_at import write_between_looks
from connectors.platforms.dynamics_365.services import PER_PAGE, Dynamics365Config, Record, any_of, erp
from connectors.quantities import units_there
from connectors.updates import Confirmed, Rejected, StockUpdate, UpdateOutcome

WAITS_SECONDS = (1.0, 2.0, 4.0)


def write(config: Dynamics365Config, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    def look(wanted: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
        numbers, places = _distinct(u.platform_ids["item_number"] for u in wanted), _distinct(map(_at, wanted))
        shown = yield from _counts(config, numbers, places)
        keys = {one.idempotency_key: (one.platform_ids["item_number"].lower(), _at(one)) for one in wanted}
        return {key: shown[place] for key, place in keys.items() if place in shown}

    def send(due: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        numbers = _distinct(update.platform_ids["item_number"] for update in due)
        products = yield from erp(config, "ReleasedProductsV2", any_of("ItemNumber", numbers), "ItemNumber")
        known = {product["ItemNumber"] for product in products}
        there = [update for update in due if update.platform_ids["item_number"] in known]
        if there:
            yield config.iv(f"/setonhand/{config.data_source}/bulk", [_count(config, update) for update in there])
        missing = Rejected("not_found", "Dynamics has no such released product in this legal entity.")
        return [Confirmed(update.quantity) if update in there else missing for update in due]

    return (yield from write_between_looks(updates, look, send, WAITS_SECONDS))


def read_stock(config: Dynamics365Config, cursor: str | None) -> Flow[Page[ChannelStock]]:
    """Product by product of the ERP's, for the add-in has no pages."""
    products, following = yield from _products(config, cursor)
    numbers = [product["ItemNumber"] for product in products]
    shown = (yield from _counts(config, numbers, config.warehouses)) if numbers else {}
    levels = (
        ChannelStock(
            platform_ids={"item_number": number},
            sku=number,
            location_id=place,
            quantity=shown.get((number.lower(), place)),
        )
        for number in numbers
        for place in config.warehouses
    )
    return Page.of(levels, following)


def read_catalog(config: Dynamics365Config, cursor: str | None) -> Flow[Page[CatalogEntry]]:
    products, following = yield from _products(config, cursor)
    entries = (
        CatalogEntry(
            platform_ids={"item_number": one["ItemNumber"]},
            sku=one["ItemNumber"],
            name=one.get("ProductName") or one["ItemNumber"],
            tracked=True,
        )
        for one in products
    )
    return Page.of(entries, following)


def check(config: Dynamics365Config) -> Flow[ChannelCheck]:
    products = yield from erp(config, "ReleasedProductsV2", "", "ItemNumber", 1)
    yield from erp(config, "SalesOrderHeadersV2", "", "SalesOrderNumber", 1)
    yield from _counts(config, [product["ItemNumber"] for product in products] or ["-"], config.warehouses)
    return ChannelCheck(
        summary=f"Connected to the legal entity {config.organization_id} of {config.fno_url}",
        locations=tuple(ChannelLocation(location_id=place, name=place) for place in config.warehouses),
    )


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _at(update: StockUpdate) -> str:
    return update.location_id or ""


def _products(config: Dynamics365Config, cursor: str | None) -> Flow[tuple[list[Record], str | None]]:
    after = "" if cursor is None else "ItemNumber gt '{}'".format(cursor.replace("'", "''"))
    found = yield from erp(config, "ReleasedProductsV2", after, "ItemNumber")
    return found, found[-1]["ItemNumber"] if len(found) == PER_PAGE else None


def _count(config: Dynamics365Config, update: StockUpdate) -> Record:
    site, _, warehouse = _at(update).partition("/")
    return {
        "id": update.idempotency_key,
        "organizationId": config.organization_id,
        "productId": update.platform_ids["item_number"],
        "dimensionDataSource": config.data_source,
        "dimensions": {"siteId": site, "locationId": warehouse},
        "quantities": {config.data_source: {config.measure: update.quantity}},
        "modifiedDateTimeUTC": update.as_of.isoformat().replace("+00:00", "Z"),
    }


def _counts(
    config: Dynamics365Config, numbers: Sequence[str], places: Sequence[str]
) -> Flow[dict[tuple[str, str], int]]:
    """Our measure by product and place, a call for each site: of sites times warehouses 100 may be asked for at once.
    Names come back in lower case, and what was never set is missing."""
    by_site: dict[str, list[str]] = {}
    for place in places:
        site, _, warehouse = place.partition("/")
        by_site.setdefault(site, []).append(warehouse)
    shown: dict[tuple[str, str], int] = {}
    for site, warehouses in by_site.items():
        filters = {
            "organizationId": [config.organization_id],
            "productId": list(numbers),
            "siteId": [site],
            "locationId": warehouses,
        }
        query = {"filters": filters, "groupByValues": [], "returnNegative": True}
        shown |= _measured(config, (yield config.iv("/onhand/indexquery", query)).json())
    return shown


def _measured(config: Dynamics365Config, rows: Sequence[Record]) -> Iterator[tuple[tuple[str, str], int]]:
    for row in rows:
        at = {name.lower(): value for name, value in row["dimensions"].items()}
        own = row["quantities"].get(config.data_source.lower(), {})
        if config.measure.lower() in own:
            place = f"{at['siteid']}/{at['locationid']}"
            yield (row["productId"].lower(), place), units_there(own[config.measure.lower()])
