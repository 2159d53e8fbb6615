"""What is remembered of suppliers' deliveries, and up to which arrival."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, ReplaceOne
from pymongo.errors import PyMongoError

from gateway.inventory.inbound import INBOUND, InboundOrder
from gateway.planning.deliveries import History, HistoryKey, Learnt
from gateway.planning.lead_time import Delivery, Observed
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key
from gateway.store.inbound import read_inbound

_PROGRESS = "lead_times"


class LeadTimeStore:
    """Implements `gateway.operations.lead_time_fold.Histories` and `Arrivals`: a document per supplier and item."""

    def __init__(self, database: Database) -> None:
        self._histories = database["lead_times"]
        self._progress = database["planning"]
        self._purchases = database[INBOUND]

    async def arrived(self, after: Learnt, until: datetime, limit: int) -> list[InboundOrder]:
        """Purchases of which something arrived, by when they settled and by id, behind `after` and up to `until`."""
        place = {"$or": [{"arrivedAt": {"$gt": after.settled_at}}, {"_id": {"$gt": after.inbound_id}}]}
        query = {"arrivedAt": {"$gte": after.settled_at, "$lte": until}, **place}
        order = [("arrivedAt", ASCENDING), ("_id", ASCENDING)]
        try:
            found = await self._purchases.find(query).sort(order).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [read_inbound(document) for document in found]

    async def progress(self) -> Learnt | None:
        """Up to where arrivals were looked at; None before the first time."""
        try:
            document = await self._progress.find_one({"_id": _PROGRESS})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else Learnt(document["arrivedAt"], document["inboundId"], document["token"])

    async def put_progress(self, learnt: Learnt) -> bool:
        """Store it; False where a process with a newer lease has stored its own."""
        document = {"arrivedAt": learnt.settled_at, "inboundId": learnt.inbound_id, "token": learnt.token}
        try:
            await self._progress.replace_one({"_id": _PROGRESS, "token": {"$lte": learnt.token}}, document, upsert=True)
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        return True

    async def forget_progress(self) -> None:
        """Have all purchases looked at again."""
        try:
            await self._progress.delete_one({"_id": _PROGRESS})
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def observed(self, keys: Collection[HistoryKey]) -> dict[HistoryKey, Observed]:
        """What is known of these; those of which nothing is known are left out."""
        found = await self._find(keys, ["supplier", "itemId", "observed"])
        return {_key(document): _read_observed(document["observed"]) for document in found}

    async def histories(self, keys: Collection[HistoryKey]) -> dict[HistoryKey, History]:
        """The same with the deliveries themselves."""
        return {_key(document): _read_history(document) for document in await self._find(keys, None)}

    async def put_histories(self, histories: Mapping[HistoryKey, History]) -> None:
        if not histories:
            return
        writes = [ReplaceOne({"_id": _id(key)}, _document(key, one), upsert=True) for key, one in histories.items()]
        try:
            await self._histories.bulk_write(writes, ordered=False)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def _find(self, keys: Collection[HistoryKey], fields: list[str] | None) -> list[Document]:
        if not keys:
            return []
        try:
            found: list[Document] = await self._histories.find(
                {"_id": {"$in": [_id(key) for key in keys]}}, fields
            ).to_list(len(keys))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return found


def _id(key: HistoryKey) -> str:
    supplier, item_id = key
    return f"{item_id}/{supplier}"


def _key(document: dict[str, Any]) -> HistoryKey:
    return document["supplier"], document["itemId"]


def _document(key: HistoryKey, history: History) -> Document:
    supplier, item_id = key
    observed = history.observed
    return {
        "supplier": supplier,
        "itemId": item_id,
        "deliveries": [
            {
                "inboundId": inbound_id,
                "orderedAt": one.ordered_at,
                "expectedAt": one.expected_at,
                "arrivedAt": one.arrived_at,
            }
            for inbound_id, part in history.deliveries.items()
            for one in part
        ],
        "observed": {
            "samples": observed.samples,
            "weight": observed.weight,
            "days": observed.days,
            "squares": observed.squares,
            "late": {str(days): weight for days, weight in observed.late.items()},
        },
    }


def _read_history(document: dict[str, Any]) -> History:
    deliveries: dict[str, list[Delivery]] = {}
    for one in document["deliveries"]:
        delivery = Delivery(one["orderedAt"], one["expectedAt"], one["arrivedAt"])
        deliveries.setdefault(one["inboundId"], []).append(delivery)
    return History(deliveries, _read_observed(document["observed"]))


def _read_observed(sums: dict[str, Any]) -> Observed:
    late = {int(days): weight for days, weight in sums["late"].items()}
    return Observed(sums["samples"], sums["weight"], sums["days"], sums["squares"], late)
