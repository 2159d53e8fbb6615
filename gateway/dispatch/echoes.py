"""What a platform tells of its own count: nearly always the echo of our own push, sometimes a stranger's edit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from enum import StrEnum
from typing import Protocol

from connectors.messages import StockEcho
from gateway.inventory.channels import Channel, Listing, Place
from gateway.operations.sales import ListingLookup, listing_told
from gateway.store.hints import Hint
from gateway.store.own_movements import OwnMovements


class EchoKind(StrEnum):
    OWN = "own"
    """Our own push, or an order that has been reported."""
    OLD = "old"
    """From before the platform last acknowledged a quantity."""
    UNKNOWN = "unknown"
    """Of something that is not listed, or at a place that we do not feed."""
    DIFFERENT = "different"
    """A hint: an order that is yet to be reported, or somebody's edit."""


class Hints(Protocol):
    async def put(self, hint: Hint) -> None: ...

    async def clear(self, listing_id: str) -> None: ...


class Echoes:
    """Drops echoes, and leaves a hint on the listing where the count is not what it should be. It changes no stock:
    a platform's count is a consequence of ours, never the other way round."""

    def __init__(
        self, listings: ListingLookup, movements: OwnMovements, hints: Hints, heard: Callable[[str], None]
    ) -> None:
        """`heard` is told the kind of every echo."""
        self._listings = listings
        self._movements = movements
        self._hints = hints
        self._heard = heard

    async def hear(self, channel: Channel, echo: StockEcho) -> EchoKind:
        """Raises a StorageError."""
        kind = await self._judge(channel, echo)
        self._heard(kind.value)
        return kind

    async def _judge(self, channel: Channel, echo: StockEcho) -> EchoKind:
        skus = {echo.sku} if echo.sku else set()
        found = await self._listings.for_order(channel.id, [echo.platform_ids], skus)
        listing = listing_told(echo.platform_ids, echo.sku, found)
        places = set((channel.locations or {"": None}).values())
        place = echo.location_id if echo.location_id in places else None
        if listing is None or place not in places:
            return EchoKind.UNKNOWN
        hint = Hint(listing.id, place, echo.quantity, echo.occurred_at.astimezone(UTC))
        kind = await self.kind_of(channel, listing, hint)
        if kind is EchoKind.OWN:
            await self._hints.clear(listing.id)
        elif kind is EchoKind.DIFFERENT:
            await self._hints.put(hint)
        return kind

    async def kind_of(self, channel: Channel, listing: Listing, hint: Hint) -> EchoKind:
        """What to make of it by what is known now. Raises a StorageError."""
        if listing.confirmed_at is not None and hint.at <= listing.confirmed_at:
            return EchoKind.OLD
        expected = await self._is_expected(channel, listing, hint.place, hint.quantity)
        return EchoKind.OWN if expected else EchoKind.DIFFERENT

    async def _is_expected(self, channel: Channel, listing: Listing, place: Place, quantity: int) -> bool:
        on_its_way = {intent.quantity for intent in listing.intents if intent.place == place}
        confirmed = listing.confirmed.get(place)
        if confirmed is None or quantity == confirmed.quantity or quantity in on_its_way:
            return confirmed is not None or quantity in on_its_way
        own = await self._movements.of(channel.id, {listing.item_id: confirmed.seq})
        if own is None:
            return False
        sold = sum(some.delta for some in own if channel.place_of(some.location_id) == place)
        return quantity == confirmed.quantity + sold
