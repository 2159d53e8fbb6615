"""Walking through a channel's listings together with their items: for looking at all of them with flat memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.channels import Listing, listing_id
from gateway.inventory.drifts import Drift
from gateway.inventory.stock import Item
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.item_documents import read_item
from gateway.store.listing_documents import id_terms, read_listing

WALK_PAGE = 500
CANDIDATES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class LastFall:
    """What lowered an item's stock last: the kind of the ledger entry, and the units that it took at once."""

    kind: str
    units: int


class ListingWalk:
    """Reads listings with their items; the listings first, so that one that seems in step really was."""

    def __init__(self, database: Database) -> None:
        self._listings = database["listings"]
        self._items = database["items"]
        self._ledger = database["ledger"]

    async def pages(
        self, channel_id: str, start: str | None = None, **wanted: object
    ) -> AsyncIterator[list[tuple[Listing, Item]]]:
        """All listings of the channel in the order of their ids, those after id `start`; `wanted` are conditions."""
        after: Document = {} if start is None else {"_id": {"$gt": start}}
        while True:
            listings = await self._find({"channelId": channel_id, **after, **wanted}, WALK_PAGE)
            items = await self.items([listing.item_id for listing in listings])
            yield [(some, items[some.item_id]) for some in listings if some.item_id in items]
            if len(listings) < WALK_PAGE:
                return
            after = {"_id": {"$gt": listings[-1].id}}

    async def count(self, channel_id: str) -> int:
        try:
            count: int = await self._listings.count_documents({"channelId": channel_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return count

    async def candidates(
        self, channel_id: str, ids: Collection[Mapping[str, str]], skus: Collection[str]
    ) -> list[Listing]:
        """The channel's listings that carry one of these sets of platform ids, or one of these SKUs."""
        external = ["&".join(id_terms(some)) for some in ids]
        either = [{"externalId": {"$in": external}}, {"sku": {"$in": list(skus)}}]
        return await self._find({"channelId": channel_id, "$or": either}, CANDIDATES_MAX)

    async def items(self, item_ids: Collection[str]) -> dict[str, Item]:
        """By id."""
        try:
            documents = await self._items.find({"_id": {"$in": list(item_ids)}}).to_list(len(item_ids) or 1)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: read_item(document) for document in documents}

    async def mark_seen(self, listing_ids: Collection[str], mark: str) -> None:
        """These were met at the look named `mark`."""
        if not listing_ids:
            return
        try:
            await self._listings.update_many({"_id": {"$in": list(listing_ids)}}, {"$set": {"seenAt": mark}})
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def rebase(self, drift: Drift, settles_at: datetime) -> bool:
        """Take what the channel shows as what it was told last, so that our quantity is sent again on that basis.

        False, and nothing is changed, when the listing has moved on since the drift was seen.
        """
        wanted = {
            "_id": listing_id(drift.channel_id, drift.item_id or ""),
            "syncedVersion": drift.version,
            "intents": {"$exists": False},
            "error": {"$exists": False},
            "confirmed.place": drift.place,
        }
        change = {
            "$set": {
                "confirmed.$[at].quantity": drift.theirs,
                "confirmed.$[at].settlesAt": settles_at,
                "syncedVersion": -1,
            },
            # Always a change: the change stream tells the worker.
            "$inc": {"resyncs": 1},
        }
        try:
            answer = await self._listings.update_one(wanted, change, array_filters=[{"at.place": drift.place}])
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return bool(answer.matched_count)

    async def last_falls(self, item_ids: Collection[str]) -> dict[str, LastFall]:
        """By item id, what took its available units last; items whose stock never fell are left out."""
        falls: dict[str, LastFall] = {}
        for item_id in item_ids:
            wanted = {
                "items.id": item_id,
                "lines": {"$elemMatch": {"itemId": item_id, "bucket": "available", "delta": {"$lt": 0}}},
            }
            try:
                entry = await self._ledger.find_one(wanted, {"kind": 1, "lines": 1}, sort=[("seq", DESCENDING)])
            except PyMongoError as error:
                raise as_storage_error(error) from error
            if entry is not None:
                taken = sum(
                    -line["delta"]
                    for line in entry["lines"]
                    if line["itemId"] == item_id and line["bucket"] == "available" and line["delta"] < 0
                )
                falls[item_id] = LastFall(entry["kind"], taken)
        return falls

    async def _find(self, wanted: Document, limit: int) -> list[Listing]:
        try:
            cursor = self._listings.find(wanted).sort("_id", ASCENDING).limit(limit)
            return [read_listing(document) for document in await cursor.to_list(limit)]
        except PyMongoError as error:
            raise as_storage_error(error) from error
