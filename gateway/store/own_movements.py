"""What channels' own orders have changed of items: one look for all channels that ask the same at the same time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import PyMongoError

from gateway.inventory.ledger import MADE_HERE
from gateway.inventory.quantities import Bucket
from gateway.store.driver import Database, Document, as_storage_error

MOVEMENTS_MAX = 20_000

Since = tuple[tuple[str, int], ...]
"""Items and, for each, the ledger position after which its movements count; sorted."""


@dataclass(frozen=True, slots=True)
class OwnMovement:
    """A change of what is available that the channel itself caused, and that its own count therefore shows.

    Reservations for the channel that were made with us are none: its platform knows nothing of them.
    """

    item_id: str
    seq: int
    location_id: str
    delta: int
    returned: int = 0
    """Of `delta`, units that had left and came back; a cancellation has none."""


@dataclass(slots=True)
class _Question:
    """Asked by `channel_ids`, whose number grows until the look begins."""

    channel_ids: set[str]
    looking: asyncio.Task[dict[str, list[OwnMovement]] | None] = field(init=False)


class OwnMovements:
    """Nothing is kept, so an answer is never older than its question."""

    def __init__(self, database: Database) -> None:
        self._ledger = database["ledger"]
        self._waiting: dict[Since, _Question] = {}

    async def of(self, channel_id: str, since: Mapping[str, int]) -> list[OwnMovement] | None:
        """The channel's own changes per item, each later than the item's given ledger position.

        None when there are more than can be counted: then nothing is known of the platform's own count. After a
        change, channels that were in step all ask the same, so they share a look; one that is behind has its own.
        """
        if not since:
            return []
        key = tuple(sorted(since.items()))
        question = self._waiting.get(key)
        if question is None:
            question = self._waiting[key] = _Question(set())
            question.looking = asyncio.create_task(self._look(key))
        question.channel_ids.add(channel_id)
        # One that stops waiting must not take the answer from the others.
        found = await asyncio.shield(question.looking)
        if found is None and len(question.channel_ids) > 1:
            found = await self._find({channel_id}, since)
        return None if found is None else found.get(channel_id, [])

    async def _look(self, key: Since) -> dict[str, list[OwnMovement]] | None:
        return await self._find(self._waiting.pop(key).channel_ids, dict(key))

    async def _find(
        self, channel_ids: Collection[str], since: Mapping[str, int]
    ) -> dict[str, list[OwnMovement]] | None:
        """By channel id; None when there are too many."""
        wanted: Document = {
            "channelId": {"$in": sorted(channel_ids)},
            "kind": {"$nin": sorted(kind.value for kind in MADE_HERE)},
            "$or": [{"items.id": item_id, "seq": {"$gt": seq}} for item_id, seq in since.items()],
        }
        try:
            cursor = self._ledger.find(wanted, {"channelId": 1, "seq": 1, "lines": 1}).limit(MOVEMENTS_MAX)
            documents = await cursor.to_list(MOVEMENTS_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if len(documents) == MOVEMENTS_MAX:
            return None
        found: dict[str, list[OwnMovement]] = {}
        for document in documents:
            found.setdefault(document["channelId"], []).extend(_movements(document, since))
        return found


def _movements(document: dict[str, Any], since: Mapping[str, int]) -> list[OwnMovement]:
    seq, changes = document["seq"], Counter[tuple[str, str, str]]()
    for line in document["lines"]:
        if seq > since.get(line["itemId"], seq):
            changes[line["itemId"], line["locationId"], line["bucket"]] += line["delta"]
    return [
        OwnMovement(item_id, seq, at, delta, _returned(delta, changes.get((item_id, at, Bucket.ALLOCATED.value), 0)))
        for (item_id, at, bucket), delta in changes.items()
        if bucket == Bucket.AVAILABLE.value
    ]


def _returned(available: int, allocated: int) -> int:
    """What becomes available without having been promised had left."""
    return max(0, available + min(0, allocated))
