"""The wiring of everything that comes in from platforms: webhooks, queues, polls, the inbox, and alerts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.addresses import Network
from connectors.queues import WAIT_SECONDS, QueueAddress
from gateway.dispatch.connections import Connections
from gateway.dispatch.delay_watch import DelayWatch
from gateway.dispatch.echoes import Echoes
from gateway.dispatch.messages import MessageHandler
from gateway.dispatch.order_polling import OrderPoller
from gateway.dispatch.processing import InboxProcessor
from gateway.dispatch.queue_receiving import OpenQueue, QueueReceivers
from gateway.dispatch.reception import Reception
from gateway.dispatch.renewing import Renewals
from gateway.dispatch.subscribing import Subscriber
from gateway.intake import Intake
from gateway.metrics import Metrics
from gateway.operations.alerts import AlertOperations
from gateway.operations.clock import utc_now
from gateway.operations.inbox import InboxOperations
from gateway.operations.sales import SalesOperations
from gateway.operations.stock import StockOperations
from gateway.reception_watch import ReceptionWatch
from gateway.settings import Settings
from gateway.store.alerts import AlertStore
from gateway.store.channels import ChannelDirectory
from gateway.store.cursors import CursorStore
from gateway.store.driver import Database
from gateway.store.hints import HintStore
from gateway.store.inbox import Inbox
from gateway.store.leases import LeaseStore
from gateway.store.listings import ListingStore
from gateway.store.orders import OrderStore
from gateway.store.own_movements import OwnMovements
from gateway.store.registrations import RegistrationStore
from gateway.store.stock import MongoStockStore
from gateway.store.views.alerts import AlertView
from gateway.store.views.inbox import InboxView
from gateway.store.views.orders import OrderView

if TYPE_CHECKING:
    from connectors.sqs import SqsQueue


@dataclass(frozen=True, slots=True)
class ReceptionServices:
    """What takes in, shows and works on whatever platforms tell."""

    inbox: Inbox
    intake: Intake
    events: InboxOperations
    event_view: InboxView
    alerts: AlertOperations
    alert_view: AlertView
    order_view: OrderView
    registrations: RegistrationStore
    subscriber: Subscriber
    renewals: Renewals
    poller: OrderPoller
    watch: ReceptionWatch
    echoes: Echoes
    _processor: InboxProcessor
    _receivers: QueueReceivers

    def loops(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """The work in the background, by name; each runs until it is cancelled."""
        return {
            "inbox": self._processor.run,
            "orders": self.poller.run,
            "queues": self._receivers.run,
            "reception": self.watch.run,
            "webhooks": self.renewals.run,
        }


def create_reception_services(
    settings: Settings,
    metrics: Metrics,
    database: Database,
    stock_store: MongoStockStore,
    stock: StockOperations,
    directory: ChannelDirectory,
    connections: Connections,
    leases: LeaseStore,
    networks: Sequence[Network],
    delays: DelayWatch,
) -> ReceptionServices:
    """Wire the services; nothing works in the background until the loops are run. Queues may be in `networks`."""
    inbox = Inbox(database, settings.inbox_retention_days)
    listings = ListingStore(database)
    echoes = Echoes(
        listings,
        OwnMovements(database),
        HintStore(database),
        lambda kind: metrics.stock_echoes.labels(kind).inc(),
    )
    sales = SalesOperations(stock, stock_store, OrderStore(database), listings)
    handler = MessageHandler(directory, connections, sales, echoes, _counting(metrics), delays.reported)
    processor = InboxProcessor(inbox, handler, at_once=settings.inbox_events_at_once)
    reception = Reception(inbox, processor.accepted)
    intake = Intake(
        directory,
        connections,
        reception,
        public_url=settings.public_url,
        body_bytes_max=settings.webhook_bytes_max,
        body_seconds_max=settings.request_timeout_seconds,
    )
    poller = OrderPoller(
        directory,
        connections,
        leases,
        CursorStore(database),
        reception,
        poll_seconds=settings.order_poll_seconds,
        gap_seconds=settings.order_gap_seconds,
    )
    # A wait that outlasts the lease would let another process wait for the same messages.
    wait_seconds = int(min(WAIT_SECONDS, leases.ttl_seconds / 2))
    receivers = QueueReceivers(
        directory,
        connections,
        leases,
        reception,
        _opening(networks, wait_seconds),
    )
    event_view, alert_view = InboxView(database), AlertView(database)
    alerts = AlertOperations(AlertStore(database), stock_store, utc_now)
    return ReceptionServices(
        inbox,
        intake,
        InboxOperations(inbox),
        event_view,
        alerts,
        alert_view,
        OrderView(database),
        *_registering(settings, database, directory, connections),
        poller,
        ReceptionWatch(event_view, alerts, alert_view, metrics),
        echoes,
        processor,
        receivers,
    )


def _counting(metrics: Metrics) -> Callable[[str], None]:
    """Counts the orders of a channel that a poll has brought first."""
    return lambda channel_id: metrics.orders_found.labels(channel_id).inc()


def _opening(networks: Sequence[Network], wait_seconds: int) -> OpenQueue:
    def opened(address: QueueAddress) -> SqsQueue:
        # Amazon's client takes a quarter of a second to import, and only its channels have queues.
        from connectors.sqs import SqsQueue

        return SqsQueue(address, allowed_networks=networks, wait_seconds=wait_seconds)

    return opened


def _registering(
    settings: Settings, database: Database, directory: ChannelDirectory, connections: Connections
) -> tuple[RegistrationStore, Subscriber, Renewals]:
    registrations = RegistrationStore(database)
    seconds = settings.webhook_renewal_seconds
    subscriber = Subscriber(directory, connections, registrations, settings.public_url, seconds)
    return registrations, subscriber, Renewals(registrations, subscriber)
