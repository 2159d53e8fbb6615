"""Orders that channels report: finding what their lines mean here, and bringing the stock to their state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import structlog

from gateway.inventory.channels import Channel, Listing, Place
from gateway.inventory.errors import Code, Unavailable
from gateway.inventory.ledger import Cause
from gateway.inventory.orders import Order, Precedence
from gateway.inventory.sales import ReportedLine, ReportOrder
from gateway.inventory.stock import Item
from gateway.operations.stock import StockOperations

REPORT_TRIES = 5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One order line in a platform's words: its SKU and ids, its own places, absolute units."""

    line_id: str
    sku: str | None
    ids: Mapping[str, str]
    ordered: int
    allocated: int
    released: int
    place: Place = None
    return_place: Place = None
    tracked: bool = True
    """Otherwise the platform ignores stock for it, and it is left out where nothing is listed as it here."""

    @property
    def shipped(self) -> int:
        """Units that have left, or were written off."""
        return self.ordered - self.allocated - self.released

    @property
    def asked(self) -> bool:
        """Whether it asks for stock, or did: at another place than the one to which all of it came back."""
        return self.ordered > self.released or self.return_place is not None


@dataclass(frozen=True, slots=True)
class ChannelOrder:
    """An order as its platform had it; `lines` is None where the platform did not say."""

    order_id: str
    name: str | None
    status: str
    precedence: Precedence
    lines: tuple[ChannelLine, ...] | None


class WaitingForListing(Exception):
    """A line cannot be told apart from others: no listing and no item answers to it. Nothing was applied."""


class OrderRepository(Protocol):
    async def get(self, channel_id: str, order_id: str) -> Order | None: ...


class ListingLookup(Protocol):
    async def for_order(
        self, channel_id: str, ids: Collection[Mapping[str, str]], skus: Collection[str]
    ) -> list[Listing]:
        """The channel's listings that carry all of one of these sets of platform ids, or one of these SKUs."""


class ItemLookup(Protocol):
    async def items(self, skus: Collection[str]) -> dict[str, Item]:
        """By SKU; unknown ones are left out."""

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]:
        """Every known location and whether it is active, in order of priority."""


