"""What resolvers act through: one typed object per request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import strawberry

from gateway.inventory.access import Principal
from gateway.inventory.channel_health import ChannelHealth
from gateway.inventory.channels import Channel
from gateway.inventory.registrations import Registration
from gateway.inventory.stock import Item
from gateway.operations.alert_watching import AlertWatching
from gateway.operations.alerts import AlertOperations
from gateway.operations.allocation_previews import AllocationPreviews
from gateway.operations.backorders import BackorderOperations
from gateway.operations.buffers import BufferOperations
from gateway.operations.carts import CartOperations
from gateway.operations.catalog import CatalogOperations
from gateway.operations.channel_offers import ChannelOffers
from gateway.operations.channels import ChannelOperations
from gateway.operations.connection_checks import ConnectionChecks
from gateway.operations.counts import CountOperations
from gateway.operations.customer_orders import OrderOperations
from gateway.operations.history import HistoryOperations
from gateway.operations.inbound import InboundOperations
from gateway.operations.inbox import InboxOperations
from gateway.operations.lead_times import LeadTimeOperations
from gateway.operations.listings import ChannelSync, ListingOperations
from gateway.operations.offer_preview import OfferPreviews
from gateway.operations.order_lists import OrderLists
from gateway.operations.promises import PromiseOperations
from gateway.operations.quotas import QuotaOperations
from gateway.operations.quotes import QuoteOperations
from gateway.operations.reorder import ReorderOperations
from gateway.operations.replacements import ReplacementOperations
from gateway.operations.replenishment import ReplenishmentOperations
from gateway.operations.reservations import ReservationOperations
from gateway.operations.risks import RiskOperations
from gateway.operations.stock import StockOperations
from gateway.operations.supply_terms import SupplyTermsOperations
from gateway.operations.surveys import SurveyOperations
from gateway.operations.transfers import TransferOperations
from gateway.operations.velocity import VelocityOperations
from gateway.operations.watching import Watching
from gateway.operations.webhook_endpoints import WebhookEndpointOperations
from gateway.planning.delays import ChannelDelays
from gateway.store.views.alerts import AlertView
from gateway.store.views.backorders import BackorderView
from gateway.store.views.coalescing import Coalesced
from gateway.store.views.inbound import InboundView
from gateway.store.views.inbox import InboxView
from gateway.store.views.items import ItemView
from gateway.store.views.ledger import LedgerView
from gateway.store.views.locations import LocationView
from gateway.store.views.orders import OrderView
from gateway.store.views.transfers import TransferView
from schema.loaders import Loaders


class LocationsKnown(Protocol):
    """Whether each location is active, in order of priority."""

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class ChannelsKnown(Protocol):
    """Every channel, from memory and at most a second old."""

    async def get(self, channel_id: str) -> Channel | None: ...


class HealthReads(Protocol):
    async def of(self, channel_id: str) -> ChannelHealth | None:
        """What the channel's worker told last; None while it has none."""


class DelayReads(Protocol):
    async def of(self, channel_id: str) -> ChannelDelays | None:
        """None before anything was measured."""


class Subscribing(Protocol):
    async def subscribe(self, channel_id: str) -> tuple[str, ...]:
        """Have the platform tell us of its orders; what a person still has to do."""


class RegistrationReads(Protocol):
    async def of(self, channel_id: str) -> Registration | None:
        """How our webhook was last registered; None where the channel was never subscribed."""


@dataclass(frozen=True, slots=True)
class Services:
    """What every request of a process shares."""

    stock: StockOperations
    catalog: CatalogOperations
    items: ItemView
    ledger: LedgerView
    locations: LocationView
    carts: CartOperations
    orders: OrderOperations
    order_lists: OrderLists
    reservations: ReservationOperations
    transfers: TransferOperations
    transfer_view: TransferView
    inbound: InboundOperations
    inbound_view: InboundView
    counts: CountOperations
    history: HistoryOperations
    channels: ChannelOperations
    listings: ListingOperations
    surveys: SurveyOperations
    checks: ConnectionChecks
    channel_directory: ChannelsKnown
    channel_offers: ChannelOffers
    buffers: BufferOperations
    offer_previews: OfferPreviews
    delays: DelayReads
    active: LocationsKnown
    items_by_sku: Coalesced[str, Item]
    items_by_id: Coalesced[str, Item]
    sync: Coalesced[str, list[ChannelSync]]
    low_stock_at: int
    inbox: InboxOperations
    inbox_view: InboxView
    alerts: AlertOperations
    alert_view: AlertView
    channel_orders: OrderView
    subscriber: Subscribing
    registrations: RegistrationReads
    watching: Watching
    channel_health: HealthReads
    velocity: VelocityOperations
    quotes: QuoteOperations
    lead_times: LeadTimeOperations
    promises: PromiseOperations
    replacements: ReplacementOperations
    backorders: BackorderOperations
    backorder_view: BackorderView
    risks: RiskOperations
    supply_terms: SupplyTermsOperations
    replenishment: ReplenishmentOperations
    reorder: ReorderOperations
    alert_watching: AlertWatching
    quotas: QuotaOperations
    allocation_previews: AllocationPreviews
    webhooks: WebhookEndpointOperations


@dataclass
class Context:
    """One request: who asks, and its loaders, which live as long as the request."""

    principal: Principal
    services: Services

    @cached_property
    def loaders(self) -> Loaders:
        return Loaders(self.services)


Info = strawberry.Info[Context, None]
