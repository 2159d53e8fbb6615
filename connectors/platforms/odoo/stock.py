"""Writes and reads quantities. addons/stock/models/stock_quant.py in https://github.com/odoo/odoo

Odoo takes the quantity on hand, so what is promised to its own orders is added to what it shall offer. A write is a
look, a comparison of ours, the write, and a look whether it was taken. A sale confirmed in between is kept, because it
only promises; a delivery or count booked in between, within that one round trip, is overwritten.
Odoo's own check for conflicts would close that gap with two more calls per batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from connectors.catalog import CatalogEntry, ChannelStock, Page
from connectors.exchange import Flow
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.odoo.calls import Refused, ask, record_id
from connectors.platforms.odoo.config import OdooConfig
from connectors.quantities import PLACES, units_taken, units_there
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome, without_writing

PER_PAGE = 200
QUANTS_MAX = 1000


@dataclass(frozen=True, slots=True)
class _Count:
    """What the one plain quant (no lot, package or owner) of a product shall hold."""

    product_id: int
    quantity: float


def write(config: OdooConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    """One location after the other."""
    outcomes: dict[str, UpdateOutcome] = {}
    for location in dict.fromkeys(update.location_id for update in updates):
        outcomes |= yield from _write_at(config, int(location or ""), [u for u in updates if u.location_id == location])
    return [outcomes[update.idempotency_key] for update in updates]


def _write_at(config: OdooConfig, location_id: int, updates: Sequence[StockUpdate]) -> Flow[dict[str, UpdateOutcome]]:
    product_ids = [int(update.platform_ids["product_id"]) for update in updates]
    products = {
        product["id"]: product
        for product in (yield from _products(config, location_id, [["id", "in", product_ids]], len(product_ids)))
    }
    plain = yield from _plain_quants(config, [*_plain(location_id), ["product_id", "in", product_ids]])
    outcomes: dict[str, UpdateOutcome] = {}
    counts: dict[str, _Count] = {}
    for update, product_id in zip(updates, product_ids, strict=True):
        decided = _decide(config, update, products.get(product_id), plain.get(product_id, 0))
        if isinstance(decided, _Count):
            counts[update.idempotency_key] = decided
        else:
            outcomes[update.idempotency_key] = decided
    due = [update for update in updates if update.idempotency_key in counts]
    written = yield from write_in_parts(due, partial(_count, config, location_id, counts))
    return outcomes | dict(zip((update.idempotency_key for update in due), written, strict=True))


def _decide(
    config: OdooConfig, update: StockUpdate, product: dict[str, Any] | None, plain: float
) -> _Count | UpdateOutcome:
    storable, value = config.storable
    if product is None:
        return Rejected("not_found", "Odoo has no such product (any more): look its SKU up again.")
    if product[storable] != value:
        return Rejected("not_tracked", "Odoo keeps no stock of this product: switch on 'Track Inventory'.")
    if product["tracking"] != "none":
        return Rejected("tracked", f"Odoo counts this product by {product['tracking']} number, which we do not know.")
    offered = units_there(product["qty_available"] - product["outgoing_qty"])
    if (outcome := without_writing(update, offered)) is not None:
        return outcome
    elsewhere = product["qty_available"] - plain
    target = round(update.quantity + product["outgoing_qty"] - elsewhere, PLACES)
    if target < 0:
        reason = (
            f"{elsewhere:g} unit(s) lie in sub-locations, packages or with owners, where we do not count them away."
        )
        return Rejected("elsewhere", reason)
    return _Count(product["id"], target)


def _count(
    config: OdooConfig, location_id: int, counts: dict[str, _Count], updates: Sequence[StockUpdate]
) -> Flow[Sequence[UpdateOutcome] | Refusal]:
    """In inventory mode `create` finds the quant that is there and books the difference; without it, nothing happens.
    One bad row undoes the whole call."""
    targets = [counts[update.idempotency_key] for update in updates]
    rows = [
        {
            "product_id": target.product_id,
            "location_id": location_id,
            "inventory_quantity_auto_apply": target.quantity,
        }
        for target in targets
    ]
    context = {"inventory_mode": True, "inventory_name": f"inventory-gateway {updates[0].idempotency_key}"}
    try:
        quant_ids = yield from ask(config, "stock.quant", "create", vals_list=rows, context=context)
    except Refused as refused:
        return Refusal(refused.code, refused.reason)
    shown = yield from _plain_quants(config, [["id", "in", quant_ids]])
    return [
        _taken(update, target, shown.get(target.product_id)) for update, target in zip(updates, targets, strict=True)
    ]


def _taken(update: StockUpdate, target: _Count, shown: float | None) -> UpdateOutcome:
    if shown is not None and round(shown - target.quantity, PLACES) == 0:
        return Confirmed(update.quantity)
    return Deferred(f"Odoo has {shown} on hand after being told {target.quantity:g}")


def _plain(location_id: int) -> list[list[Any]]:
    none = ("lot_id", "package_id", "owner_id")
    return [["location_id", "=", location_id], *([name, "=", False] for name in none)]


def _plain_quants(config: OdooConfig, domain: list[Any]) -> Flow[dict[int, float]]:
    """Units on hand by product."""
    fields = ["product_id", "quantity"]
    quants = yield from ask(config, "stock.quant", "search_read", domain=domain, fields=fields, limit=QUANTS_MAX)
    return {record_id(quant["product_id"]) or 0: quant["quantity"] for quant in quants}


def _products(config: OdooConfig, location_id: int, domain: list[Any], limit: int) -> Flow[list[dict[str, Any]]]:
    """Quantities of the location and of those within it; `outgoing_qty` is everything promised, reserved or not."""
    fields = ["id", config.sku_field, "qty_available", "outgoing_qty", "tracking", config.storable[0]]
    found: list[dict[str, Any]] = yield from ask(
        config,
        "product.product",
        "search_read",
        domain=domain,
        fields=fields,
        order="id",
        limit=limit,
        context={"location": location_id},
    )
    return found


def stock_page(config: OdooConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
    """One location after the other; the cursor holds those still to come and the last product seen."""
    if cursor is None:
        locations, after = list(config.location_ids), 0
        if not locations:
            locations = list((yield from stock_locations(config)).values())
    else:
        locations, after = orjson.loads(cursor)
    if not locations:
        return Page(entries=(), cursor=None, more=False)
    current, *rest = locations
    storable, value = config.storable
    domain = [[config.sku_field, "!=", False], [storable, "=", value], ["id", ">", after]]
    found = yield from _products(config, current, domain, PER_PAGE)
    following = [locations, found[-1]["id"]] if len(found) == PER_PAGE else [rest, 0]
    more = bool(following[0])
    return Page(
        entries=tuple(_stock_of(config, product, current) for product in found),
        cursor=orjson.dumps(following).decode() if more else None,
        more=more,
    )


def _stock_of(config: OdooConfig, product: dict[str, Any], location_id: int) -> ChannelStock:
    return ChannelStock(
        platform_ids={"product_id": str(product["id"])},
        sku=product[config.sku_field] or None,
        location_id=str(location_id),
        quantity=units_there(product["qty_available"]),
        committed=units_taken(product["outgoing_qty"]),
    )


def stock_locations(config: OdooConfig) -> Flow[dict[int, int]]:
    """The stock location of each warehouse."""
    fields = ["id", "lot_stock_id"]
    found = yield from ask(config, "stock.warehouse", "search_read", domain=[], fields=fields, limit=PER_PAGE)
    return {warehouse["id"]: record_id(warehouse["lot_stock_id"]) or 0 for warehouse in found}


def catalog_page(config: OdooConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
    fields = ["id", config.sku_field, "display_name", "tracking", config.storable[0]]
    domain = [["id", ">", int(cursor or "0")]]
    found = yield from ask(
        config, "product.product", "search_read", domain=domain, fields=fields, order="id", limit=PER_PAGE
    )
    more = len(found) == PER_PAGE
    return Page(entries=tuple(_entries(config, found)), cursor=str(found[-1]["id"]) if more else None, more=more)


def _entries(config: OdooConfig, products: Sequence[dict[str, Any]]) -> Iterator[CatalogEntry]:
    storable, value = config.storable
    for product in products:
        yield CatalogEntry(
            platform_ids={"product_id": str(product["id"])},
            sku=product[config.sku_field] or None,
            name=product["display_name"],
            tracked=product[storable] == value and product["tracking"] == "none",
        )
