"""What a Prometheus server reads at `/metrics`. No label ever names a SKU, an order or a client."""

from __future__ import annotations

import importlib.metadata
import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

# With several worker processes each writes its values to files here, and whichever is asked adds them all up.
SHARED_DIR_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)


class Metrics:
    """The process's counters, gauges and histograms."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._count_stock(registry)
        self._count_inbound(registry)
        self._count_channels(registry)
        self._count_process(registry)

    def _count_stock(self, registry: CollectorRegistry) -> None:
        """Stock commands, their transactions, and the proof that they add up."""
        self.adjustments = Counter(
            "gateway_adjustments",
            "Stock commands by result: applied, replayed, or the code of the refusal.",
            ["result"],
            registry=registry,
        )
        self.commit_batch_size = Histogram(
            "gateway_commit_batch_size", "Movements per transaction.", registry=registry, buckets=_SIZES
        )
        self.commit_duration = Histogram(
            "gateway_commit_duration_seconds", "Time of one transaction.", registry=registry, buckets=_SECONDS
        )
        self.commit_queue_depth = Gauge(
            "gateway_commit_queue_depth",
            "Commands waiting for a transaction.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.write_conflicts = Counter(
            "gateway_write_conflicts", "Transactions that another writer had overtaken.", registry=registry
        )
        self.unknown_outcomes = Counter(
            "gateway_unknown_outcomes", "Commits whose answer was lost; the ledger settled them.", registry=registry
        )
        self.expired_reservations = Counter(
            "gateway_expired_reservations", "Holds whose time had passed, given back by the sweeper.", registry=registry
        )
        self.audit_mismatches = Gauge(
            "gateway_ledger_audit_mismatch_cells",
            "Stored quantities that the last audit found to differ from the ledger or the open documents.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.audit_finished_at = Gauge(
            "gateway_ledger_audit_timestamp_seconds",
            "When the last audit was finished.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.alerts_unresolved = Gauge(
            "gateway_alerts_unresolved",
            "Alerts that are open or acknowledged: somebody has to do something.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.stock_alerts = Counter(
            "gateway_stock_alerts", "Alerts opened because a level crossed a threshold.", ["kind"], registry=registry
        )
        self.alerts_resolved = Counter(
            "gateway_alerts_resolved", "Alerts that were closed because the stock had recovered.", registry=registry
        )

    def _count_inbound(self, registry: CollectorRegistry) -> None:
        """What platforms have told us."""
        self.inbox_events = Gauge(
            "gateway_inbox_events",
            "Events from platforms that are not done, by state: received, waiting or failed (parked).",
            ["state"],
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.inbox_lag = Gauge(
            "gateway_inbox_lag_seconds",
            "Age of the oldest event that waits for nothing but its turn.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.orders_found = Counter(
            "gateway_orders_found_by_poll",
            "States of orders that we had to ask for: what notifications have lost, or not told yet.",
            ["channel"],
            registry=registry,
        )
        self.stock_echoes = Counter(
            "gateway_stock_echoes",
            "Counts that platforms told of, by kind: own, old, unknown or different.",
            ["kind"],
            registry=registry,
        )

    def _count_channels(self, registry: CollectorRegistry) -> None:
        """What the channels have yet to hear."""
        self.outbox_lag = Gauge(
            "gateway_outbox_lag_seconds",
            "Age of the oldest change that a channel has yet to acknowledge.",
            ["channel"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.outbox_backlog = Gauge(
            "gateway_outbox_backlog",
            "Items that a channel is known to have yet to hear of.",
            ["channel"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.channel_pushes = Counter(
            "gateway_channel_push",
            "Listings pushed, by outcome: confirmed, stale, rejected or deferred; failed counts requests.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.channel_breaker = Gauge(
            "gateway_channel_breaker_state",
            "0: requests are sent; 1: one is sent to see whether the platform has recovered; 2: it is left alone.",
            ["channel"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.channel_divergence = Gauge(
            "gateway_channel_divergence_skus",
            "Places of listings that showed another quantity than ours at the last reconciliation.",
            ["channel"],
            registry=registry,
            multiprocess_mode="mostrecent",
        )

    def _count_process(self, registry: CollectorRegistry) -> None:
        """This process."""
        self.event_loop_lag = Histogram(
            "gateway_event_loop_lag_seconds", "How late the event loop runs.", registry=registry, buckets=_SECONDS
        )
        self.http_request_duration = Histogram(
            "gateway_http_request_duration_seconds",
            "Time from a request to the start of its answer.",
            ["route", "method", "status"],
            registry=registry,
            buckets=_SECONDS,
        )
        build_info = Gauge(
            "gateway_build_info", "The running version.", ["version"], registry=registry, multiprocess_mode="livemax"
        )
        build_info.labels(importlib.metadata.version("inventory-gateway")).set(1)
        if SHARED_DIR_VARIABLE not in os.environ:
            # These read the process itself, so they cannot be added up over several.
            ProcessCollector(registry=registry)
            GCCollector(registry=registry)

    def exposition(self) -> bytes:
        """Every value in the Prometheus text format, summed over the worker processes of this gateway."""
        if SHARED_DIR_VARIABLE not in os.environ:
            return generate_latest(self.registry)
        collected = CollectorRegistry()
        MultiProcessCollector(collected)  # type: ignore[no-untyped-call]
        return generate_latest(collected)
