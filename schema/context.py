"""What resolvers act through: one typed object per request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import strawberry

from gateway.inventory.access import Principal
from gateway.inventory.stock import Item
from gateway.operations.catalog import CatalogOperations
from gateway.operations.channels import ChannelOperations
from gateway.operations.listings import ChannelSync, ListingOperations
from gateway.operations.stock import StockOperations
from gateway.store.views.coalescing import Coalesced
from gateway.store.views.items import ItemView
from gateway.store.views.ledger import LedgerView
from gateway.store.views.locations import LocationView
from schema.loaders import Loaders


class LocationsKnown(Protocol):
    """Whether each location is active, in order of priority."""

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What every request of a process shares."""

    stock: StockOperations
    catalog: CatalogOperations
    items: ItemView
    ledger: LedgerView
    locations: LocationView
    channels: ChannelOperations
    listings: ListingOperations
    active: LocationsKnown
    items_by_sku: Coalesced[str, Item]
    items_by_id: Coalesced[str, Item]
    sync: Coalesced[str, list[ChannelSync]]
    low_stock_at: int


@dataclass
class Context:
    """One request: who asks, and its loaders, which live as long as the request."""

    principal: Principal
    services: Services

    @cached_property
    def loaders(self) -> Loaders:
        return Loaders(self.services)


Info = strawberry.Info[Context, None]
