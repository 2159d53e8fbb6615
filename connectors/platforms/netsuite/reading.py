"""Reads what is available at each location, and which items are stocked."""

from connectors.catalog import CatalogEntry, ChannelStock, Page
from connectors.exchange import Flow
from connectors.platforms.netsuite.config import NetSuiteConfig
from connectors.platforms.netsuite.suiteql import COUNTED_ITEMS, ROWS_PER_CALL, Row, page, sku_of
from connectors.quantities import units_there


def stock_page(config: NetSuiteConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
    item, place = map(int, cursor.split(":")) if cursor else (0, 0)
    answer = yield from page(
        config,
        f"SELECT a.item, i.{config.sku_field} AS sku, a.location, a.quantityavailable "
        "FROM aggregateItemLocation a JOIN item i ON i.id = a.item "
        f"WHERE i.isinactive = 'F' AND i.itemtype IN {COUNTED_ITEMS} "
        f"AND (a.item > {item} OR (a.item = {item} AND a.location > {place})) ORDER BY a.item, a.location",
        ROWS_PER_CALL,
    )
    found: list[Row] = answer["items"]
    more = bool(answer["hasMore"])
    following = f"{found[-1]['item']}:{found[-1]['location']}" if more else None
    return Page(entries=tuple(map(_stock_of, found)), cursor=following, more=more)


def _stock_of(row: Row) -> ChannelStock:
    return ChannelStock(
        platform_ids={"item_id": row["item"]},
        sku=sku_of(row),
        location_id=row["location"],
        quantity=units_there(row["quantityavailable"]) if "quantityavailable" in row else None,
    )


def catalog_page(config: NetSuiteConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
    answer = yield from page(
        config,
        f"SELECT i.id, i.{config.sku_field} AS sku, i.displayname, i.islotitem, i.isserialitem FROM item i "
        f"WHERE i.isinactive = 'F' AND i.itemtype IN {COUNTED_ITEMS} AND i.id > {int(cursor or 0)} ORDER BY i.id",
        ROWS_PER_CALL,
    )
    found: list[Row] = answer["items"]
    more = bool(answer["hasMore"])
    return Page(entries=tuple(map(_entry_of, found)), cursor=found[-1]["id"] if more else None, more=more)


def _entry_of(row: Row) -> CatalogEntry:
    """Adjustments of lots and serial numbers would have to name them, which we cannot."""
    sku = sku_of(row)
    return CatalogEntry(
        platform_ids={"item_id": row["id"]},
        sku=sku,
        name=row.get("displayname") or sku or row["id"],
        tracked=row.get("islotitem") != "T" and row.get("isserialitem") != "T",
    )
