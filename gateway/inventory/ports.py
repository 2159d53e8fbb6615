"""What the operations need from storage, and how storage may fail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from gateway.inventory.batch import ItemChange
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.stock import Item


class StorageError(Exception):
    """Storage could not do what was asked."""


class WriteConflict(StorageError):
    """Another writer was first: nothing was written; read anew and decide again."""


class StoreUnavailable(StorageError):
    """The database did not answer in time: nothing was written."""


class CommitUnknown(StorageError):
    """The connection was lost after the commit was sent: only the ledger can tell whether it was applied."""


class StockStore(Protocol):
    """Reads and commits the stock of a batch."""

    def cached(self, skus: Collection[str]) -> dict[str, Item]:
        """Items by SKU as last seen by this process; possibly stale, which `commit` then finds out."""

    async def load(
        self, skus: Collection[str], keys: Collection[str]
    ) -> tuple[dict[str, Item], dict[str, LedgerEntry]]:
        """Fresh items by SKU, and the ledger's entries among `keys`; both may be incomplete."""

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]:
        """Every known location and whether it is active; at most a second old unless `fresh`."""

    async def commit(self, changes: Sequence[ItemChange], entries: Sequence[LedgerEntry]) -> None:
        """Write everything in one transaction, or nothing.

        Raises WriteConflict, StoreUnavailable or CommitUnknown.
        """
