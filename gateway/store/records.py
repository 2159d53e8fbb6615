"""Records that are committed together with stock, as MongoDB documents guarded by their revision."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.inventory.records import Record, RecordChange, RecordKey
from gateway.store.driver import Database, Document


@dataclass(frozen=True, slots=True)
class Codec:
    """How one collection's records become documents and back; `revision` is the store's own field."""

    write: Callable[[Any], Document]
    read: Callable[[Document], Record]


class RecordDocuments:
    """Finds records, and turns their changes into write statements."""

    def __init__(self, database: Database, codecs: Mapping[str, Codec]) -> None:
        self._database = database
        self._codecs = codecs

    async def find(self, keys: Collection[RecordKey]) -> dict[RecordKey, Record]:
        """Those of the records that exist."""
        ids: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            ids[key.collection].append(key.id)
        found = await asyncio.gather(*(self._find(collection, wanted) for collection, wanted in ids.items()))
        return {key: record for records in found for key, record in records.items()}

    async def _find(self, collection: str, ids: list[str]) -> dict[RecordKey, Record]:
        documents = await self._database[collection].find({"_id": {"$in": ids}}).to_list(len(ids))
        read = self._codecs[collection].read
        return {RecordKey(collection, document["_id"]): read(document) for document in documents}

    def writes(self, changes: Sequence[RecordChange]) -> Iterator[tuple[str, str, str, list[Document]]]:
        """Write commands as (verb, collection, field, statements): inserts of new records, guarded replacements."""
        inserts: dict[str, list[Document]] = defaultdict(list)
        updates: dict[str, list[Document]] = defaultdict(list)
        for change in changes:
            collection, revision = change.key.collection, change.revision_before
            document = self._codecs[collection].write(change.after) | {"_id": change.key.id, "revision": revision + 1}
            if revision == 0:
                inserts[collection].append(document)
            else:
                guard = {"_id": change.key.id, "revision": revision}
                updates[collection].append({"q": guard, "u": document, "multi": False})
        for collection, documents in inserts.items():
            yield "insert", collection, "documents", documents
        for collection, statements in updates.items():
            yield "update", collection, "updates", statements
