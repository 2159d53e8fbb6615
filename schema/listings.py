"""Listings: items as channels know them."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import closing
from datetime import datetime
from enum import Enum
from typing import Annotated, TypeAlias

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.channels import Listing
from gateway.inventory.errors import Code, InvalidInput, InventoryError
from gateway.inventory.ports import StorageError
from schema.context import Info
from schema.errors import UserError, reading, user_error
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection, read_cursor
from schema.scalars import Quantity


@strawberry.type(description="One of a platform's own ids of a thing.")
class PlatformId:
    name: str = strawberry.field(description="What the platform calls this kind of id.")
    value: str = strawberry.field(description="The id.")


@strawberry.type(name="Listing", description="One item as one channel knows it.")
class ListingType:
    listing: Private[Listing]

    @strawberry.field(description="The channel that lists it.")
    def channel_id(self) -> str:
        return self.listing.channel_id

    @strawberry.field(description="The item, whatever its SKU is by now.")
    def item_id(self) -> strawberry.ID:
        return strawberry.ID(self.listing.item_id)

    @strawberry.field(description="Ours, when it was listed.")
    def sku(self) -> str:
        return self.listing.sku

    @strawberry.field(description="The platform's own ids.")
    def platform_ids(self) -> list[PlatformId]:
        return [PlatformId(name=name, value=value) for name, value in self.listing.ids.items()]

    @strawberry.field(description="Units that the channel last acknowledged, over all its places; null: none yet.")
    def offered(self) -> Quantity | None:
        offered = self.listing.offered
        return None if offered is None else Quantity(offered)

    @strawberry.field(
        description="The channel has acknowledged everything up to this version of the item; -1: nothing."
    )
    def synced_version(self) -> Quantity:
        return Quantity(self.listing.synced_version)

    @strawberry.field(description="When it last acknowledged something.")
    def confirmed_at(self) -> datetime | None:
        return self.listing.confirmed_at

    @strawberry.field(description="Why nothing more is sent, until `listingResync`.")
    def error(self) -> str | None:
        return self.listing.error.reason if self.listing.error else None

    @strawberry.field(description="Requests sent for it since it last acknowledged something.")
    def attempts(self) -> int:
        return self.listing.attempts

    @strawberry.field(description="Why the last of them failed; null where it did not. It is tried again.")
    def last_error(self) -> str | None:
        return self.listing.last_error

    @strawberry.field(description="When it was listed.")
    def created_at(self) -> datetime:
        return self.listing.created_at


ListingConnection: TypeAlias = Connection[ListingType]


@strawberry.enum(description="A state of listings to ask for.")
class ListingState(Enum):
    DEAD = strawberry.enum_value("DEAD", description="Parked: nothing is sent until `listingRetry`; see `error`.")


@strawberry.input(description="Which listings.")
class ListingFilter:
    state: ListingState | None = strawberry.field(default=None, description="Only those in this state.")


@strawberry.type
class ListingQuery:
    @strawberry.field(description="The listings of a channel, or of all.")
    async def listings(
        self,
        info: Info,
        channel_id: Annotated[str | None, strawberry.argument(description="Which channel; null: all.")] = None,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[ListingFilter | None, strawberry.argument(description="Which of them.")] = None,
    ) -> ListingConnection:
        dead = filter is not None and filter.state is ListingState.DEAD
        return await listing_page(info, channel_id, first, after, dead=dead)


async def listing_page(
    info: Info, channel_id: str | None, first: int, after: str | None, *, dead: bool = False
) -> ListingConnection:
    with reading(info.context.principal, Scope.INVENTORY_READ):
        limit = check_first(first)
        position = read_cursor(after, str)
        last = str(position[0]) if position else None
        found = await info.context.services.listings.page(channel_id, last, limit + 1, dead=dead)
        return connection(found, limit, lambda listing: ListingType(listing=listing), lambda listing: [listing.id])


@strawberry.input(description="One of a platform's own ids of a thing.")
class PlatformIdInput:
    name: str = strawberry.field(description="What the platform calls this kind of id.")
    value: str = strawberry.field(description="The id.")


@strawberry.input(description="A new listing.")
class ListingCreateInput:
    channel_id: str = strawberry.field(description="Which channel.")
    sku: str = strawberry.field(description="Which item.")
    platform_ids: list[PlatformIdInput] = strawberry.field(
        description="The platform's own ids, as its connector names them: for Shopify `inventory_item_id` and "
        "`variant_id`, for WooCommerce `product_id` and, of a variation, `variation_id`."
    )


@strawberry.input(description="Which listing to send again.")
class ListingResyncInput:
    channel_id: str = strawberry.field(description="Which channel.")
    sku: str = strawberry.field(description="Which item.")


@strawberry.type(description="What became of a change of a listing.")
class ListingPayload:
    listing: ListingType | None = strawberry.field(
        default=None, description="The listing as it is now; null where the request was refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type(description="What became of the request.")
class ListingRetryPayload:
    listings: list[ListingType] = strawberry.field(description="Those that were parked and are tried again.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


Input = strawberry.argument(description="What to do.")


@strawberry.type
class ListingMutation:
    @strawberry.mutation(
        description="List an item on a channel; its quantity is pushed, and orders that waited for it are applied. "
        "Needs `inventory:write`."
    )
    async def listing_create(self, info: Info, input: Annotated[ListingCreateInput, Input]) -> ListingPayload:
        return await _payload(info, _create(info, input))

    @strawberry.mutation(
        description="Send the present quantity again, whatever the channel was told, and take the error off. "
        "Needs `inventory:write`."
    )
    async def listing_resync(self, info: Info, input: Annotated[ListingResyncInput, Input]) -> ListingPayload:
        return await _payload(info, info.context.services.listings.resync(input.channel_id, input.sku))

    @strawberry.mutation(description="Try parked listings again. Needs `inventory:write`.")
    async def listing_retry(
        self,
        info: Info,
        channel_id: Annotated[str, strawberry.argument(description="Which channel.")],
        skus: Annotated[list[str], strawberry.argument(description="Up to 100.")],
    ) -> ListingRetryPayload:
        work = info.context.services.listings.retry(channel_id, skus)
        try:
            with closing(work):
                info.context.principal.require(Scope.INVENTORY_WRITE)
                return ListingRetryPayload(listings=[ListingType(listing=some) for some in await work], user_errors=[])
        except (InventoryError, StorageError) as error:
            return ListingRetryPayload(listings=[], user_errors=[user_error(error)])


async def _create(info: Info, input: ListingCreateInput) -> Listing:
    ids = {line.name: line.value for line in input.platform_ids}
    if len(ids) < len(input.platform_ids):
        raise InvalidInput(Code.DUPLICATE, "A name is given twice.", ("platformIds",))
    return await info.context.services.listings.create(input.channel_id, input.sku, ids)


async def _payload(info: Info, work: Coroutine[None, None, Listing]) -> ListingPayload:
    try:
        with closing(work):
            info.context.principal.require(Scope.INVENTORY_WRITE)
            return ListingPayload(listing=ListingType(listing=await work), user_errors=[])
    except (InventoryError, StorageError) as error:
        return ListingPayload(user_errors=[user_error(error, "input")])
