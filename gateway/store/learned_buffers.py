"""What dynamic buffers have learned, kept on the listings whose pushes read it."""

from __future__ import annotations

from collections.abc import Mapping

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from gateway.inventory.channels import Learned, Place
from gateway.store.driver import Database, as_storage_error
from gateway.store.listing_documents import learned_document


class LearnedBuffers:
    """Implements `gateway.operations.dynamic_buffers.LearnedRepository`: the change stream tells the workers."""

    def __init__(self, database: Database) -> None:
        self._listings = database["listings"]

    async def put(self, learned: Mapping[str, Mapping[Place, Learned]]) -> None:
        writes = [
            UpdateOne({"_id": listing_id}, {"$set": {"learned": learned_document(some)}})
            for listing_id, some in learned.items()
        ]
        try:
            await self._listings.bulk_write(writes, ordered=False)
        except PyMongoError as error:
            raise as_storage_error(error) from error
