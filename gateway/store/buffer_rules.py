"""Buffer rules as MongoDB documents, and all of them from memory."""

from __future__ import annotations

import asyncio
from typing import Any

from pymongo.errors import PyMongoError

from gateway.inventory.buffer_rules import RULES_MAX, BufferRule, BufferSelector, BufferValues, DynamicBuffer
from gateway.inventory.buffers import BufferRules
from gateway.store.driver import Database, Document, as_storage_error

BUFFER_RULES = "buffer_rules"

READ_AT_ONCE_MAX = 2 * RULES_MAX
"""The limit is checked before a rule is stored, so a few more may come in at the same time."""


class BufferRuleStore:
    """One document per selector."""

    def __init__(self, database: Database) -> None:
        self._rules = database[BUFFER_RULES]

    async def put(self, rule: BufferRule) -> None:
        """Store it in place of any other of its selector."""
        try:
            await self._rules.replace_one({"_id": rule.selector.id}, _document(rule), upsert=True)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def delete(self, selector: BufferSelector) -> bool:
        """False where there is none."""
        try:
            answer = await self._rules.delete_one({"_id": selector.id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return bool(answer.deleted_count)

    async def count(self) -> int:
        try:
            count: int = await self._rules.count_documents({})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return count

    async def page(self, after: str | None, limit: int) -> list[BufferRule]:
        """By the id of their selectors, those after `after`."""
        wanted = {} if after is None else {"_id": {"$gt": after}}
        try:
            documents = await self._rules.find(wanted).sort("_id").limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [_read(document) for document in documents]

    async def all(self) -> list[BufferRule]:
        return await self.page(None, READ_AT_ONCE_MAX)


class BufferRuleDirectory:
    """Every rule, from memory: at once what this process has changed, and what the change stream tells of.

    Without news they are read again after a second; where there are so many that this would take more than a
    fiftieth of the time, after fifty times as long as reading takes.
    """

    def __init__(self, store: BufferRuleStore, age_seconds_max: float = 1.0) -> None:
        self._store = store
        self._age_seconds_max = age_seconds_max
        self._rules = BufferRules()
        self._valid_until = float("-inf")
        self._forgotten = 0
        self._reading = asyncio.Lock()

    async def all(self, fresh: bool = False) -> BufferRules:
        """The very same object as before where nothing has changed."""
        loop = asyncio.get_running_loop()
        if fresh:
            self.forget()
        if loop.time() > self._valid_until:
            async with self._reading:
                if loop.time() > self._valid_until:
                    started, forgotten = loop.time(), self._forgotten
                    read = await self._store.all()
                    if read != list(self._rules):
                        self._rules = BufferRules(read)
                    seconds = max(self._age_seconds_max, 50 * (loop.time() - started))
                    # What is changed while this is being read may be missing from it.
                    self._valid_until = started + seconds if forgotten == self._forgotten else float("-inf")
        return self._rules

    def forget(self) -> None:
        """The next look reads anew: a rule has just been changed."""
        self._forgotten += 1
        self._valid_until = float("-inf")


def _document(rule: BufferRule) -> Document:
    selector, values = rule.selector, rule.values
    dynamic = values.dynamic
    return {
        "channelId": selector.channel_id,
        "locationId": selector.location_id,
        "tag": selector.tag,
        "itemId": selector.item_id,
        "fixed": values.fixed,
        "percent": values.percent,
        "listAtMost": values.list_at_most,
        "stopAt": values.stop_at,
        "dynamic": None if dynamic is None else {"quantile": dynamic.quantile, "unitsMax": dynamic.units_max},
        "updatedAt": rule.updated_at,
    }


def _read(document: dict[str, Any]) -> BufferRule:
    dynamic = document["dynamic"]
    return BufferRule(
        BufferSelector(document["channelId"], document["locationId"], document["tag"], document["itemId"]),
        BufferValues(
            document["fixed"],
            document["percent"],
            document["listAtMost"],
            document["stopAt"],
            None if dynamic is None else DynamicBuffer(dynamic["quantile"], dynamic["unitsMax"]),
        ),
        document["updatedAt"],
    )
