"""Listings of which the platform has told a count that is not ours: to be looked at, not to be believed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.channels import Listing, Place
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.listing_documents import read_listing

STANDING_MAX = 1_000

HINTED = "hinted"
HINT_INDEXES = [
    IndexModel([("channelId", ASCENDING)], partialFilterExpression={"hint": {"$exists": True}}, name=HINTED),
]


@dataclass(frozen=True, slots=True)
class Hint:
    """The platform said that it shows `quantity` units of the listing at `place`; `at` is the platform's time."""

    listing_id: str
    place: Place
    quantity: int
    at: datetime


class HintStore:
    """One hint per listing, the newest."""

    def __init__(self, database: Database) -> None:
        self._listings = database["listings"]

    async def put(self, hint: Hint) -> None:
        told = {"place": hint.place, "quantity": hint.quantity, "at": hint.at, "heardAt": datetime.now(UTC)}
        await self._update(hint.listing_id, {"$set": {"hint": told}})

    async def clear(self, listing_id: str) -> None:
        await self._update(listing_id, {"$unset": {"hint": ""}})

    async def standing(self, channel_ids: Collection[str], before: datetime) -> list[tuple[Listing, Hint]]:
        """Those of these channels that were heard until then, and that nobody has looked at."""
        wanted = _heard(before, {"$in": list(channel_ids)})
        try:
            found = self._listings.find(wanted).hint(HINTED).limit(STANDING_MAX)
            documents = await found.to_list(STANDING_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [(read_listing(document), _read(document)) for document in documents]

    async def looked_at(self, channel_id: str, before: datetime) -> None:
        """The channel was compared; what it told until then has been seen."""
        try:
            await self._listings.update_many(_heard(before, channel_id), {"$unset": {"hint": ""}}, hint=HINTED)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def _update(self, listing_id: str, change: Document) -> None:
        try:
            await self._listings.update_one({"_id": listing_id}, change)
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _heard(before: datetime, channel: object) -> Document:
    return {"channelId": channel, "hint": {"$exists": True}, "hint.heardAt": {"$lte": before}}


def _read(document: Mapping[str, Any]) -> Hint:
    hint = document["hint"]
    return Hint(document["_id"], hint["place"], hint["quantity"], hint["at"])
