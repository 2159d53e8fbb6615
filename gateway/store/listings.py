"""Listings: creating them, and finding them by what a question knows of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.channels import Listing, listing_id
from gateway.store.channels import CHANNELS_MAX
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key
from gateway.store.listing_documents import id_terms, listing_document, read_listing

ORDER_LISTINGS_MAX = 10_000

DEAD = "dead"

LISTING_INDEXES = [
    IndexModel([("itemId", ASCENDING)]),
    IndexModel([("channelId", ASCENDING), ("externalId", ASCENDING)], unique=True),
    # An order line tells some of the platform's ids, or only the SKU.
    IndexModel([("channelId", ASCENDING), ("idTerms", ASCENDING)]),
    IndexModel([("channelId", ASCENDING), ("sku", ASCENDING)]),
    # The backlog scan walks a channel's listings in the order of their ids.
    IndexModel([("channelId", ASCENDING), ("_id", ASCENDING)]),
    # What was parked.
    IndexModel(
        [("channelId", ASCENDING), ("_id", ASCENDING)],
        partialFilterExpression={"error": {"$exists": True}},
        name=DEAD,
    ),
    # What was sent and never answered; nearly always empty.
    IndexModel([("channelId", ASCENDING)], partialFilterExpression={"intents": {"$exists": True}}, name="unanswered"),
]


class ListingStore:
    """Creates, finds and resets listings. What becomes of pushes is recorded by `gateway.store.pushes`."""

    def __init__(self, database: Database) -> None:
        self._listings = database["listings"]

    async def insert(self, listing: Listing) -> str | None:
        """None when stored; else the field that is taken: `itemId` or `externalId`."""
        try:
            await self._listings.insert_one(listing_document(listing))
        except PyMongoError as error:
            if is_duplicate_key(error):
                return "externalId" if await self._exists_external(listing) else "itemId"
            raise as_storage_error(error) from error
        return None

    async def of_items(self, item_ids: Collection[str]) -> list[Listing]:
        """Every channel's listings of these items."""
        return await self._find({"itemId": {"$in": list(item_ids)}}, len(item_ids) * CHANNELS_MAX)

    async def of_channel(self, channel_id: str, item_ids: Collection[str]) -> list[Listing]:
        """One channel's listings of these items."""
        ids = [listing_id(channel_id, item_id) for item_id in item_ids]
        return await self._find({"_id": {"$in": ids}}, len(ids))

    async def page(self, channel_id: str | None, after: str | None, limit: int, *, dead: bool = False) -> list[Listing]:
        """A channel's listings, or all, by id, those after listing id `after`; with `dead`, only the parked ones."""
        wanted: Document = {} if channel_id is None else {"channelId": channel_id}
        if dead:
            wanted["error"] = {"$exists": True}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        return await self._find(wanted, limit, sort="_id", index=DEAD if dead else None)

    async def for_order(
        self, channel_id: str, ids: Collection[Mapping[str, str]], skus: Collection[str]
    ) -> list[Listing]:
        """The channel's listings that carry all of one of these sets of platform ids, or one of these SKUs."""
        either: list[Document] = [{"idTerms": {"$all": id_terms(some)}} for some in ids if some]
        if skus:
            either.append({"sku": {"$in": list(skus)}})
        if not either:
            return []
        return await self._find({"channelId": channel_id, "$or": either}, ORDER_LISTINGS_MAX)

    async def channels_listing(self, item_ids: Collection[str]) -> list[tuple[str, str]]:
        """(channel id, item id) of every listing of these items."""
        try:
            cursor = self._listings.find({"itemId": {"$in": list(item_ids)}}, {"channelId": 1, "itemId": 1})
            documents = await cursor.to_list(len(item_ids) * CHANNELS_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [(document["channelId"], document["itemId"]) for document in documents]

    async def resync(self, channel_id: str, item_id: str) -> Listing | None:
        """Make the channel hear the quantity again, whatever it was told, and unpark it; None if there is no such."""
        change = {
            "$set": {"syncedVersion": -1, "confirmed": []},
            # Always a change, also of a listing that was never synced: the change stream tells the worker. And what
            # is on its way to the platform is told apart from what follows.
            "$inc": {"resyncs": 1},
            "$unset": {"error": "", "intents": ""},
        }
        try:
            document = await self._listings.find_one_and_update(
                {"_id": listing_id(channel_id, item_id)}, change, return_document=True
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else read_listing(document)

    async def _exists_external(self, listing: Listing) -> bool:
        wanted = {"channelId": listing.channel_id, "externalId": "&".join(id_terms(listing.ids))}
        known: dict[str, Any] | None = await self._listings.find_one(wanted, {"itemId": 1})
        return known is not None and known["itemId"] != listing.item_id

    async def _find(
        self, wanted: Document, limit: int, sort: str | None = None, index: str | None = None
    ) -> list[Listing]:
        try:
            cursor = self._listings.find(wanted)
            if index is not None:
                # A partial index that begins with the channel is not chosen for all channels by itself.
                cursor = cursor.hint(index)
            if sort is not None:
                cursor = cursor.sort(sort, ASCENDING)
            return [read_listing(document) for document in await cursor.limit(limit).to_list(limit)]
        except PyMongoError as error:
            raise as_storage_error(error) from error
