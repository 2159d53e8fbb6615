"""The audit: every stored quantity against its ledger and the open documents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import structlog

from gateway.inventory.accounts import Check, ItemAccount, Mismatch
from gateway.inventory.ledger import Cause
from gateway.inventory.ports import WriteConflict

MISMATCHES_MAX = 1_000
"""Differences that one report lists; all of them are counted."""

REPAIR_TRIES = 5

_log = structlog.get_logger(__name__)


class Accounts(Protocol):
    """Reads what the stored quantities must agree with."""

    def parts(self) -> AsyncIterator[list[ItemAccount]]:
        """Every item's account, a part at a time; each part as of one moment."""

    async def account(self, item_id: str) -> ItemAccount | None: ...


class Repairs(Protocol):
    """Makes levels agree with the ledger."""

    async def repair(
        self, mismatches: Sequence[Mismatch], revision: int, active: Collection[str], cause: Cause
    ) -> int: ...


class Locations(Protocol):
    async def locations(self, fresh: bool = False) -> Mapping[str, bool]:
        """Whether each location is active."""


@dataclass(slots=True)
class AuditReport:
    """What one run found. `mismatches` are the first of `mismatches_total`."""

    started_at: datetime
    items: int = 0
    levels: int = 0
    movements: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    mismatches_total: int = 0
    repaired_items: int = 0
    seconds: float = 0.0

    def add(self, account: ItemAccount) -> list[Mismatch]:
        """Take in one item; its differences."""
        found = list(account.mismatches())
        self.items += 1
        self.levels += len(account.item.levels)
        self.movements += account.versions.entries
        self.mismatches += found[: MISMATCHES_MAX - len(self.mismatches)]
        self.mismatches_total += len(found)
        return found


class Auditor:
    """Compares, and on request repairs; a repair never touches the ledger's past, which is the truth."""

    def __init__(self, accounts: Accounts, repairs: Repairs, locations: Locations) -> None:
        self._accounts = accounts
        self._repairs = repairs
        self._locations = locations

    async def run(self, *, repair_as: Cause | None = None, share: float = 1.0) -> AuditReport:
        """Audit every item. Raises a StorageError when the database is away.

        `repair_as`: make the levels that differ agree with their ledger, in this name. `share`: part of the time, up to
        1, that the audit may keep the database busy.
        """
        started = time.monotonic()
        report = AuditReport(datetime.now(UTC))
        part_started = started
        async for part in self._accounts.parts():
            for account in part:
                found = report.add(account)
                if repair_as is not None and any(known.check is Check.LEDGER for known in found):
                    report.repaired_items += await self._repair(account, repair_as)
            await asyncio.sleep((time.monotonic() - part_started) * (1 / share - 1))
            part_started = time.monotonic()
        report.seconds = time.monotonic() - started
        return report

    async def _repair(self, account: ItemAccount, cause: Cause) -> bool:
        """Whether the item needed it and was repaired; it may have been changed or repaired since it was read."""
        known: ItemAccount | None = account
        for _ in range(REPAIR_TRIES):
            found = [one for one in known.mismatches() if one.check is Check.LEDGER] if known else []
            if known is None or not found:
                return False
            active = {at for at, is_active in (await self._locations.locations(fresh=True)).items() if is_active}
            try:
                version = await self._repairs.repair(found, known.item.revision, active, cause)
            except WriteConflict:
                known = await self._accounts.account(account.item.id)
            else:
                _log.warning("levels_repaired", item=known.item.id, version=version, buckets=len(found))
                return True
        _log.warning("levels_not_repaired", item=account.item.id, reason="other writers were always first")
        return False
