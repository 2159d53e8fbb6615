"""Listings of which the platform has told a count that is not ours: to be looked at, not to be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.channels import Place
from gateway.store.driver import Database, Document, as_storage_error

HINT_INDEXES = [
    IndexModel([("channelId", ASCENDING)], partialFilterExpression={"hint": {"$exists": True}}, name="hinted"),
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
        told = {"place": hint.place, "quantity": hint.quantity, "at": hint.at}
        await self._update(hint.listing_id, {"$set": {"hint": told}})

    async def clear(self, listing_id: str) -> None:
        await self._update(listing_id, {"$unset": {"hint": ""}})

    async def of_channel(self, channel_id: str, limit: int) -> list[Hint]:
        """Those that nobody has looked at."""
        wanted = {"channelId": channel_id, "hint": {"$exists": True}}
        try:
            documents = await self._listings.find(wanted, {"hint": 1}).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [_read(document) for document in documents]

    async def _update(self, listing_id: str, change: Document) -> None:
        try:
            await self._listings.update_one({"_id": listing_id}, change)
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _read(document: Mapping[str, Any]) -> Hint:
    hint = document["hint"]
    return Hint(document["_id"], hint["place"], hint["quantity"], hint["at"])
