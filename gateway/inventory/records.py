"""Documents that change together with stock: a reservation and its movement are committed in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Record(Protocol):
    """A document with optimistic concurrency: `revision` is 0 until it is first stored and rises by one per write."""

    @property
    def id(self) -> str: ...

    @property
    def revision(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RecordKey:
    """Names a record: the collection it lives in, and its id there."""

    collection: str
    id: str


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What a batch does to one record. `revision_before` is 0 for a record that must not exist yet."""

    key: RecordKey
    revision_before: int
    after: Record


class BatchRecords:
    """The records of one batch as its commands change them in memory."""

    def __init__(self, loaded: Mapping[RecordKey, Record]) -> None:
        self._loaded = loaded
        self._changed: dict[RecordKey, Record] = {}

    def get(self, key: RecordKey) -> Record | None:
        return self._changed.get(key) or self._loaded.get(key)

    def put(self, writes: Mapping[RecordKey, Record]) -> dict[RecordKey, Record | None]:
        """Take the writes of an accepted command; what they replaced within the batch, for `restore`."""
        replaced = {key: self._changed.get(key) for key in writes}
        self._changed.update(writes)
        return replaced

    def restore(self, replaced: Mapping[RecordKey, Record | None]) -> None:
        """Take back the newest `put`."""
        for key, record in replaced.items():
            if record is None:
                del self._changed[key]
            else:
                self._changed[key] = record

    def changes(self) -> Iterable[RecordChange]:
        """Every changed record with the revision that the database must still hold."""
        for key, after in self._changed.items():
            before = self._loaded.get(key)
            yield RecordChange(key, before.revision if before else 0, after)
