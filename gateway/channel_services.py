"""The wiring of everything about channels: their operations, the webhook intake, and the work in the background."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from ipaddress import ip_network
from uuid import uuid4

import structlog
from cryptography.fernet import InvalidToken, MultiFernet

from connectors import CONNECTORS
from connectors.session import HttpSession
from gateway.dispatch.connections import Connections, ConnectorPlatforms
from gateway.dispatch.delay_watch import DelayWatch
from gateway.dispatch.dispatch import Dispatch
from gateway.dispatch.ending import end_tasks
from gateway.dispatch.feed import Feed
from gateway.dispatch.push_watch import PushWatch
from gateway.dispatch.pushing import Pusher
from gateway.dispatch.shared_tokens import LEASE_SECONDS as TOKEN_LEASE_SECONDS
from gateway.dispatch.shared_tokens import SharedTokens
from gateway.intake import Intake
from gateway.metrics import Metrics
from gateway.operations.channel_offers import ChannelOffers
from gateway.operations.channels import ChannelOperations
from gateway.operations.listings import ListingOperations
from gateway.operations.news import News
from gateway.operations.platforms import SecretsUnreadable
from gateway.operations.stock import StockOperations
from gateway.operations.watching import Watching
from gateway.reception_services import ReceptionServices, create_reception_services
from gateway.secret_key import open_secret_key
from gateway.settings import Settings
from gateway.store.buffer_rules import BufferRuleDirectory, BufferRuleStore
from gateway.store.changes import ChangeStream
from gateway.store.channel_health import ChannelHealthStore
from gateway.store.channel_tokens import ChannelTokenStore
from gateway.store.channels import CHANNELS_MAX, ChannelDirectory, ChannelStore
from gateway.store.delays import DelayStore
from gateway.store.driver import Database
from gateway.store.inbox import Inbox
from gateway.store.leases import LeaseStore
from gateway.store.listings import ListingStore
from gateway.store.pushes import PushStore
from gateway.store.stock import MongoStockStore
from gateway.store.views.stock_past import StockPastView
from gateway.store.views.sync_past import SyncPastView
from gateway.survey_services import SurveyServices, create_safety, create_survey_services

# Not the link-local range: cloud machines answer there with their own credentials.
PRIVATE_NETWORKS = tuple(
    ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)

RESTART_SECONDS = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChannelServices:
    """What requests about channels act through, and what works for them in the background."""

    channels: ChannelOperations
    listings: ListingOperations
    directory: ChannelDirectory
    buffer_rules: BufferRuleDirectory
    offers: ChannelOffers
    connections: Connections
    reception: ReceptionServices
    dispatch: Dispatch
    surveys: SurveyServices
    watching: Watching
    health: ChannelHealthStore
    delays: DelayWatch
    _feed: Feed
    _push_watch: PushWatch

    @property
    def inbox(self) -> Inbox:
        return self.reception.inbox

    @property
    def intake(self) -> Intake:
        return self.reception.intake

    @asynccontextmanager
    async def running(self, *, workers: bool = True) -> AsyncIterator[None]:
        """Push to the channels whose lease this process gets, and take in what they tell; drain at the end.

        Without `workers` that is left to other processes: this one only follows what happens, and works on the
        webhooks that it receives.
        """
        reception = self.reception.loops()
        loops = {"feed": self._feed.run, "inbox": reception["inbox"], "delays": self.delays.run}
        if workers:
            loops |= {
                "dispatch": self.dispatch.run,
                "push watch": partial(self._push_watch.run, lambda: self.dispatch.workers),
                "surveys": self.surveys.background.run,
                **reception,
            }
        tasks = [asyncio.create_task(_keep_running(name, loop), name=name) for name, loop in loops.items()]
        try:
            yield
        finally:
            await end_tasks(tasks)
            await self.dispatch.close()


def _connections(
    settings: Settings, database: Database, session: HttpSession, channels: ChannelOperations
) -> Connections:
    tokens = SharedTokens(
        ChannelTokenStore(database),
        lambda: LeaseStore(database, _process_name(), TOKEN_LEASE_SECONDS),
        StoredSecrets(settings),
    )
    return Connections(CONNECTORS, session, channels.full_config, tokens.shelf)


@asynccontextmanager
async def open_channel_services(
    settings: Settings, metrics: Metrics, database: Database, stock_store: MongoStockStore, stock: StockOperations
) -> AsyncIterator[ChannelServices]:
    """Wire the services; nothing works in the background until `running` is entered."""
    networks = PRIVATE_NETWORKS if settings.allow_private_addresses else ()
    async with HttpSession(allowed_networks=networks) as session:
        store, listings = ChannelStore(database), ListingStore(database)
        directory, rules = ChannelDirectory(store), BufferRuleDirectory(BufferRuleStore(database))
        delays = DelayWatch(DelayStore(database))
        platforms = ConnectorPlatforms(CONNECTORS)
        channels = ChannelOperations(
            store,
            stock_store,
            platforms,
            StoredSecrets(settings),
            channels_max=CHANNELS_MAX,
            on_change=directory.forget,
        )
        connections = _connections(settings, database, session, channels)
        leases = LeaseStore(database, _process_name(), settings.channel_lease_seconds)
        reception = create_reception_services(
            settings, metrics, database, stock_store, stock, directory, connections, leases, networks, delays
        )
        pushes = PushStore(database)
        safety = create_safety(settings, database, channels)
        news, health = News(), ChannelHealthStore(database)
        push_watch = PushWatch(metrics, health)
        dispatch = Dispatch(
            directory,
            connections,
            leases,
            Pusher(pushes, safety[1]),
            pushes,
            stock_store,
            rules,
            channels.report_health,
            push_watch.count,
            delays.propagated,
        )
        surveys = create_survey_services(
            settings,
            metrics,
            database,
            stock_store,
            channels,
            directory,
            connections,
            dispatch,
            reception.inbox,
            leases,
            reception.echoes,
            safety,
            rules,
        )
        yield ChannelServices(
            channels,
            ListingOperations(listings, stock_store, channels, platforms, reception.inbox),
            directory,
            rules,
            ChannelOffers(rules, listings),
            connections,
            reception,
            dispatch,
            surveys,
            Watching(news, StockPastView(database), SyncPastView(database)),
            health,
            delays,
            Feed(ChangeStream(database), listings, dispatch, news, stock_store),
            push_watch,
        )


async def _keep_running(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """A fault that nobody has thought of must not end the work for good."""
    while True:
        try:
            await loop()
        except Exception:
            _log.exception("background_work_failed", work=name)
            await asyncio.sleep(RESTART_SECONDS)


class StoredSecrets:
    """Implements `gateway.operations.platforms.Cipher`; the key is made or read when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def encrypt(self, data: bytes) -> bytes:
        return self._fernet.encrypt(data)

    def decrypt(self, token: bytes) -> bytes:
        try:
            return self._fernet.decrypt(token)
        except InvalidToken:
            message = "The secrets were encrypted with another key. Give that key too, or enter or rotate them."
            raise SecretsUnreadable(message) from None

    @cached_property
    def _fernet(self) -> MultiFernet:
        given = self._settings.secret_key
        return open_secret_key(given.get_secret_value() if given else None, self._settings.data_dir)


def _process_name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"
