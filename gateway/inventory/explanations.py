"""Why the quantities of one SKU at one location are what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.inventory.accounts import Source
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock import Item, Level


@dataclass(frozen=True, slots=True)
class Term:
    """Units that one open document holds or announces.

    `state` is the document's own word for it; `due` is when a hold expires or units are expected.
    """

    source: Source
    document_id: str
    units: int
    state: str
    reference: str | None
    owner: str | None
    due: datetime | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """One level, all of it as of one moment. `movements` are the newest that touched it, the newest first.

    `documents` are the units of all open documents, also of those beyond the `terms` that are listed.
    """

    item: Item
    location_id: str
    terms: tuple[Term, ...]
    documents: Mapping[Source, int]
    movements: tuple[LedgerEntry, ...]

    @property
    def level(self) -> Level:
        return self.item.level(self.location_id)

    def listed(self, bucket: Bucket) -> int:
        """Units of the documents that are among the terms."""
        return sum(term.units for term in self.terms if term.source.bucket is bucket)

    def unlisted(self, bucket: Bucket) -> int:
        """Units of documents that are not among the terms."""
        return self._in_documents(bucket) - self.listed(bucket)

    def by_hand(self, bucket: Bucket) -> int:
        """Units of no document; for allocated, always 0 unless the audit reports a difference."""
        return self.level.quantity(bucket) - self._in_documents(bucket)

    def before_movements(self, bucket: Bucket) -> int:
        """Units in the bucket before the oldest of the movements."""
        return self.level.quantity(bucket) - sum(self._deltas(bucket))

    def _in_documents(self, bucket: Bucket) -> int:
        return sum(units for source, units in self.documents.items() if source.bucket is bucket)

    def _deltas(self, bucket: Bucket) -> Iterator[int]:
        for entry in self.movements:
            for line in entry.lines:
                if (line.item_id, line.location_id, line.bucket) == (self.item.id, self.location_id, bucket):
                    yield line.delta
