"""Changes available quantities, by inventory adjustments.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_158514992076.html (asynchronous requests)
An adjustment moves the quantity on hand, and available moves with it: available is what we read and aim at, so what
NetSuite has committed to its own orders never has to be added. There is no absolute write: where the change is not
known, it is the difference to what is there at that moment.

Each adjustment is a record with an external id of its own, which NetSuite accepts once. Whether a refused or lost one
is there is found by that id, not by the text of an error, which is not documented.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from connectors.errors import Permanent, Retriable
from connectors.exchange import Flow, Request, Response, Wait
from connectors.one_by_one import one_by_one
from connectors.platforms.netsuite.config import NetSuiteConfig
from connectors.platforms.netsuite.suiteql import id_list, rows
from connectors.quantities import units_there
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome

UPDATES_MAX = 100
"""Records that one asynchronous request may hold."""
ONE_BY_ONE_MAX = 5
LOOKS_SECONDS = (1.0, 2.0, 3.0, 4.0)
"""The pauses between two looks at a job. One that takes longer is found again when the same updates are sent again."""
STILL_WORKING = Deferred("NetSuite is still working on the adjustments", 5)


def write(config: NetSuiteConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
    """Nothing is posted for a change of zero: each adjustment is an entry in the company's ledger."""
    changes = yield from _changes(config, updates)
    due = [update for update in updates if changes.get(update.idempotency_key)]
    outcomes: dict[str, UpdateOutcome] = {}
    if len(due) > ONE_BY_ONE_MAX:
        outcomes = yield from _write_as_job(config, due, changes)
    left = [update for update in due if update.idempotency_key not in outcomes]
    alone = left[:ONE_BY_ONE_MAX]
    written = yield from one_by_one(alone, lambda one: _write_one(config, one, changes[one.idempotency_key]))
    outcomes |= {update.idempotency_key: STILL_WORKING for update in left}
    outcomes |= {update.idempotency_key: outcome for update, outcome in zip(alone, written, strict=True)}
    return [outcomes.get(update.idempotency_key) or _unwritten(update, changes) for update in updates]


def _unwritten(update: StockUpdate, changes: Mapping[str, int]) -> UpdateOutcome:
    if update.idempotency_key in changes:
        return Confirmed(update.quantity)
    return Rejected("not_stocked", "NetSuite does not keep this item at this location.")


def _changes(config: NetSuiteConfig, updates: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
    """By idempotency key, without those whose item is not kept at the location. An empty quantity of an item that is
    kept there counts as none."""
    changes = {update.idempotency_key: update.delta for update in updates if update.delta is not None}
    unknown = [update for update in updates if update.delta is None]
    if unknown:
        items, places = ({update.platform_ids["item_id"] for update in unknown}, {u.location_id for u in unknown})
        found = yield from rows(
            config,
            "SELECT a.item, a.location, a.quantityavailable FROM aggregateItemLocation a "
            f"WHERE a.item IN {id_list(sorted(items))} AND a.location IN {id_list(sorted(filter(None, places)))} "
            "ORDER BY a.item, a.location",
        )
        available = {(row["item"], row["location"]): units_there(row.get("quantityavailable", "0")) for row in found}
        for update in unknown:
            there = available.get((update.platform_ids["item_id"], update.location_id or ""))
            if there is not None:
                changes[update.idempotency_key] = update.quantity - there
    return changes


def _external_id(update: StockUpdate) -> str:
    return f"gw-{sha256(update.idempotency_key.encode()).hexdigest()[:40]}"


def _adjustment(config: NetSuiteConfig, update: StockUpdate, change: int) -> dict[str, Any]:
    """Without a date, it is of today in the company's own time zone."""
    place = {"id": update.location_id}
    line = {"item": {"id": update.platform_ids["item_id"]}, "location": place, "adjustQtyBy": change}
    subsidiary = {"subsidiary": {"id": config.subsidiary_id}} if config.subsidiary_id else {}
    return {
        "externalId": _external_id(update),
        **subsidiary,
        "account": {"id": config.adjustment_account_id},
        "adjLocation": place,
        "memo": "inventory gateway",
        "inventory": {"items": [line]},
    }


def _url(config: NetSuiteConfig) -> str:
    return f"{config.rest_url}/record/v1/inventoryAdjustment"


def _write_one(config: NetSuiteConfig, update: StockUpdate, change: int) -> Flow[UpdateOutcome]:
    body = _adjustment(config, update, change)
    response = yield Request.json("POST", _url(config), body, repeatable=True, expected=(400,))
    if response.status == 204:
        return Confirmed(update.quantity)
    if response.status != 400:
        raise Retriable(f"NetSuite answered {response.status} to an adjustment, which says nothing")
    url = f"{_url(config)}/eid:{body['externalId']}"
    known = yield Request(method="GET", url=url, query={"fields": "id"}, repeatable=True, expected=(404,))
    if known.status == 200:
        return Confirmed(update.quantity)
    refused = _first_error(response)
    if refused.get("o:errorPath", "").startswith(("account", "subsidiary")):
        raise Permanent(f"NetSuite refuses adjustments: {refused['detail']}")
    return Rejected(refused["o:errorCode"], refused["detail"])


def _first_error(response: Response) -> dict[str, str]:
    first: dict[str, str] = response.json()["o:errorDetails"][0]
    return first


def _write_as_job(
    config: NetSuiteConfig, updates: Sequence[StockUpdate], changes: Mapping[str, int]
) -> Flow[dict[str, UpdateOutcome]]:
    """Outcomes by idempotency key; none for those that the job could not write."""
    external_ids = {_external_id(update): update for update in updates}
    items = [_adjustment(config, update, changes[update.idempotency_key]) for update in updates]
    request = Request.json("POST", _url(config), {"items": items}, repeatable=True, expected=(400,))
    headers = {
        "Content-Type": "application/vnd.oracle.resource+json; type=collection",
        "Prefer": "respond-async",
        "X-NetSuite-Idempotency-Key": str(uuid5(NAMESPACE_OID, " ".join(external_ids))),
    }
    response = yield replace(request, headers={**request.headers, **headers})
    if response.status == 400 and (refused := _first_error(response))["o:errorCode"] != "IDEMPOTENCY_ERROR":
        raise Permanent(f"NetSuite refuses adjustments: {refused['detail']}")
    # Given again, the key leads to the job that it was given first.
    finished = yield from _finished(config, response.headers["Location"].rpartition("/")[2])
    if not finished:
        return {update.idempotency_key: STILL_WORKING for update in updates}
    quoted = ", ".join(f"'{external_id}'" for external_id in external_ids)
    written = yield from rows(
        config,
        "SELECT t.externalid FROM transaction t "
        f"WHERE t.type = 'InvAdjst' AND t.externalid IN ({quoted}) ORDER BY t.id",
    )
    done = [external_ids[row["externalid"]] for row in written]
    return {update.idempotency_key: Confirmed(update.quantity) for update in done}


def _finished(config: NetSuiteConfig, job_id: str) -> Flow[bool]:
    for seconds in LOOKS_SECONDS:
        yield Wait(seconds)
        url = f"{config.rest_url}/async/v1/job/{int(job_id)}"
        if (yield Request(method="GET", url=url, repeatable=True)).json()["completed"]:
            return True
    return False
