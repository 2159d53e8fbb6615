"""What is remembered of every item's levels, stored in one write with the alerts that follow from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pymongo import ASCENDING, IndexModel, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from gateway.inventory.alerts import ALERTS, AlertKind, AlertState
from gateway.inventory.ports import WriteConflict
from gateway.inventory.stock import ItemStatus
from gateway.planning.stock_watch import WATCHED, Closed, ItemWatch, PlaceWatch, WatchChange, WatchedItem, WatchMark
from gateway.store.alerts import UNRESOLVED, alert_document
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key, only_duplicates

STOCK_WATCHES = "stock_watches"
STOCK_WATCH_INDEXES = [IndexModel([("due", ASCENDING)], partialFilterExpression={"due": True})]

MARKED_AT_ONCE = 1_000

_PROGRESS = "stock_watch"


class StockWatchStore:
    """Implements `gateway.operations.stock_watch.Watches`, and what plans tell it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches = database[STOCK_WATCHES]
        self._alerts = database[ALERTS]
        self._items = database["items"]
        self._progress = database["planning"]

    async def progress(self) -> int | None:
        """The ledger's position up to which everything was looked at; None before the first time."""
        try:
            document = await self._progress.find_one({"_id": _PROGRESS})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else int(document["seq"])

    async def put_progress(self, seq: int, token: int) -> bool:
        """Store it; False where a process with a newer lease has stored its own."""
        ours = {"_id": _PROGRESS, "token": {"$lte": token}}
        try:
            await self._progress.replace_one(ours, {"seq": seq, "token": token}, upsert=True)
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        return True

    async def many(self, item_ids: Collection[str]) -> dict[str, ItemWatch]:
        found = await self._find({"_id": {"$in": list(item_ids)}}, len(item_ids))
        return {watch.item_id: watch for watch in found}

    async def due(self, limit: int) -> list[ItemWatch]:
        """Items whose thresholds have changed."""
        return await self._find({"due": True}, limit)

    async def definitions(self, item_ids: Collection[str]) -> dict[str, WatchedItem]:
        try:
            found = self._items.find({"_id": {"$in": list(item_ids)}}, ["sku", "backorderLimit", "status"])
            documents = await found.to_list(len(item_ids))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        archived = ItemStatus.ARCHIVED.value
        return {
            one["_id"]: WatchedItem(one["sku"], one["backorderLimit"], one["status"] == archived) for one in documents
        }

    async def put(self, changes: Sequence[WatchChange]) -> set[str]:
        """Store each item with its alerts, unless it was changed meanwhile; the ids of those."""
        told = [change for change in changes if change.opened or change.closed]
        quiet = [change.watch for change in changes if not (change.opened or change.closed)]
        return await self._put_quiet(quiet) | await self._put_told(told)

    async def mark(self, marks: Sequence[WatchMark], added: Sequence[ItemWatch]) -> None:
        """Have items looked at anew with these thresholds. Those `added` are not watched yet, unless by now."""
        writes: list[Any] = [InsertOne({**_document(watch), "due": True}) for watch in added]
        for mark in marks:
            values: Document = {f"places.{at}": _place_document(place) for at, place in mark.added.items()}
            values |= {f"places.{at}.overstockAt": units for at, units in mark.overstock_at.items()}
            writes.append(UpdateOne({"_id": mark.item_id}, {"$set": {**values, "due": True}, "$inc": {"revision": 1}}))
        await self._bulk(writes)

    async def rules_changed(self, item_ids: Collection[str]) -> None:
        """Have these items looked at anew."""
        change = {"$set": {"due": True}, "$inc": {"revision": 1}}
        await self._bulk([UpdateMany({"_id": {"$in": list(item_ids)}}, change)])

    async def closed(self, location_ids: Collection[str]) -> None:
        """Have items looked at anew that have open alerts about these locations."""
        kinds = {"$in": [kind.value for kind in WATCHED]}
        about_them = {"kind": kinds, **UNRESOLVED, "lines.locationId": {"$in": list(location_ids)}}
        try:
            item_ids = await self._alerts.distinct("lines.itemId", about_them)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        for start in range(0, len(item_ids), MARKED_AT_ONCE):
            await self.rules_changed(item_ids[start : start + MARKED_AT_ONCE])

    async def _put_quiet(self, watches: Sequence[ItemWatch]) -> set[str]:
        """One command for those of which there is nothing to tell."""
        failed = await self._bulk([ReplaceOne(_known(watch), _document(watch), upsert=True) for watch in watches])
        return {watches[index].item_id for index in failed}

    async def _put_told(self, changes: Sequence[WatchChange]) -> set[str]:
        """One transaction for all, or one for each where others were faster."""
        if not changes:
            return set()
        try:
            await self._tell(changes)
            return set()
        except WriteConflict:
            if len(changes) == 1:
                return {changes[0].watch.item_id}
        return {lost for change in changes for lost in await self._put_told([change])}

    async def _tell(self, changes: Sequence[WatchChange]) -> None:
        watches = [ReplaceOne(_known(one.watch), _document(one.watch), upsert=True) for one in changes]
        alerts: list[Any] = []
        for change in changes:
            for alert in change.opened:
                alerts.append(InsertOne({**alert_document(alert), "_id": alert.id, "revision": 1}))
            for closed in change.closed:
                alerts.append(UpdateOne({"_id": closed.alert_id, **UNRESOLVED}, _resolved(closed, change)))
        async with self._database.transaction() as session:
            try:
                await self._watches.bulk_write(watches, session=session)
                await self._alerts.bulk_write(alerts, ordered=False, session=session)
            except BulkWriteError as error:
                if only_duplicates(error):
                    raise WriteConflict(str(error)) from error
                raise

    async def _bulk(self, writes: list[Any]) -> list[int]:
        """Write what can be; the numbers of those that are there already as somebody else has written them."""
        if not writes:
            return []
        try:
            await self._watches.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            if not only_duplicates(error):
                raise as_storage_error(error) from error
            return [one["index"] for one in error.details["writeErrors"]]
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return []

    async def _find(self, query: Mapping[str, Any], limit: int) -> list[ItemWatch]:
        try:
            return [_read(document) for document in await self._watches.find(query).limit(limit).to_list(limit)]
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _known(watch: ItemWatch) -> Document:
    """A revision that is not the newest is not found, and cannot be inserted beside it either."""
    return {"_id": watch.item_id, "revision": watch.revision}


