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
    QUOTAS = "quotas"
    """What was used of a quota, with what its ledger entries drew from it less what they gave back."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A stored number that is not what it should be.

    `bucket` is None for a version and for a quota, which its channel and location name (None: any location).
    """

    check: Check
    item_id: str
    sku: str
    location_id: str | None
    bucket: Bucket | None
    stored: int
    expected: int
    channel_id: str | None = None


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
    """One item with everything that its quantities must agree with, all as of one moment, in units.

    `drawn` is what its ledger has drawn from quotas, by their ids.
    """

    item: Item
    ledger: Mapping[Cell, int]
    incoming_by_hand: Mapping[str, int]
    documents: Mapping[tuple[str, Source], int]
    versions: Versions
    drawn: Mapping[str, int]

    def mismatches(self) -> Iterator[Mismatch]:
        yield from self._against_ledger()
        yield from self._against_documents()
        yield from self._quotas_against_draws()
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

    def _quotas_against_draws(self) -> Iterator[Mismatch]:
        item = self.item
        for quota in item.quotas.values():
            drawn, at = self.drawn.get(quota.id, 0), quota.location_id
            if quota.used != drawn:
                yield Mismatch(Check.QUOTAS, item.id, item.sku, at, None, quota.used, drawn, quota.channel_id)

    def _compared(self, check: Check, at: str, bucket: Bucket, expected: int) -> Iterator[Mismatch]:
        stored = self.item.level(at).quantity(bucket)
        if stored != expected:
            yield Mismatch(check, self.item.id, self.item.sku, at, bucket, stored, expected)
