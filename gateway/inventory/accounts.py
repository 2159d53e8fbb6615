"""What an item's stored quantities must agree with: its ledger, and the open documents that hold or announce units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.inventory.batch import Cell
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock import Item

DOCUMENT_KINDS = frozenset(
    {
        Kind.TRANSFER_SHIP,
        Kind.TRANSFER_RECEIVE,
        Kind.TRANSFER_RESOLVE,
        Kind.TRANSFER_CANCEL,
        Kind.INBOUND_CREATE,
        Kind.INBOUND_RECEIVE,
        Kind.INBOUND_CANCEL,
    }
)
"""Whose postings to `incoming` belong to a document; all others were made by hand."""


class Source(StrEnum):
    """A kind of document with open units."""

    RESERVATION = "reservation"
    ORDER = "order"
    """An order that a channel reported."""
    INBOUND = "inbound"
    TRANSFER = "transfer"

    @property
    def bucket(self) -> Bucket:
        """Where its units are counted."""
        return Bucket.ALLOCATED if self in (Source.RESERVATION, Source.ORDER) else Bucket.INCOMING


class Check(StrEnum):
    """What a stored number was compared with."""

    LEDGER = "ledger"
    """A bucket, with the sum of its postings."""
    DOCUMENTS = "documents"
    """Allocated and incoming, with the units of open documents (and what was posted to incoming by hand)."""
    VERSIONS = "versions"
    """An item's version, with its ledger entries: one per version, without gaps."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A stored number that is not what it should be. `location_id` and `bucket` are None for a version."""

    check: Check
    item_id: str
    sku: str
    location_id: str | None
    bucket: Bucket | None
    stored: int
    expected: int


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that an item's ledger entries carry: how many entries, how many distinct, and their range."""

    entries: int = 0
    distinct: int = 0
    first: int = 1
    last: int = 0

    def joined(self, later: Versions) -> Versions:
        """This part of the ledger and the part right after it."""
        if self.entries == 0:
            return later
        overlap = later.entries > 0 and later.first <= self.last
        return Versions(
            self.entries + later.entries,
            self.distinct + later.distinct - overlap,
            min(self.first, later.first),
            max(self.last, later.last),
        )

    def complete(self, version: int) -> bool:
        """Whether there is exactly one entry for every version up to `version`."""
        return self.entries == self.distinct == self.last == version and self.first == 1


@dataclass(frozen=True, slots=True)
class ItemAccount:
    """One item with everything that its quantities must agree with, all as of one moment, in units."""

    item: Item
    ledger: Mapping[Cell, int]
    incoming_by_hand: Mapping[str, int]
    documents: Mapping[tuple[str, Source], int]
    versions: Versions

    def mismatches(self) -> Iterator[Mismatch]:
        yield from self._against_ledger()
        yield from self._against_documents()
        if not self.versions.complete(self.item.version):
            item = self.item
            yield Mismatch(Check.VERSIONS, item.id, item.sku, None, None, item.version, self.versions.distinct)

    def _against_ledger(self) -> Iterator[Mismatch]:
        cells = {(at, bucket) for at in self.item.levels for bucket in Bucket} | self.ledger.keys()
        for at, bucket in sorted(cells):
            yield from self._compared(Check.LEDGER, at, bucket, self.ledger.get((at, bucket), 0))

    def _against_documents(self) -> Iterator[Mismatch]:
        open_units: dict[Cell, int] = defaultdict(int)
        for (at, source), units in self.documents.items():
            open_units[at, source.bucket] += units
        for at, units in self.incoming_by_hand.items():
            open_units[at, Bucket.INCOMING] += units
        cells = {(at, bucket) for at in self.item.levels for bucket in (Bucket.ALLOCATED, Bucket.INCOMING)}
        for at, bucket in sorted(cells | open_units.keys()):
            yield from self._compared(Check.DOCUMENTS, at, bucket, open_units[at, bucket])

    def _compared(self, check: Check, at: str, bucket: Bucket, expected: int) -> Iterator[Mismatch]:
        stored = self.item.level(at).quantity(bucket)
        if stored != expected:
            yield Mismatch(check, self.item.id, self.item.sku, at, bucket, stored, expected)
