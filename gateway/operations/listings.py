"""Attaching items to channels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from gateway.inventory.channel_health import SyncState
from gateway.inventory.channels import Channel, ChannelState, Listing
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound
from gateway.inventory.identifiers import check_count, check_sku, check_text
from gateway.inventory.stock import Item
from gateway.operations.channels import ChannelOperations
from gateway.operations.platforms import Platforms

PLATFORM_IDS_MAX = 10
SYNCED_ITEMS_MAX = 1_000
RETRIED_MAX = 100


class ListingRepository(Protocol):
    async def insert(self, listing: Listing) -> str | None:
        """None when stored; else the field that is taken: `itemId` or `externalId`."""

    async def of_items(self, item_ids: Collection[str]) -> list[Listing]: ...

    async def of_channel(self, channel_id: str, item_ids: Collection[str]) -> list[Listing]: ...

    async def page(self, channel_id: str | None, after: str | None, limit: int, *, dead: bool = False) -> list[Listing]:
        """A channel's listings, or all, by id, those after listing id `after`; with `dead`, only the parked ones."""

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
    """Why the listing is parked."""
    attempts: int = 0
    last_error: str | None = None
    channel_state: ChannelState = ChannelState.ACTIVE

    def state_for(self, version: int) -> SyncState:
        """How far the channel is with the item's `version`."""
        if self.confirmed_version >= version:
            return SyncState.CONFIRMED
        if self.error is not None:
            return SyncState.PARKED
        if self.channel_state is ChannelState.PAUSED:
            return SyncState.PAUSED
        if self.channel_state is ChannelState.FAILING or self.last_error is not None:
            return SyncState.FAILING
        return SyncState.PENDING

    def is_awaited(self, version: int) -> bool:
        """Whether the channel will hear of the item's `version` without any person's doing."""
        return self.state_for(version) in (SyncState.PENDING, SyncState.FAILING)

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

    async def retry(self, channel_id: str, skus: Collection[str]) -> list[Listing]:
        """Try parked listings again; those that are not parked are left alone and left out."""
        check_count(skus, ("skus",), RETRIED_MAX)
        items = await self._items.items(skus)
        for index, sku in enumerate(skus):
            if sku not in items:
                raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'.", ("skus", str(index)))
        parked = await self._listings.of_channel(channel_id, [items[sku].id for sku in skus])
        again = [await self._listings.resync(channel_id, some.item_id) for some in parked if some.error is not None]
        return [listing for listing in again if listing is not None]

    async def page(self, channel_id: str | None, after: str | None, limit: int, *, dead: bool = False) -> list[Listing]:
        return await self._listings.page(channel_id, after, limit, dead=dead)

    async def sync_status(
        self, item_ids: Collection[str], channels: Mapping[str, Channel] | None = None
    ) -> dict[str, list[ChannelSync]]:
        """For each item, every channel that lists it, by channel id; `channels` tell which are paused or failing."""
        check_count(item_ids, ("itemIds",), SYNCED_ITEMS_MAX)
        status: dict[str, list[ChannelSync]] = {item_id: [] for item_id in item_ids}
        for listing in sorted(await self._listings.of_items(item_ids), key=lambda listing: listing.channel_id):
            status[listing.item_id].append(_sync(listing, (channels or {}).get(listing.channel_id)))
        return status

    async def _item(self, sku: str) -> Item:
        item = (await self._items.items([sku])).get(sku)
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'. Create it first.", ("sku",))
        return item


def _sync(listing: Listing, channel: Channel | None) -> ChannelSync:
    parked = listing.error.reason if listing.error else None
    failing = channel is not None and channel.state is ChannelState.FAILING
    return ChannelSync(
        channel_id=listing.channel_id,
        confirmed_version=listing.synced_version,
        confirmed_at=listing.confirmed_at,
        error=parked,
        attempts=listing.attempts,
        last_error=parked or listing.last_error or (channel.reason if channel is not None and failing else None),
        channel_state=channel.state if channel is not None else ChannelState.ACTIVE,
    )


def _check_ids(ids: Mapping[str, str]) -> None:
    path = ("platformIds",)
    check_count(ids, path, PLATFORM_IDS_MAX)
    for index, (name, value) in enumerate(ids.items()):
        check_text(name, (*path, str(index), "name"), 64)
        check_text(value, (*path, str(index), "value"), 255)
        if "=" in name or "&" in name:
            raise InvalidInput(Code.INVALID_CHARACTERS, "A name has no '=' and no '&'.", (*path, str(index), "name"))
