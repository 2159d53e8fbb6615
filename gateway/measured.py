"""The parts of the gateway whose work is measured: each does what its base does, and counts it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.inventory.batch import ItemChange
from gateway.inventory.decision import Outcome, Result, Submission
from gateway.inventory.errors import InventoryError, Unavailable
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.ports import CommitUnknown, StockStore, WriteConflict
from gateway.inventory.records import RecordChange
from gateway.metrics import Metrics
from gateway.operations.batches import BatchRunner
from gateway.operations.committer import Committer

LAG_SAMPLE_SECONDS = 0.5


class MeasuredStockStore:
    """A stock store whose every transaction is measured."""

    def __init__(self, store: StockStore, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self.cached = store.cached
        self.load = store.load
        self.locations = store.locations

    async def commit(
        self, changes: Sequence[ItemChange], entries: Sequence[LedgerEntry], records: Sequence[RecordChange]
    ) -> None:
        metrics = self._metrics
        started = time.perf_counter()
        try:
            await self._store.commit(changes, entries, records)
        except WriteConflict:
            metrics.write_conflicts.inc()
            raise
        except CommitUnknown:
            metrics.unknown_outcomes.inc()
            raise
        finally:
            metrics.commit_duration.observe(time.perf_counter() - started)
        metrics.commit_batch_size.observe(len(entries))


class MeasuredCommitter(Committer):
    """Counts how every command ended."""

    def __init__(
        self, runner: BatchRunner, metrics: Metrics, *, queue_max: int, batch_max: int, deadline_seconds: float
    ) -> None:
        super().__init__(runner, queue_max=queue_max, batch_max=batch_max, deadline_seconds=deadline_seconds)
        self._metrics = metrics

    async def submit(self, submission: Submission) -> list[Result]:
        try:
            results = await super().submit(submission)
        except Unavailable as error:
            self._metrics.adjustments.labels(_result(error)).inc(len(submission.commands))
            raise
        for result in results:
            self._metrics.adjustments.labels(_result(result)).inc()
        return results


class MeasuredRequests:
    """ASGI middleware: the time from each HTTP request to the start of its answer, by route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._durations = metrics.http_request_duration

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def observed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                seconds = time.perf_counter() - started
                self._durations.labels(route, _method(scope["method"]), message["status"]).observe(seconds)
            await send(message)

        await self._app(scope, receive, observed_send)


async def sample_event_loop(metrics: Metrics, committer: Committer) -> None:
    """Observe, until cancelled, how late the event loop is and how many commands wait."""
    while True:
        due = time.perf_counter() + LAG_SAMPLE_SECONDS
        await asyncio.sleep(LAG_SAMPLE_SECONDS)
        metrics.event_loop_lag.observe(max(time.perf_counter() - due, 0.0))
        metrics.commit_queue_depth.set(committer.queued)


def _result(result: Result) -> str:
    match result:
        case Outcome():
            return "replayed" if result.replayed else "applied"
        case InventoryError():
            return result.code.value.lower()


def _method(method: str) -> str:
    """Callers may invent methods; a label must not."""
    return method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
