"""Attaching items to channels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from gateway.inventory.channels import Listing
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound
from gateway.inventory.identifiers import check_count, check_sku, check_text
from gateway.inventory.stock import Item
from gateway.operations.channels import ChannelOperations
from gateway.operations.platforms import Platforms

PLATFORM_IDS_MAX = 10
SYNCED_ITEMS_MAX = 1_000


class ListingRepository(Protocol):
    async def insert(self, listing: Listing) -> str | None:
        """None when stored; else the field that is taken: `itemId` or `externalId`."""

    async def of_items(self, item_ids: Collection[str]) -> list[Listing]: ...

    async def page(self, channel_id: str, after: str | None, limit: int) -> list[Listing]:
        """A channel's listings by id, those after listing id `after`."""

    async def resync(self, channel_id: str, item_id: str) -> Listing | None: ...


class ItemLookup(Protocol):
    async def items(self, skus: Collection[str]) -> dict[str, Item]:
        """By SKU; unknown ones are left out."""


class WaitingEvents(Protocol):
    async def wake(self, channel_id: str) -> int:
        """Make the channel's waiting events due now."""


@dataclass(frozen=True, slots=True)
class ChannelSync:
    """How far one channel has heard of an item: `confirmed_version` is -1 while it was told nothing."""

    channel_id: str
    confirmed_version: int
    confirmed_at: datetime | None
    error: str | None

    def confirmed_at_for(self, version: int) -> datetime | None:
        """When the channel acknowledged a quantity that includes the item's `version`; None while it has not."""
        return self.confirmed_at if self.confirmed_version >= version else None


class ListingOperations:
    """Create, read and resend listings."""

    def __init__(
        self,
        listings: ListingRepository,
        items: ItemLookup,
        channels: ChannelOperations,
        platforms: Platforms,
        waiting: WaitingEvents,
    ) -> None:
        self._listings = listings
        self._items = items
        self._channels = channels
        self._platforms = platforms
        self._waiting = waiting

    async def create(self, channel_id: str, sku: str, ids: Mapping[str, str]) -> Listing:
        """List an item on a channel under the platform's own ids; its quantity is pushed at once.

        Orders that waited for this listing are taken up.
        """
        check_sku(sku, ("sku",))
        _check_ids(ids)
        channel = await self._channels.get(channel_id)
        problem = self._platforms.listing_problem(channel.platform, ids)
        if problem is not None:
            raise InvalidInput(Code.INVALID_INPUT, problem, ("platformIds",))
        item = await self._item(sku)
        listing = Listing(channel.id, item.id, item.sku, dict(ids), datetime.now(UTC))
        taken = await self._listings.insert(listing)
        if taken == "itemId":
            message = f"The item '{sku}' is listed on '{channel_id}' already."
            raise Conflict(Code.TAKEN, message, ("sku",))
        if taken is not None:
            message = "Another item is listed on this channel under these platform ids."
            raise Conflict(Code.TAKEN, message, ("platformIds",))
        await self._waiting.wake(channel_id)
        return listing

    async def resync(self, channel_id: str, sku: str) -> Listing:
        """Send the present quantity again, whatever the channel was told, and take the listing's error off."""
        check_sku(sku, ("sku",))
        listing = await self._listings.resync(channel_id, (await self._item(sku)).id)
        if listing is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"'{sku}' is not listed on '{channel_id}'.", ("sku",))
        return listing

    async def page(self, channel_id: str, after: str | None, limit: int) -> list[Listing]:
        return await self._listings.page(channel_id, after, limit)

    async def sync_status(self, item_ids: Collection[str]) -> dict[str, list[ChannelSync]]:
        """For each item, every channel that lists it, by channel id."""
        check_count(item_ids, ("itemIds",), SYNCED_ITEMS_MAX)
        status: dict[str, list[ChannelSync]] = {item_id: [] for item_id in item_ids}
        for listing in sorted(await self._listings.of_items(item_ids), key=lambda listing: listing.channel_id):
            error = listing.error.reason if listing.error else None
            sync = ChannelSync(listing.channel_id, listing.synced_version, listing.confirmed_at, error)
            status[listing.item_id].append(sync)
        return status

    async def _item(self, sku: str) -> Item:
        item = (await self._items.items([sku])).get(sku)
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'. Create it first.", ("sku",))
        return item


def _check_ids(ids: Mapping[str, str]) -> None:
    path = ("platformIds",)
    check_count(ids, path, PLATFORM_IDS_MAX)
    for index, (name, value) in enumerate(ids.items()):
        check_text(name, (*path, str(index), "name"), 64)
        check_text(value, (*path, str(index), "value"), 255)
        if "=" in name or "&" in name:
            raise InvalidInput(Code.INVALID_CHARACTERS, "A name has no '=' and no '&'.", (*path, str(index), "name"))
