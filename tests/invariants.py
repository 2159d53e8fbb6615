"""What must be true of the database after every run, read with a client of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from pymongo import MongoClient

BUCKETS = ("available", "allocated", "incoming", "unavailable")


def assert_the_ledger_explains_the_stock(uri: str, database: str, *, oversold: bool = False) -> int:
    """Sum every posting and compare it with every bucket; check that versions have no gaps. Returns the entries."""
    with MongoClient[dict[str, Any]](uri) as client:
        items = {item["_id"]: item for item in client[database]["items"].find()}
        entries = list(client[database]["ledger"].find().sort("seq", 1))
        promised = _promised(client[database])
    assert_quotas_follow_from_draws(items.values(), entries)
    sums: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    versions: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        for line in entry["lines"]:
            cell = (line["locationId"], line["bucket"])
            sums[line["itemId"]][cell] += line["delta"]
            assert sums[line["itemId"]][cell] == line["after"], f"{entry['_id']} does not follow its predecessor"
        for mark in entry["items"]:
            versions[mark["id"]].append(mark["version"])
    for item_id, item in items.items():
        levels = {
            (location_id, bucket): level.get(bucket, 0)
            for location_id, level in item["levels"].items()
            for bucket in BUCKETS
        }
        assert levels == {cell: sums[item_id].get(cell, 0) for cell in levels}, f"{item['sku']} differs from its ledger"
        assert set(sums[item_id]) <= set(levels)
        for (location_id, bucket), quantity in levels.items():
            if bucket == "allocated":
                owed = promised.pop((item_id, location_id), 0)
                assert quantity == owed, f"{item['sku']} at {location_id}: {quantity} allocated, {owed} promised"
        assert oversold or min(levels.values(), default=0) >= -item["backorderLimit"]
        assert versions[item_id] == list(range(1, item["version"] + 1)), f"{item['sku']} has a gap in its versions"
    assert not any(promised.values()), f"promised, but allocated nowhere: {promised}"
    return len(entries)


def assert_quotas_follow_from_draws(items: Iterable[dict[str, Any]], entries: Iterable[dict[str, Any]]) -> None:
    """What was used of each quota is what the ledger's entries drew from it."""
    drawn: dict[str, int] = defaultdict(int)
    for entry in entries:
        for draw in entry.get("draws", ()):
            drawn[draw["quotaId"]] += draw["units"]
    for item in items:
        for quota_id, quota in item.get("quotas", {}).items():
            assert quota["used"] == drawn[quota_id], f"{item['sku']}: {quota}, {drawn[quota_id]} drawn"


def _promised(database: Any) -> dict[tuple[str, str], int]:
    """Units by item id and location that reservations and the orders of channels hold."""
    promised: dict[tuple[str, str], int] = defaultdict(int)
    for reservation in database["reservations"].find():
        for line in reservation["lines"]:
            held = line["quantity"] - line["fulfilled"] - line["released"]
            promised[line["itemId"], line["locationId"]] += held
            assert held == 0 or (held > 0 and reservation["state"] in ("held", "committed")), reservation
    for order in database["orders"].find():
        for line in order["lines"]:
            promised[line["itemId"], line["locationId"]] += line["allocated"]
    return promised
