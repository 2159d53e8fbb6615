"""The wiring of discovery, reconciliation and the safety valve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gateway.discovery import DiscoveryRun
from gateway.dispatch.channel_checks import ChannelChecks
from gateway.dispatch.connections import Connections
from gateway.dispatch.dispatch import Dispatch
from gateway.dispatch.drift_looks import DriftLooks
from gateway.dispatch.echoes import Echoes
from gateway.dispatch.hinted_channels import HintedChannels
from gateway.dispatch.safety_valve import SafetyValve
from gateway.dispatch.surveys import Surveys
from gateway.inventory.drifts import ReconcileMode
from gateway.inventory.safety import ChannelRules
from gateway.metrics import Metrics
from gateway.operations.channels import ChannelOperations
from gateway.operations.listings import WaitingEvents
from gateway.operations.surveys import SurveyOperations
from gateway.reconcile import ReconcileRun
from gateway.settings import Settings
from gateway.store.buffer_rules import BufferRuleDirectory
from gateway.store.channels import ChannelDirectory
from gateway.store.discoveries import DiscoveryStore
from gateway.store.drifts import DriftStore
from gateway.store.driver import Database
from gateway.store.hints import HintStore
from gateway.store.leases import LeaseStore
from gateway.store.listing_walks import ListingWalk
from gateway.store.listings import ListingStore
from gateway.store.reconciliations import ReconciliationStore
from gateway.store.safety import SafetyStore
from gateway.store.stock import MongoStockStore


@dataclass(frozen=True, slots=True)
class SurveyServices:
    """What people ask, what works for them in the background, and the look at a connection."""

    operations: SurveyOperations
    background: Surveys
    checks: ChannelChecks


def create_safety(
    settings: Settings, database: Database, channels: ChannelOperations
) -> tuple[SafetyStore, SafetyValve]:
    """The rules, and the valve that every push goes through."""
    defaults = ChannelRules(
        mode=ReconcileMode(settings.reconcile_mode),
        interval_seconds=settings.reconcile_interval_seconds,
        zero_share=settings.safety_zero_share,
        change_share=settings.safety_change_share,
        listings_min=settings.safety_listings_min,
    )
    store = SafetyStore(database, defaults)
    return store, SafetyValve(store, ListingWalk(database), channels.pause)


def create_survey_services(
    settings: Settings,
    metrics: Metrics,
    database: Database,
    stock_store: MongoStockStore,
    channels: ChannelOperations,
    directory: ChannelDirectory,
    connections: Connections,
    dispatch: Dispatch,
    waiting: WaitingEvents,
    leases: LeaseStore,
    echoes: Echoes,
    safety: tuple[SafetyStore, SafetyValve],
    rules: BufferRuleDirectory,
) -> SurveyServices:
    """Wire the services; nothing works in the background until `background` is run."""
    store, valve = safety
    discoveries, reconciliations, drifts = DiscoveryStore(database), ReconciliationStore(database), DriftStore(database)
    walk = ListingWalk(database)
    report_within = timedelta(seconds=settings.reconcile_report_seconds)
    run = ReconcileRun(
        reconciliations,
        drifts,
        walk,
        DriftLooks(drifts, walk, stock_store, stock_store, rules, report_within),
        valve,
        lambda channel_id, places: metrics.channel_divergence.labels(channel_id).set(places),
        settle_seconds=settings.reconcile_settle_seconds,
    )
    background = Surveys(
        directory,
        connections,
        dispatch,
        leases,
        discoveries,
        DiscoveryRun(discoveries, ListingStore(database), stock_store, waiting),
        reconciliations,
        run,
        store,
        HintedChannels(HintStore(database), echoes, reconciliations, store, settings.reconcile_hint_seconds),
    )
    operations = SurveyOperations(channels, discoveries, reconciliations, drifts, store, background.wake)
    return SurveyServices(operations, background, ChannelChecks(channels, connections))