class SalesOperations:
    """Apply the orders of channels to stock, whatever order and number of times they are reported in."""

    def __init__(
        self,
        stock: StockOperations,
        items: ItemLookup,
        orders: OrderRepository,
        listings: ListingLookup,
    ) -> None:
        self._stock = stock
        self._items = items
        self._orders = orders
        self._listings = listings

    async def knows(self, channel_id: str, order_id: str, at: datetime) -> bool:
        """Whether the order's lines have been applied as they were at that time, or later. Raises a StorageError."""
        order = await self._orders.get(channel_id, order_id)
        return order is not None and order.counted is not None and order.counted.occurred_at >= at

    async def report(self, channel: Channel, reported: ChannelOrder) -> bool:
        """Bring the stock to the order's reported state; whether it was the first we heard of it.

        Does nothing where a newer one was applied. Raises WaitingForListing, or the InventoryError of the kernel.
        """
        precedence = _stored(reported.precedence)
        for tries_left in reversed(range(REPORT_TRIES)):
            order = await self._orders.get(channel.id, reported.order_id)
            if order is not None and not order.takes(precedence, lines_told=reported.lines is not None):
                return False
            command = await self._command(channel, reported, order)
            try:
                outcome = await self._stock.apply(command)
            except Unavailable as error:
                # Another report of this order was first: this one is to be seen against what that one left.
                if error.code is not Code.CONTENTION or tries_left == 0:
                    raise
                continue
            short = [line for line in outcome.entry.lines if line.after < 0]
            if short and not outcome.replayed:
                skus = sorted({line.sku for line in short})
                _log.warning("order_oversold", channel=channel.id, order=reported.order_id, skus=skus)
            return order is None
        raise AssertionError("the last try returns or raises")

    async def _command(self, channel: Channel, reported: ChannelOrder, order: Order | None) -> ReportOrder:
        held = order.lines if order else {}
        # A line that never asked for stock need not be known here.
        lines = [line for line in reported.lines or () if line.line_id in held or line.asked]
        item_ids = {line_id: line.item_id for line_id, line in held.items()}
        item_ids |= await self._item_ids(channel.id, [line for line in lines if line.line_id not in held])
        locations = await self._locations(channel)
        return ReportOrder(
            scope=f"channel/{channel.id}",
            idempotency_key=_key(reported),
            cause=Cause(f"channel/{channel.id}", reference=reported.name or reported.order_id, channel_id=channel.id),
            channel_id=channel.id,
            order_id=reported.order_id,
            name=reported.name,
            status=reported.status,
            precedence=_stored(reported.precedence),
            lines=None
            if reported.lines is None
            else tuple(
                _line(channel, locations, item_ids[line.line_id], line) for line in lines if line.line_id in item_ids
            ),
            held_item_ids=frozenset(line.item_id for line in held.values()),
        )

    async def _locations(self, channel: Channel) -> tuple[str, ...]:
        if channel.locations is not None:
            return tuple(channel.locations)
        known = await self._items.locations()
        return tuple(at for at, active in known.items() if active)

    async def _item_ids(self, channel_id: str, lines: Sequence[ChannelLine]) -> dict[str, str]:
        """Our item by line id: by the platform's ids, else by the listing's SKU, else by an item of the same SKU.
        Raises WaitingForListing for a tracked line without one."""
        if not lines:
            return {}
        skus = {line.sku for line in lines if line.sku}
        listings = await self._listings.for_order(channel_id, [line.ids for line in lines], skus)
        items = await self._items.items(skus)
        found: dict[str, str] = {}
        for line in lines:
            listing = listing_told(line.ids, line.sku, listings)
            item = items.get(line.sku or "")
            if listing is not None:
                found[line.line_id] = listing.item_id
            elif item is not None:
                found[line.line_id] = item.id
            elif line.tracked:
                shown = line.sku or ", ".join(f"{name} {value}" for name, value in line.ids.items())
                raise WaitingForListing(f"Nothing is listed here as '{shown}'. List it, and the order is applied.")
        return found


def listing_told(ids: Mapping[str, str], sku: str | None, listings: Sequence[Listing]) -> Listing | None:
    """By all of the platform's ids, else by those that it tells where only one listing has them, else by SKU."""
    exact = [some for some in listings if ids and ids == some.ids]
    partial = [some for some in listings if ids and ids.items() <= some.ids.items()]
    named = [some for some in listings if sku and sku == some.sku]
    return next((found[0] for found in (exact, partial, named) if len(found) == 1), None)


def _line(channel: Channel, locations: tuple[str, ...], item_id: str, line: ChannelLine) -> ReportedLine:
    stated = () if line.place is None else channel.locations_of(line.place)
    returned = () if line.return_place is None else channel.locations_of(line.return_place)
    return ReportedLine(
        line_id=line.line_id,
        item_id=item_id,
        ordered=line.ordered,
        allocated=line.allocated,
        shipped=line.shipped,
        candidates=stated or locations,
        place_stated=bool(stated),
        return_location_id=returned[0] if returned else None,
    )


def _stored(precedence: Precedence) -> Precedence:
    """Orders remember milliseconds, so that is what their reports are compared in."""
    at, stage, moved = precedence
    return Precedence(at.astimezone(UTC).replace(microsecond=at.microsecond // 1_000 * 1_000), int(stage), moved)


def _key(reported: ChannelOrder) -> str:
    """The same for every report of one state of the order, whichever topic or delivery brought it."""
    state = [str(_stored(reported.precedence)), reported.name or "", str(reported.lines is None)]
    for line in sorted(reported.lines or (), key=lambda line: line.line_id):
        state.append(f"{line.line_id}/{line.ordered}/{line.allocated}/{line.released}/{line.place}/{line.return_place}")
    digest = sha256("|".join(state).encode()).hexdigest()[:32]
    order_id = reported.order_id if len(reported.order_id) <= 128 else sha256(reported.order_id.encode()).hexdigest()
    return f"order/{order_id}/{digest}"
