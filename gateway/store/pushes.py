"""What the channel workers read and write: which listings are due, what was sent, and what was acknowledged.

Every write names the fencing token of the worker's lease, so a worker that has lost it cannot undo its successor's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo import ASCENDING, UpdateOne
from pymongo.errors import PyMongoError

from gateway.inventory.channels import Confirmed, Intent, Listing, Place, listing_id
from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.grouped_writes import GroupedWrites
from gateway.store.item_documents import read_item
from gateway.store.listing_documents import confirmed_document, intent_document, read_listing
from gateway.store.own_movements import OwnMovements
from gateway.store.views.coalescing import Coalesced

BACKLOG_PAGE = 1_000
UNANSWERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What one listing has come to: the places it was heard at, and the version and policy if at all of them.

    `reason` parks it. `intents` are the writes that still have no answer. `resyncs` is the listing's when this was
    decided.
    """

    listing_id: str
    confirmed: Mapping[Place, Confirmed]
    synced: tuple[int, str] | None
    reason: str | None = None
    intents: tuple[Intent, ...] = ()
    resyncs: int = 0


class PushStore:
    """Reads and records the pushes of channels."""

    def __init__(self, database: Database) -> None:
        self._listings = database["listings"]
        self._items = database["items"]
        self._writes = GroupedWrites(self._listings)
        self.own_movements = OwnMovements(database)
        self._items_read = Coalesced(self._read_items)
        self._listings_read = Coalesced(self._read_listings)

    async def items(self, item_ids: Sequence[str]) -> dict[str, Item]:
        """By id; the newest that is durable. Channels that ask at the same time share a look."""
        found = await self._items_read.many(item_ids)
        return {item.id: item for item in found if item is not None}

    async def listings(self, channel_id: str, item_ids: Sequence[str]) -> list[Listing]:
        """One channel's listings of these items. Channels that ask at the same time share a look."""
        found = await self._listings_read.many([listing_id(channel_id, item_id) for item_id in item_ids])
        return [listing for listing in found if listing is not None]

    async def backlog(self, offering: Offering, after: str | None) -> tuple[list[Item], str | None]:
        """One page of the scan: the items the channel has yet to hear of, and where to go on; None at the end."""
        wanted: Document = {"channelId": offering.channel.id}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        try:
            cursor = self._listings.find(wanted).sort("_id", ASCENDING).limit(BACKLOG_PAGE)
            listings = [read_listing(document) for document in await cursor.to_list(BACKLOG_PAGE)]
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if not listings:
            return [], None
        items = await self._read_items([listing.item_id for listing in listings if listing.error is None])
        due = [
            items[listing.item_id]
            for listing in listings
            if listing.item_id in items and offering.is_due(listing, items[listing.item_id])
        ]
        return due, listings[-1].id if len(listings) == BACKLOG_PAGE else None

    async def _read_items(self, item_ids: Collection[str]) -> dict[str, Item]:
        if not item_ids:
            return {}
        try:
            documents = await self._items.find({"_id": {"$in": list(item_ids)}}).to_list(len(item_ids))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: read_item(document) for document in documents}

    async def _read_listings(self, ids: Collection[str]) -> dict[str, Listing]:
        try:
            documents = await self._listings.find({"_id": {"$in": list(ids)}}).to_list(len(ids))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: read_listing(document) for document in documents}

    async def unanswered(self, channel_id: str) -> list[Listing]:
        """Listings with writes that a predecessor sent and whose answer nobody recorded."""
        try:
            cursor = self._listings.find({"channelId": channel_id, "intents": {"$exists": True}})
            return [read_listing(document) for document in await cursor.to_list(UNANSWERED_MAX)]
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def intend(self, intents: Mapping[str, Sequence[Intent]], fence: int) -> bool:
        """Store what is about to be sent, per listing id; False when a newer lease has been here."""
        writes = [
            UpdateOne(
                _guard(listing_id, fence),
                {"$set": {"fence": fence, "intents": _intents(some)}, "$inc": {"attempts": 1}},
            )
            for listing_id, some in intents.items()
        ]
        return await self._writes.write(writes)

    async def resend(self, listing_ids: Collection[str], fence: int) -> bool:
        """Count another attempt at what these have intended; False when a newer lease has been here."""
        change = {"$set": {"fence": fence}, "$inc": {"attempts": 1}}
        return await self._writes.write([UpdateOne(_guard(listing_id, fence), change) for listing_id in listing_ids])

    async def failed(self, channel_id: str, reason: str, fence: int) -> None:
        """Keep why what was sent last has no answer, for people."""
        wanted = {"channelId": channel_id, "intents": {"$exists": True}, "fence": {"$lte": fence}}
        try:
            await self._listings.update_many(wanted, {"$set": {"lastError": reason}})
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def record(self, acknowledged: Sequence[Acknowledged], fence: int) -> bool:
        """Store what the platform has acknowledged; False when a newer lease has been here.

        Of a listing that was to be told again meanwhile, nothing is believed: it stays due.
        """
        now = datetime.now(UTC)
        return await self._writes.write(
            [UpdateOne(_guard(some.listing_id, fence), _change(some, fence, now)) for some in acknowledged]
        )


def _guard(listing_id: str, fence: int) -> Document:
    return {"_id": listing_id, "fence": {"$lte": fence}}


def _change(some: Acknowledged, fence: int, now: datetime) -> list[Document]:
    values: Document = {"confirmed": confirmed_document(some.confirmed), "intents": _intents(some.intents) or None}
    if some.synced is not None:
        version, policy = some.synced
        values |= {"syncedVersion": version, "syncedPolicy": policy, "confirmedAt": now, "attempts": 0}
        values["lastError"] = None
    if some.reason is not None:
        values["error"] = {"reason": some.reason, "at": now}
    still_valid = {"$eq": [{"$ifNull": ["$resyncs", 0]}, some.resyncs]}
    overtaken: Document = {"confirmed": [], "intents": "$$REMOVE"}
    changes = {
        field: {"$cond": [still_valid, _literal(value), overtaken.get(field, f"${field}")]}
        for field, value in values.items()
    }
    return [{"$set": {"fence": fence, **changes}}]


def _literal(value: object) -> object:
    """A value as it is, whatever signs are in it; None removes the field."""
    return "$$REMOVE" if value is None else {"$literal": value}


def _intents(intents: Sequence[Intent]) -> list[Document]:
    return [intent_document(intent) for intent in intents]
