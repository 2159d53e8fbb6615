"""Channels as MongoDB documents."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bson import Binary
from pymongo.errors import PyMongoError

from gateway.inventory.channels import Channel, ChannelState
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key

CHANNELS_MAX = 1_000


class ChannelStore:
    """Stores channels; every write is guarded by the channel's revision."""

    def __init__(self, database: Database) -> None:
        self._channels = database["channels"]

    async def insert(self, channel: Channel) -> bool:
        """False when the id is taken."""
        try:
            await self._channels.insert_one(_document(channel))
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        return True

    async def replace(self, channel: Channel) -> Channel | None:
        """Store the channel under the next revision; None when someone else changed it first."""
        after = replace(channel, revision=channel.revision + 1, updated_at=datetime.now(UTC))
        try:
            answer = await self._channels.replace_one(
                {"_id": channel.id, "revision": channel.revision}, _document(after)
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return after if answer.matched_count else None

    async def get(self, channel_id: str) -> Channel | None:
        try:
            document = await self._channels.find_one({"_id": channel_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else _read(document)

    async def all(self) -> list[Channel]:
        """Every channel by id; a gateway has at most `CHANNELS_MAX`."""
        return await self.page(None, CHANNELS_MAX)

    async def page(self, after: str | None, limit: int) -> list[Channel]:
        """By id, those after channel id `after`."""
        wanted = {} if after is None else {"_id": {"$gt": after}}
        try:
            documents = await self._channels.find(wanted).sort("_id").limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [_read(document) for document in documents]

    async def count(self) -> int:
        try:
            count: int = await self._channels.count_documents({})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return count


def _document(channel: Channel) -> Document:
    locations = channel.locations
    return {
        "_id": channel.id,
        "platform": channel.platform,
        "name": channel.name,
        "config": dict(channel.config),
        "sealed": Binary(channel.sealed),
        # Pairs, since their order is the order in which orders are allotted.
        "locations": None if locations is None else [[ours, theirs] for ours, theirs in locations.items()],
        "buffer": channel.buffer,
        "state": channel.state.value,
        "reason": channel.reason,
        "revision": channel.revision,
        "createdAt": channel.created_at,
        "updatedAt": channel.updated_at,
    }


def _read(document: dict[str, Any]) -> Channel:
    locations = document["locations"]
    return Channel(
        id=document["_id"],
        platform=document["platform"],
        name=document["name"],
        config=document["config"],
        sealed=bytes(document["sealed"]),
        locations=None if locations is None else {ours: theirs for ours, theirs in locations},
        buffer=document["buffer"],
        state=ChannelState(document["state"]),
        reason=document["reason"],
        revision=document["revision"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
    )


class ChannelDirectory:
    """Every channel, from memory: at most `age_seconds_max` old, and at once what this process has changed.

    An unknown id costs no database read, so forged notifications cannot be used to load the database.
    """

    def __init__(self, store: ChannelStore, age_seconds_max: float = 1.0) -> None:
        self._store = store
        self._age_seconds_max = age_seconds_max
        self._channels: dict[str, Channel] = {}
        self._read_at = float("-inf")
        self._forgotten = 0
        self._reading = asyncio.Lock()

    async def all(self) -> dict[str, Channel]:
        """By id."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._read_at > self._age_seconds_max:
            async with self._reading:
                started = loop.time()
                if started - self._read_at > self._age_seconds_max:
                    forgotten = self._forgotten
                    self._channels = {channel.id: channel for channel in await self._store.all()}
                    # What is changed while this is being read may be missing from it.
                    self._read_at = started if forgotten == self._forgotten else float("-inf")
        return self._channels

    async def get(self, channel_id: str) -> Channel | None:
        return (await self.all()).get(channel_id)

    def forget(self) -> None:
        """The next look reads anew: a channel has just been changed."""
        self._forgotten += 1
        self._read_at = float("-inf")
