"""The GraphQL endpoint of an open gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from starlette.requests import HTTPConnection

from gateway.authentication import Authentication
from gateway.bootstrap import Gateway
from gateway.channel_services import ChannelServices
from gateway.operations.listings import ChannelSync
from gateway.store.views.backorders import BackorderView
from gateway.store.views.coalescing import Coalesced
from gateway.store.views.inbound import InboundView
from gateway.store.views.items import ItemView
from gateway.store.views.ledger import LedgerView
from gateway.store.views.locations import LocationView
from gateway.store.views.transfers import TransferView
from gateway.transport.endpoint import GraphQLEndpoint
from gateway.transport.limits import Limits
from schema import schema
from schema.context import Context, Services


def create_endpoint(gateway: Gateway, authentication: Authentication) -> GraphQLEndpoint:
    """The endpoint; every operation gets a context of its own."""
    services = _services(gateway)

    async def context_for(connection: HTTPConnection) -> Context:
        return Context(await authentication.principal(connection), services)

    settings = gateway.settings
    limits = Limits(body_bytes_max=settings.body_bytes_max, request_seconds_max=settings.request_timeout_seconds)
    return GraphQLEndpoint(schema, context_for, limits=limits, development=settings.environment == "development")


def _services(gateway: Gateway) -> Services:
    database, reception = gateway.database, gateway.channels.reception
    items = ItemView(database)
    return Services(
        stock=gateway.stock,
        catalog=gateway.catalog,
        items=items,
        ledger=LedgerView(database),
        locations=LocationView(database),
        carts=gateway.orders.carts,
        orders=gateway.orders.orders,
        order_lists=gateway.orders.order_lists,
        reservations=gateway.orders.reservations,
        transfers=gateway.movements.transfers,
        transfer_view=TransferView(database),
        inbound=gateway.movements.inbound,
        inbound_view=InboundView(database),
        counts=gateway.movements.counts,
        history=gateway.movements.history,
        channels=gateway.channels.channels,
        listings=gateway.channels.listings,
        surveys=gateway.channels.surveys.operations,
        checks=gateway.channels.surveys.checks,
        channel_directory=gateway.channels.directory,
        channel_offers=gateway.channels.offers,
        buffers=gateway.buffers.operations,
        offer_previews=gateway.buffers.previews,
        delays=gateway.buffers.delays,
        active=gateway.stock_store,
        items_by_sku=Coalesced(items.by_sku),
        items_by_id=Coalesced(items.by_id),
        sync=Coalesced(_sync_status(gateway.channels)),
        low_stock_at=gateway.settings.low_stock_at,
        inbox=reception.events,
        inbox_view=reception.event_view,
        alerts=reception.alerts,
        alert_view=reception.alert_view,
        channel_orders=reception.order_view,
        subscriber=reception.subscriber,
        registrations=reception.registrations,
        watching=gateway.channels.watching,
        channel_health=gateway.channels.health,
        velocity=gateway.planning.velocity,
        quotes=gateway.quotes,
        lead_times=gateway.supply.lead_times,
        promises=gateway.supply.promises,
        replacements=gateway.supply.replacements,
        backorders=gateway.supply.backorders,
        backorder_view=BackorderView(database),
        risks=gateway.supply.risks,
        supply_terms=gateway.reorder.terms,
        replenishment=gateway.reorder.replenishment,
        reorder=gateway.reorder.reorder,
        alert_watching=gateway.stock_alerts.watching,
        quotas=gateway.orders.quotas,
        allocation_previews=gateway.orders.allocation_previews,
        webhooks=gateway.webhooks.endpoints,
    )


def _sync_status(channels: ChannelServices) -> Callable[[Collection[str]], Awaitable[dict[str, list[ChannelSync]]]]:
    async def read(item_ids: Collection[str]) -> dict[str, list[ChannelSync]]:
        # Without channels there is nothing to look up, and the directory answers from memory.
        known = await channels.directory.all()
        return await channels.listings.sync_status(item_ids, known) if known else {}

    return read
