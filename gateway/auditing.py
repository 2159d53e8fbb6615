"""The audit in the background: by one process at a time, at intervals, with its result as a metric."""

from __future__ import annotations

import asyncio
import random

import structlog

from gateway.inventory.ports import StorageError
from gateway.metrics import Metrics
from gateway.operations.audit import Auditor, AuditReport
from gateway.store.leases import LeaseStore

LEASE = "audit"
SHARE = 0.25
"""Part of the time that a background audit may keep the database busy."""

LOGGED_MAX = 20

_log = structlog.get_logger(__name__)


class BackgroundAudit:
    """Audits every `interval_seconds`, give or take a tenth, in whichever process comes first."""

    def __init__(self, auditor: Auditor, leases: LeaseStore, metrics: Metrics, interval_seconds: float) -> None:
        """The leases must last a little less than the interval: one is never given back, so it keeps others away."""
        self._auditor = auditor
        self._leases = leases
        self._metrics = metrics
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        """Audit until cancelled."""
        while True:
            await asyncio.sleep(self._interval_seconds * random.uniform(0.9, 1.1))
            try:
                await self.audit()
            except StorageError as error:
                _log.warning("audit_interrupted", error=str(error)[:300])
            except Exception:
                _log.exception("audit_failed")

    async def audit(self) -> AuditReport | None:
        """Audit once, unless another process has done so within the interval."""
        if await self._leases.acquire(LEASE) is None:
            return None
        report = await self._auditor.run(share=SHARE)
        self._metrics.audit_mismatches.set(report.mismatches_total)
        self._metrics.audit_finished_at.set_to_current_time()
        for found in report.mismatches[:LOGGED_MAX]:
            _log.error(
                "audit_mismatch",
                check=found.check.value,
                sku=found.sku,
                location=found.location_id,
                channel=found.channel_id,
                bucket=found.bucket and found.bucket.value,
                stored=found.stored,
                expected=found.expected,
            )
        _log.info("audit_finished", items=report.items, movements=report.movements, mismatches=report.mismatches_total)
        return report
