"""What the operations need from storage, and how storage may fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.inventory.batch import ItemChange
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.records import Record, RecordChange, RecordKey
from gateway.inventory.stock import Item


class StorageError(Exception):
    """Storage could not do what was asked."""


class WriteConflict(StorageError):
    """Another writer was first: nothing was written; read anew and decide again."""


class StoreUnavailable(StorageError):
    """The database did not answer in time: nothing was written."""


class CommitUnknown(StorageError):
    """The connection was lost after the commit was sent: only the ledger can tell whether it was applied."""


@dataclass(slots=True)
class Loaded:
    """What a batch knows of the database: items by id, ledger entries by key, and records. Each may be incomplete."""

    items: dict[str, Item] = field(default_factory=dict)
    entries: dict[str, LedgerEntry] = field(default_factory=dict)
    records: dict[RecordKey, Record] = field(default_factory=dict)

    def update(self, newer: Loaded) -> None:
        self.items.update(newer.items)
        self.entries.update(newer.entries)
        self.records.update(newer.records)


@dataclass(slots=True)
class Wanted:
    """What a batch needs to know of the database."""

    skus: set[str] = field(default_factory=set)
    item_ids: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    records: set[RecordKey] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.skus or self.item_ids or self.keys or self.records)


class StockStore(Protocol):
    """Reads and commits the stock of a batch."""

    def cached(self, wanted: Wanted) -> Loaded:
        """Items as last seen by this process; possibly stale, which `commit` then finds out."""

    async def load(self, wanted: Wanted) -> Loaded:
        """Fresh items, ledger entries and records."""

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]:
        """Whether each location is active, in order of priority; at most a second old unless `fresh`."""

    async def commit(
        self, changes: Sequence[ItemChange], entries: Sequence[LedgerEntry], records: Sequence[RecordChange]
    ) -> None:
        """Write everything in one transaction, or nothing.

        Raises WriteConflict, StoreUnavailable or CommitUnknown.
        """
