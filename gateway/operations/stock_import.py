"""Setting stock from lines: missing items and locations are created, quantities go through the kernel."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.inventory.commands import LINES_MAX
from gateway.inventory.decision import Atomicity, Result
from gateway.inventory.errors import InventoryError, Unavailable
from gateway.inventory.ledger import Cause
from gateway.inventory.stock_changes import Count, SetQuantities
from gateway.operations.stock import SUBMISSION_COMMANDS_MAX, StockOperations
from gateway.operations.stock_lines import BadLine, StockLine

SCOPE = "import/file"
"""Scope of the idempotency keys; no client's name can contain a slash."""

TRIES_MAX = 6
RETRY_SECONDS_FIRST = 0.2

T = TypeVar("T")


class ItemsInBulk(Protocol):
    """What an import needs besides the kernel: to look at, and to add, thousands of items at once."""

    async def available(self, skus: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """Available units by SKU and location, of those items that exist."""

    async def add_items(self, names: Mapping[str, str | None]) -> int:
        """Create items by SKU with their names, without stock; those that exist stay as they are. How many are new."""

    async def add_locations(self, location_ids: Collection[str]) -> int:
        """Create locations; those that exist stay as they are. How many are new."""


@dataclass(slots=True)
class Tally:
    """What an import has done so far: lines that changed something or did not, items and locations created."""

    applied: int = 0
    unchanged: int = 0
    items_created: int = 0
    locations_created: int = 0


class StockImport:
    """One run of an import.

    Without `resumed_run_id` each quantity is set to what its line says whenever it is not so already: importing a
    file twice writes nothing the second time, and importing it again after sales sets the stock again. With it,
    every line is applied once per run id and is a replay ever after, whatever was sold since: that is for going on
    with a run which broke off.
    """

    def __init__(self, stock: StockOperations, items: ItemsInBulk, run_id: str, *, resumable: bool) -> None:
        self._stock = stock
        self._items = items
        self._run_id = run_id
        self._resumable = resumable
        self._locations: set[str] = set()
        self.tally = Tally()

    async def apply(self, lines: Sequence[StockLine]) -> list[BadLine]:
        """Apply some thousand lines; the refused ones. Of two lines for one SKU and location the later counts."""
        if not lines:
            return []
        wanted: dict[str, dict[str, StockLine]] = {}
        for line in lines:
            wanted.setdefault(line.sku, {})[line.location_id] = line
        await self._add_missing_locations({line.location_id for line in lines})
        present = await self._items.available(wanted.keys())
        missing = {sku: _name(levels.values()) for sku, levels in wanted.items() if sku not in present}
        if missing:
            self.tally.items_created += await self._items.add_items(missing)
        parts = [
            part
            for sku, levels in wanted.items()
            for part in _slices(self._changes(levels.values(), present.get(sku, {})), LINES_MAX)
        ]
        self.tally.unchanged += len(lines) - sum(map(len, parts))
        refused = await self._set(parts)
        # A command is refused as a whole: alone, only the lines at fault fail.
        shared = [part for part, _ in refused if len(part) > 1]
        refused = [refusal for refusal in refused if len(refusal[0]) == 1]
        refused += await self._set([[line] for part in shared for line in part])
        bad = [BadLine(part[0].number, error.message) for part, error in refused]
        return sorted(bad, key=lambda line: line.number)

    async def _add_missing_locations(self, location_ids: set[str]) -> None:
        unknown = location_ids - self._locations
        if unknown:
            self.tally.locations_created += await self._items.add_locations(unknown)
            self._locations |= unknown

    def _changes(self, lines: Iterable[StockLine], present: Mapping[str, int]) -> list[StockLine]:
        """The lines to send; a resumable run sends all, so that the ledger remembers each."""
        return [line for line in lines if self._resumable or present.get(line.location_id) != line.available]

    async def _set(self, parts: Sequence[list[StockLine]]) -> list[tuple[list[StockLine], InventoryError]]:
        groups = list(_slices(parts, SUBMISSION_COMMANDS_MAX))
        results = await asyncio.gather(*(self._submit([self._command(part) for part in group]) for group in groups))
        refused = []
        for part, result in zip(parts, [result for group in results for result in group], strict=True):
            if isinstance(result, InventoryError):
                refused.append((part, result))
            elif result.replayed:
                self.tally.unchanged += len(part)
            else:
                self.tally.applied += len(part)
        return refused

    async def _submit(self, commands: Sequence[SetQuantities]) -> list[Result]:
        pause = RETRY_SECONDS_FIRST
        for _ in range(TRIES_MAX - 1):
            try:
                return await self._stock.apply_many(commands, Atomicity.PER_ADJUSTMENT)
            except Unavailable:
                # The keys make a repetition harmless, whatever became of the first try.
                await asyncio.sleep(pause)
                pause *= 2
        return await self._stock.apply_many(commands, Atomicity.PER_ADJUSTMENT)

    def _command(self, part: Sequence[StockLine]) -> SetQuantities:
        content = "\n".join(f"{line.location_id} {line.available}" for line in part)
        digest = hashlib.sha256(f"{part[0].sku}\n{content}".encode()).hexdigest()[:16]
        key = f"{self._run_id}/{part[0].number}/{digest}"
        cause = Cause(actor=SCOPE, reason="import", reference=self._run_id)
        quantities = tuple(Count(line.location_id, line.available, None) for line in part)
        return SetQuantities(SCOPE, key, cause, part[0].sku, quantities)


def _name(lines: Iterable[StockLine]) -> str | None:
    return next((line.name for line in lines if line.name is not None), None)


def _slices(values: Sequence[T], length_max: int) -> Iterator[list[T]]:
    for start in range(0, len(values), length_max):
        yield list(values[start : start + length_max])
