"""What a storefront may know: what can be sold, exactly or as a band."""

from __future__ import annotations

from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.availability import AvailabilityBand, band
from gateway.inventory.channels import Channel
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.identifiers import check_count, check_slug
from schema.context import Info
from schema.descriptions import describe
from schema.errors import reading
from schema.items import LOCATIONS_MAX, SKUS_MAX, check_skus
from schema.scalars import Quantity

strawberry.enum(AvailabilityBand, description="What a shopper may be told.")
describe(
    AvailabilityBand,
    {
        "IN_STOCK": "More than a few units can be sold.",
        "LOW_STOCK": "Only a few units can be sold: at most the setting GATEWAY_LOW_STOCK_AT.",
        "OUT_OF_STOCK": "Nothing can be sold.",
    },
)


@strawberry.type(description="What can be sold of one SKU.")
class Availability:
    sku: str = strawberry.field(description="As it was asked for.")
    known: bool = strawberry.field(description="Whether there is an active item with this SKU.")
    band: AvailabilityBand = strawberry.field(description="Roughly how much.")
    quantity: Quantity | None = strawberry.field(description="Units, from 0; null unless the key has `inventory:read`.")


@strawberry.type
class AvailabilityQuery:
    @strawberry.field(
        description="What can be sold of each SKU, in the order asked for, at all active locations or fewer. "
        "Needs `availability:read`; with `inventory:read` the exact quantity is told."
    )
    async def availability(
        self,
        info: Info,
        skus: Annotated[list[str], strawberry.argument(description=f"1 to {SKUS_MAX} SKUs.")],
        location_ids: Annotated[
            list[str] | None, strawberry.argument(description=f"Only these locations; at most {LOCATIONS_MAX}.")
        ] = None,
        channel_id: Annotated[
            str | None, strawberry.argument(description="What this channel is offered, less what is withheld.")
        ] = None,
    ) -> list[Availability]:
        context = info.context
        exact = context.principal.may(Scope.INVENTORY_READ)
        with reading(context.principal, Scope.INVENTORY_READ if exact else Scope.AVAILABILITY_READ):
            check_skus(skus)
            if location_ids is not None:
                check_count(location_ids, ("locationIds",), LOCATIONS_MAX)
            among = None if location_ids is None else frozenset(location_ids)
            active = await context.services.active.locations()
            channel = None if channel_id is None else await _channel(info, channel_id)
            items = await context.loaders.item_by_sku.load_many(skus)
            low_stock_at = context.services.low_stock_at
            units = await context.services.channel_offers.sellable(items, channel, active, among)
            return [_availability(sku, some, exact, low_stock_at) for sku, some in zip(skus, units, strict=True)]


async def _channel(info: Info, channel_id: str) -> Channel:
    check_slug(channel_id, ("channelId",))
    channel = await info.context.services.channel_directory.get(channel_id)
    if channel is None:
        raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id}'.", ("channelId",))
    return channel


def _availability(sku: str, units: int | None, exact: bool, low_stock_at: int) -> Availability:
    return Availability(
        sku=sku,
        known=units is not None,
        band=band(units or 0, low_stock_at),
        quantity=Quantity(units or 0) if exact else None,
    )
