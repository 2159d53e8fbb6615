"""What a storefront may know: what can be sold, exactly or as a band."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.identifiers import check_count, check_slug
from gateway.inventory.stock import ItemStatus
from schema.context import Info
from schema.errors import reading
from schema.items import LOCATIONS_MAX, SKUS_MAX, active_locations
from schema.scalars import Quantity


@strawberry.enum(description="What a shopper may be told.")
class AvailabilityBand(StrEnum):
    IN_STOCK = "IN_STOCK"
    LOW_STOCK = "LOW_STOCK"
    OUT_OF_STOCK = "OUT_OF_STOCK"


@strawberry.type(description="What can be sold of one SKU.")
class Availability:
    sku: str
    known: bool = strawberry.field(description="Whether there is an active item with this SKU.")
    band: AvailabilityBand
    available_quantity: Quantity | None = strawberry.field(description="Units; null unless the key may read inventory.")


@strawberry.type
class AvailabilityQuery:
    @strawberry.field(
        description="What can be sold of up to 100 SKUs, in the order asked for, at the given locations or at those of "
        "a channel (all active ones unless given). Needs `availability:read`; `inventory:read` adds exact quantities."
    )
    async def availability(
        self,
        info: Info,
        skus: list[str],
        location_ids: list[str] | None = None,
        channel_id: str | None = None,
    ) -> list[Availability]:
        context = info.context
        with reading(context.principal, _needed(info)):
            check_count(skus, ("skus",), SKUS_MAX)
            places = await _places(info, location_ids, channel_id)
            items = await context.loaders.item_by_sku.load_many(skus)
            exact = context.principal.may(Scope.INVENTORY_READ)
            answers = []
            for sku, item in zip(skus, items, strict=True):
                known = item is not None and item.status is ItemStatus.ACTIVE
                units = sum(item.level(at).available for at in places) if item and known else 0
                answers.append(_availability(sku, known, max(units, 0), exact, context.services.low_stock_at))
            return answers


def _needed(info: Info) -> Scope:
    may_read = info.context.principal.may(Scope.INVENTORY_READ)
    return Scope.INVENTORY_READ if may_read else Scope.AVAILABILITY_READ


async def _places(info: Info, location_ids: list[str] | None, channel_id: str | None) -> set[str]:
    places = await active_locations(info)
    if location_ids is not None:
        check_count(location_ids, ("locationIds",), LOCATIONS_MAX)
        places &= set(location_ids)
    if channel_id is not None:
        check_slug(channel_id, ("channelId",))
        channel = await info.context.services.channels.get(channel_id)
        if channel.locations is not None:
            places &= set(channel.locations)
    return places


def _availability(sku: str, known: bool, units: int, exact: bool, low_stock_at: int) -> Availability:
    band = AvailabilityBand.IN_STOCK
    if units <= low_stock_at:
        band = AvailabilityBand.LOW_STOCK if units else AvailabilityBand.OUT_OF_STOCK
    return Availability(sku=sku, known=known, band=band, available_quantity=Quantity(units) if exact else None)
