"""Deciding a batch: every command in order, each seeing the effect of those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

from gateway.inventory.batch import Applied, BatchStock
from gateway.inventory.commands import Command
from gateway.inventory.errors import Code, Conflict, IdempotencyKeyReused, InventoryError
from gateway.inventory.idempotency import differing_paths
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.records import Record, RecordKey


class Atomicity(StrEnum):
    """Whether the commands of one submission stand or fall together."""

    ALL = "ALL"
    PER_ADJUSTMENT = "PER_ADJUSTMENT"


@dataclass(frozen=True, slots=True)
class Submission:
    """What one caller handed in at once."""

    commands: tuple[Command, ...]
    atomicity: Atomicity = Atomicity.PER_ADJUSTMENT


@dataclass(frozen=True, slots=True)
class Outcome:
    """An applied command: its ledger entry, and whether an earlier request with the same key had applied it."""

    entry: LedgerEntry
    replayed: bool
    records: Mapping[RecordKey, Record] = field(default_factory=dict, compare=False)
    """The records as this very request stored them; empty where the ledger told of it: for a replay, or after a commit
    whose answer was lost."""


Result = Outcome | InventoryError


class Decision:
    """The fate of a batch, built up submission by submission, and the writes that it comes to.

    `known` holds the ledger's entries for keys of the batch; `seq` is a ledger position before all new ones.
    """

    def __init__(
        self,
        stock: BatchStock,
        known: Mapping[str, LedgerEntry],
        seq: int,
    ) -> None:
        self.stock = stock
        self.entries: dict[str, LedgerEntry] = {}
        self.seq = seq
        self._known = known
        self._undo: dict[str, tuple[Applied, dict[RecordKey, Record | None]]] = {}

    def submit(self, submission: Submission) -> list[Result]:
        """Decide one submission; one result per command, in order."""
        results = [self._decide(command) for command in submission.commands]
        if submission.atomicity is Atomicity.ALL and any(isinstance(r, InventoryError) for r in results):
            return self._take_back(results)
        return results

    def _decide(self, command: Command) -> Result:
        earlier = self.entries.get(command.key) or self._known.get(command.key)
        try:
            if earlier is not None:
                return _replay(command, earlier)
            plan = command.plan(self.stock)
            merged = self.stock.check(plan.postings, command.floor)
        except InventoryError as error:
            return error
        # Nothing below may fail: from here on the command is part of the batch.
        owing = dict.fromkeys(line.item_id for line in plan.owed)
        last_seq = self.stock.last_seq(chain((item_id for item_id, _ in merged), plan.quotas, owing))
        self.seq = max(self.seq, last_seq) + 1
        applied = self.stock.apply(merged, command.floor, self.seq, plan.quotas, owing)
        entry = LedgerEntry(
            key=command.key,
            seq=self.seq,
            kind=command.kind,
            lines=tuple(applied.lines),
            items=tuple(applied.marks),
            cause=command.cause,
            request=command.request,
            fingerprint=command.fingerprint,
            draws=applied.draws,
            owed=tuple(plan.owed),
        )
        self.entries[command.key] = entry
        self._undo[command.key] = applied, self.stock.records.put(plan.records)
        return Outcome(entry, replayed=False, records=plan.records)

    def _take_back(self, results: list[Result]) -> list[Result]:
        undone = {r.entry.key for r in results if isinstance(r, Outcome) and not r.replayed}
        for key in reversed([key for key in self.entries if key in undone]):
            del self.entries[key]
            applied, replaced_records = self._undo.pop(key)
            self.stock.undo(applied)
            self.stock.records.restore(replaced_records)
        message = "Not applied, because another part of this all-or-nothing request was refused."
        return [
            Conflict(Code.NOT_APPLIED, message) if isinstance(r, Outcome) and r.entry.key in undone else r
            for r in results
        ]


def _replay(command: Command, earlier: LedgerEntry) -> Outcome:
    if earlier.fingerprint != command.fingerprint:
        raise IdempotencyKeyReused(differing_paths(earlier.request, command.request))
    return Outcome(earlier, replayed=True)