def _resolved(closed: Closed, change: WatchChange) -> Document:
    values = {
        "state": AlertState.RESOLVED.value,
        "resolution": closed.resolution,
        "updatedAt": change.at,
        "told": False,
    }
    return {"$set": values, "$inc": {"revision": 1}}


def _document(watch: ItemWatch) -> Document:
    return {
        "_id": watch.item_id,
        "version": watch.version,
        "seq": watch.seq,
        "revision": watch.revision + 1,
        "places": {at: _place_document(place) for at, place in watch.places.items()},
    }


def _place_document(place: PlaceWatch) -> Document:
    return {
        "available": place.available,
        "lowAt": place.low_at,
        "overstockAt": place.overstock_at,
        "armed": [kind.value for kind in sorted(place.armed)],
        "open": {kind.value: alert_id for kind, alert_id in place.open.items()},
    }


def _read(document: dict[str, Any]) -> ItemWatch:
    places = {
        at: PlaceWatch(
            place["available"],
            place["lowAt"],
            place["overstockAt"],
            frozenset(AlertKind(kind) for kind in place["armed"]),
            {AlertKind(kind): alert_id for kind, alert_id in place["open"].items()},
        )
        for at, place in document["places"].items()
    }
    return ItemWatch(document["_id"], document["version"], document["seq"], document["revision"], places)
