"""Stock in the inventory lists of B2C Commerce itself (OCAPI Data API), one product a call.

https://developer.salesforce.com/docs/commerce/b2c-commerce/references/ocapi-data-api?meta=Summary
https://developer.salesforce.com/docs/commerce/b2c-commerce/references/b2c-commerce-ocapi/resourcestates.html

What is written is the allocation. `stock_level` is what is left of it after the sales since (`inventory_turnover`) and,
where the site holds them apart, the open orders (`quantity_on_order`). Writing starts the turnover again from 0, but
not the open orders: so the allocation is what shall be for sale, and what open orders hold besides. `_resource_state`
goes back with it: a sale in between, which would be forgotten, makes B2C Commerce refuse (409). Whether `stock_level`
leaves out what is on order is described in two ways; the record itself shows it wherever some is left.
"""

from urllib.parse import quote

from connectors.catalog import ChannelStock, Page
from connectors.exchange import Flow, Response
from connectors.platforms.salesforce_commerce_cloud.config import Record, SalesforceConfig
from connectors.quantities import units_taken, units_there
from connectors.updates import Deferred, Rejected, StockUpdate, UpdateOutcome, as_kept, without_writing

UPDATES_MAX = 25
PER_PAGE = 200
TRIES = 3
STATE = "_resource_state"
NOT_TRACKED = Rejected("perpetual", "The record is in stock perpetually: switch that off in its inventory list.")
MOVED = Deferred("the record changed each time while it was being written", 1)


def write(config: SalesforceConfig, update: StockUpdate) -> Flow[UpdateOutcome]:
    """A product without a record in the list is given one."""
    api = config.records_api(update.location_id or "")
    path = f"/{quote(update.platform_ids['product_id'], safe='')}"
    for _ in range(TRIES):
        seen = yield api.get(path, expected=(404,))
        if seen.status < 300:
            record = seen.json()
            level = level_of(record, update.location_id or "")
            if level.quantity is None or level.committed is None:
                return NOT_TRACKED
            settled = without_writing(update, level.quantity - level.committed)
            if settled is not None:
                return settled
            method, amount, state = "PATCH", update.quantity + level.committed, record[STATE]
        elif _fault(seen)[0] == "ProductInventoryRecordNotFoundException":
            method, amount, state = "PUT", update.quantity, "not_exists"
        else:
            return Rejected(*_fault(seen))
        body = {"allocation": {"amount": amount}, STATE: state}
        # Not to be sent again at once: the state would have moved by our own first try.
        kept = yield api.send(method, path, body, repeatable=False, expected=(400, 404, 409))
        if kept.status < 300:
            return as_kept(update, units_there(kept.json()["stock_level"]))
        if kept.status != 409:
            return Rejected(*_fault(kept))
    return MOVED


def read(config: SalesforceConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
    """The lists one after the other."""
    position, start = map(int, (cursor or "0 0").split())
    place = config.location_ids[position]
    query = {"start": str(start), "count": str(PER_PAGE), "select": "(**)"}
    answer = yield from config.records_api(place).read("", query)
    levels = (level_of(record, place) for record in answer.get("data", ()))
    if start + PER_PAGE < answer["total"]:
        return Page.of(levels, f"{position} {start + PER_PAGE}")
    return Page.of(levels, f"{position + 1} 0" if position + 1 < len(config.location_ids) else None)


def problem_of(config: SalesforceConfig, place: str) -> Flow[str | None]:
    """What is wrong with a list, for the operator."""
    answer = yield config.records_api(place).get("", {"count": "1"}, expected=(403, 404))
    if answer.status == 403:
        return "Business Manager > Open Commerce API Settings > Data: allow this client the product_inventory_records."
    return f"location_ids: there is no inventory list {place}." if answer.status == 404 else None


def level_of(record: Record, place: str) -> ChannelStock:
    """What is on hand is what is for sale and what open orders hold besides; nothing where it is in stock for ever."""
    left = units_there(record["stock_level"])
    held = record.get("quantity_on_order") or 0
    if left > 0:
        allocation = (record.get("allocation") or {}).get("amount") or 0
        held = allocation - (record.get("inventory_turnover") or 0) - record["stock_level"]
    committed = max(0, units_taken(held))
    return ChannelStock(
        platform_ids={"product_id": record["product_id"]},
        sku=record["product_id"],
        location_id=place,
        quantity=None if record.get("perpetual_flag") else left + committed,
        committed=committed,
    )


def _fault(answer: Response) -> tuple[str, str]:
    fault = answer.json()["fault"]
    return str(fault["type"]), str(fault["message"])
