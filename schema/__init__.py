"""The GraphQL schema, assembled from one module per noun."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.alert_subscription import AlertSubscription
from schema.alerts import AlertMutation, AlertQuery
from schema.allocation import AllocationQuery
from schema.availability import AvailabilityQuery
from schema.backorder_changes import BackorderMutation
from schema.backorders import BackorderQuery
from schema.buffer_rules import BufferRuleMutation, BufferRuleQuery
from schema.carts import CartQuery
from schema.channel_orders import ChannelOrderQuery
from schema.channels import ChannelMutation, ChannelQuery
from schema.customer_order_lists import CustomerOrderQuery
from schema.customer_orders import CustomerOrderMutation
from schema.discovery import DiscoveryMutation, DiscoveryQuery
from schema.effective_buffers import EffectiveBufferQuery
from schema.history import HistoryQuery
from schema.inbound import InboundQuery
from schema.inbound_changes import InboundMutation
from schema.inbox import InboxMutation, InboxQuery
from schema.item_changes import ItemMutation
from schema.item_replenishment import ReplenishmentQuery
from schema.items import ItemQuery
from schema.lead_times import LeadTimeMutation, LeadTimeQuery
from schema.ledger import LedgerQuery
from schema.listings import ListingMutation, ListingQuery
from schema.locations import LocationMutation, LocationQuery
from schema.offer_preview import OfferPreviewQuery
from schema.promises import PromiseQuery
from schema.quotas import QuotaMutation
from schema.quote_policy import QuotePolicyMutation, QuotePolicyQuery
from schema.quotes import QuoteMutation, QuoteQuery
from schema.reconcile import ReconcileMutation, ReconcileQuery
from schema.registrations import ChannelRegistrationMutation, ChannelRegistrationQuery
from schema.reorder import ReorderMutation, ReorderQuery
from schema.replenishment import ReplenishmentMutation
from schema.reservations import ReservationMutation, ReservationQuery
from schema.returns import ReturnMutation
from schema.risks import RiskQuery
from schema.safety import SafetyMutation, SafetyQuery
from schema.scalars import SCALARS
from schema.stock import StockMutation
from schema.subscriptions import StockSubscription
from schema.supply_terms import SupplyTermsMutation, SupplyTermsQuery
from schema.transfer_changes import TransferMutation
from schema.transfers import TransferQuery
from schema.velocity import VelocityMutation, VelocityQuery
from schema.webhook_endpoints import WebhookEndpointMutation, WebhookEndpointQuery


@strawberry.type(description="What can be asked.")
class Query(
    ItemQuery,
    AvailabilityQuery,
    LedgerQuery,
    LocationQuery,
    ChannelQuery,
    ListingQuery,
    DiscoveryQuery,
    ReconcileQuery,
    SafetyQuery,
    AllocationQuery,
    CartQuery,
    CustomerOrderQuery,
    ReservationQuery,
    TransferQuery,
    InboundQuery,
    HistoryQuery,
    InboxQuery,
    AlertQuery,
    ChannelOrderQuery,
    ChannelRegistrationQuery,
    VelocityQuery,
    LeadTimeQuery,
    PromiseQuery,
    BackorderQuery,
    RiskQuery,
    SupplyTermsQuery,
    ReplenishmentQuery,
    ReorderQuery,
    QuoteQuery,
    QuotePolicyQuery,
    BufferRuleQuery,
    EffectiveBufferQuery,
    OfferPreviewQuery,
    WebhookEndpointQuery,
):
    """Every query, from the nouns' modules."""


@strawberry.type(description="What can be changed. Expected failures are in `userErrors`, never in `errors`.")
class Mutation(
    StockMutation,
    ItemMutation,
    LocationMutation,
    ChannelMutation,
    ListingMutation,
    DiscoveryMutation,
    ReconcileMutation,
    SafetyMutation,
    CustomerOrderMutation,
    ReservationMutation,
    TransferMutation,
    InboundMutation,
    ReturnMutation,
    InboxMutation,
    AlertMutation,
    ChannelRegistrationMutation,
    VelocityMutation,
    LeadTimeMutation,
    BackorderMutation,
    SupplyTermsMutation,
    ReplenishmentMutation,
    ReorderMutation,
    QuotaMutation,
    QuoteMutation,
    QuotePolicyMutation,
    BufferRuleMutation,
    WebhookEndpointMutation,
):
    """Every mutation, from the nouns' modules."""


@strawberry.type(description="What can be watched, over graphql-transport-ws or server-sent events.")
class Subscription(StockSubscription, AlertSubscription):
    """Every subscription, from the nouns' modules."""


schema = strawberry.Schema(
    query=Query, mutation=Mutation, subscription=Subscription, config=StrawberryConfig(scalar_map=SCALARS)
)
