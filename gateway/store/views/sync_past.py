"""What a channel has acknowledged or refused since a time: for those who watch and have missed some."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime

from pymongo.errors import PyMongoError

from gateway.inventory.news import SyncNews
from gateway.store.driver import Database, Document, as_storage_error

PAGE = 1_000


class SyncPastView:
    """Implements `gateway.operations.watching.SyncPast`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, channel_id: str, at: datetime) -> AsyncGenerator[SyncNews]:
        """The state of every listing that was acknowledged or parked after `at`, in the order of that."""
        after: Document = {"at": {"$gt": at}}
        while True:
            found = await self._page(channel_id, at, after)
            for document in found:
                yield _news(document)
            if len(found) < PAGE:
                return
            last = found[-1]
            after = {"$or": [{"at": {"$gt": last["at"]}}, {"at": last["at"], "_id": {"$gt": last["_id"]}}]}

    async def _page(self, channel_id: str, at: datetime, after: Document) -> list[Document]:
        stages: list[Document] = [
            {"$match": {"channelId": channel_id, "$or": [{"confirmedAt": {"$gt": at}}, {"error.at": {"$gt": at}}]}},
            {"$set": {"at": {"$max": ["$confirmedAt", "$error.at"]}}},
            {"$match": after},
            {"$sort": {"at": 1, "_id": 1}},
            {"$limit": PAGE},
            {"$project": {"channelId": 1, "itemId": 1, "syncedVersion": 1, "confirmedAt": 1, "error": 1, "at": 1}},
        ]
        try:
            return await self._database.aggregate("listings", stages, PAGE)
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _news(document: Document) -> SyncNews:
    error = document.get("error")
    confirmed_at = document.get("confirmedAt")
    return SyncNews(
        document["channelId"],
        document["itemId"],
        confirmed_version=None if confirmed_at is None else document["syncedVersion"],
        confirmed_at=confirmed_at,
        reason=error["reason"] if error else None,
        parked=error is not None,
    )
