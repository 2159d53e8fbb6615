"""Stock in Omnichannel Inventory: on hand per location, up to 100 records a call.

https://developer.salesforce.com/docs/commerce/commerce-api/references/inventory-availability?meta=Summary

Commerce takes its own reservations off the count on hand: what they hold is in the number that is written. It cannot
compare, but a sale in between only raises what is reserved and so survives. A record's `id` has an effect once: it is
the same on a repetition, and another one when something else was there before. What is read lags by seconds. Shipments
are taken off a count that is older than they are, so one that is told of late stays in it until counts are compared.
"""

import re
from collections.abc import Sequence
from datetime import UTC
from uuid import NAMESPACE_OID, uuid5

from connectors.catalog import ChannelStock
from connectors.errors import Permanent
from connectors.exchange import Flow, Response
from connectors.looked_at import write_between_looks
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.salesforce_commerce_cloud.config import Record, SalesforceConfig
from connectors.quantities import units_taken, units_there
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome

UPDATES_MAX = 100
LOOKS_SECONDS = (1.0, 2.0, 4.0)
SKU = re.compile(r"[^\\<>;%/\s]{2,250}")
NO_SKU = Rejected(
    "sku", "Omnichannel Inventory takes SKUs of two characters or more, none of them a space or \\ < > ; % /."
)
_PASSING = frozenset(
    ("InventoryReset", "ConcurrentModification", "ImportInProgress", "TenantResetInProgress", "Unknown")
)


def write(config: SalesforceConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    """A product without a record at the location is given one."""
    before: dict[str, ChannelStock] = {}

    def look(some: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
        # What is reserved since the first look is a sale of its own, which our write has not taken away.
        found = yield from _levels(config, some)
        return {key: _on_hand(level) - _held(before.setdefault(key, level)) for key, level in found.items()}

    def send(part: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
        records = [_record(update, before.get(update.idempotency_key)) for update in part]
        api, path = config.inventory_api("availability"), "/availability-records/actions/batch-update"
        answer = yield api.send("POST", path, {"records": records}, repeatable=True, expected=(400,))
        if answer.status == 400:
            return Refusal(answer.json()["errorCode"], answer.json()["message"])
        # 204 without a body says that all were taken.
        failed = answer.json()["errors"] if answer.status == 200 else ()
        failures = {one["details"]["id"]: _failure(one) for one in failed}
        return [
            failures.get(record["id"], Confirmed(update.quantity)) for update, record in zip(part, records, strict=True)
        ]

    fitting = [update for update in updates if SKU.fullmatch(update.platform_ids["product_id"])]
    written = yield from write_between_looks(fitting, look, lambda due: write_in_parts(due, send), LOOKS_SECONDS)
    outcomes = {update.idempotency_key: outcome for update, outcome in zip(fitting, written, strict=True)}
    return [outcomes.get(update.idempotency_key, NO_SKU) for update in updates]


def problem_of(config: SalesforceConfig, place: str) -> Flow[str | None]:
    """What is wrong with a location, for the operator."""
    answer = yield from _available(config, ["inventory-gateway"], place)
    return None if answer.status < 300 else f"location_ids: there is no location {place} in the tenant group."


def level_of(record: Record, place: str) -> ChannelStock:
    return ChannelStock(
        platform_ids={"product_id": record["sku"]},
        sku=record["sku"],
        location_id=place,
        quantity=units_there(record.get("onHand") or 0),
        committed=units_taken(record.get("reserved") or 0),
    )


def _levels(config: SalesforceConfig, updates: Sequence[StockUpdate]) -> Flow[dict[str, ChannelStock]]:
    """By idempotency key, without those of which there is no record."""
    found: dict[tuple[str | None, str | None], ChannelStock] = {}
    for place in dict.fromkeys(update.location_id or "" for update in updates):
        skus = {update.platform_ids["product_id"] for update in updates if update.location_id == place}
        answer = yield from _available(config, sorted(skus), place)
        places = answer.json()["locations"] if answer.status < 300 else ()
        levels = (level_of(record, place) for one in places for record in one["records"])
        found |= {(level.sku, place): level for level in levels}
    wanted = {update.idempotency_key: (update.platform_ids["product_id"], update.location_id) for update in updates}
    return {key: found[at] for key, at in wanted.items() if at in found}


def _available(config: SalesforceConfig, skus: Sequence[str], place: str) -> Flow[Response]:
    """400 only where there is no such location."""
    api, path = config.inventory_api("availability"), "/availability-records/actions/get-availability"
    answer = yield api.send("POST", path, {"skus": skus, "locations": [place]}, repeatable=True, expected=(400,))
    if answer.status == 400 and answer.json()["errorCode"] != "LocationDoesNotExist":
        raise Permanent(f"Omnichannel Inventory refuses a look at {place}: {answer.json()['message']}")
    return answer


def _record(update: StockUpdate, level: ChannelStock | None) -> Record:
    on_hand = update.quantity + (_held(level) if level else 0)
    before = _on_hand(level) if level else None
    return {
        "location": update.location_id,
        "sku": update.platform_ids["product_id"],
        "id": str(uuid5(NAMESPACE_OID, f"{update.idempotency_key} {before} {on_hand}")),
        "onHand": on_hand,
        "effectiveDate": update.as_of.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def _failure(error: Record) -> UpdateOutcome:
    code, reason = error["errorCode"], error["message"]
    return Deferred(f"{code}: {reason}") if code in _PASSING else Rejected(code, reason)


def _on_hand(level: ChannelStock) -> int:
    return level.quantity or 0


def _held(level: ChannelStock) -> int:
    return level.committed or 0
