"""One look at what a platform shows: a pure comparison with what it has acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from connectors.abilities import CountedQuantity
from connectors.catalog import ChannelStock
from gateway.inventory.channels import Listing, Place
from gateway.inventory.drifts import Drift, DriftCause, DriftState
from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item

SHOWN_WITHIN = timedelta(minutes=5)
"""A platform may take so long until its catalogue shows what it has acknowledged."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a place of a listing shows; `cause` is known where it needs no history. No cause and no gap: agreement."""

    key: str
    sku: str
    place: Place
    ours: int | None
    theirs: int | None
    item_id: str | None = None
    version: int = -1
    confirmed_at: datetime | None = None
    cause: DriftCause | None = None

    @property
    def agrees(self) -> bool:
        """A shop that shows less than nothing sells nothing, just as one that shows nothing."""
        if self.cause is not None or self.ours is None or self.theirs is None:
            return False
        return max(0, self.ours) == max(0, self.theirs)


def shown_quantity(stock: ChannelStock, counted: CountedQuantity) -> int | None:
    """Units that a buyer can have there; None where the platform does not track or tell them."""
    if counted is CountedQuantity.AVAILABLE or stock.quantity is None:
        return stock.quantity
    return None if stock.committed is None else stock.quantity - stock.committed


def matching(candidates: list[Listing], platform_ids: Mapping[str, str], sku: str | None) -> Listing | None:
    """The one listing that has these ids; else the one of this SKU whose ids do not contradict them."""
    for listing in candidates:
        if listing.ids == platform_ids:
            return listing
    fitting = [some for some in candidates if some.sku == sku and _fits(some.ids, platform_ids)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    shared = ours.keys() & theirs.keys()
    return bool(shared) and all(ours[name] == theirs[name] for name in shared)


def compare(offering: Offering, listing: Listing, item: Item, place: Place, theirs: int | None) -> Difference | None:
    """None where nothing can be said: a write is owed or under way, or the place is not one that we feed.

    A listing in step was told everything up to the item's present version, so all of the channel's own orders that we
    know of are in what it has acknowledged.
    """
    confirmed = listing.confirmed.get(place)
    if confirmed is None or listing.error is not None or listing.intents or offering.is_due(listing, item):
        return None
    return Difference(
        key=f"{listing.id}@{place or ''}",
        sku=listing.sku,
        place=place,
        ours=confirmed.quantity,
        theirs=theirs,
        item_id=listing.item_id,
        version=item.version,
        confirmed_at=listing.confirmed_at,
        cause=DriftCause.UNTRACKED if theirs is None else None,
    )


def seen(
    difference: Difference, before: Drift | None, channel_id: str, mark: str, now: datetime, report_within: timedelta
) -> Drift:
    """The drift after this look: believed once a second look, of another mark, finds the same difference."""
    same = before is not None and (before.ours, before.theirs) == (difference.ours, difference.theirs)
    again = before is not None and same and before.mark != mark
    believed = before is not None and same and (again or before.state is DriftState.OPEN)
    first_seen_at = before.first_seen_at if before is not None and same else now
    return Drift(
        id=before.id if before is not None else f"{int(now.timestamp() * 1e6):014x}{uuid4().hex[:10]}",
        key=difference.key,
        channel_id=channel_id,
        item_id=difference.item_id,
        sku=difference.sku,
        place=difference.place,
        ours=difference.ours,
        theirs=difference.theirs,
        cause=difference.cause or _likely_cause(difference, first_seen_at, now, report_within),
        state=DriftState.OPEN if believed else DriftState.SUSPECTED,
        version=difference.version,
        mark=mark,
        first_seen_at=first_seen_at,
        seen_at=now,
    )


def _likely_cause(
    difference: Difference, first_seen_at: datetime, now: datetime, report_within: timedelta
) -> DriftCause:
    assert difference.ours is not None and difference.theirs is not None
    if difference.theirs < difference.ours:
        return DriftCause.UNREPORTED_ORDER if now - first_seen_at < report_within else DriftCause.MANUAL_EDIT
    recent = difference.confirmed_at is not None and now - difference.confirmed_at < SHOWN_WITHIN
    return DriftCause.WRITE_NOT_SHOWN if recent else DriftCause.MANUAL_EDIT


def not_listed(channel_id: str, stock: ChannelStock, external_id: str) -> Difference:
    """The platform sells one of our SKUs that has no listing."""
    return Difference(
        key=f"{channel_id}+{external_id}",
        sku=stock.sku or "",
        place=None,
        ours=None,
        theirs=stock.quantity,
        cause=DriftCause.NOT_LISTED,
    )


def not_found(listing: Listing) -> Difference:
    """The platform no longer shows what we list: that is no quantity, and least of all zero."""
    return replace(
        Difference(key=f"{listing.id}!", sku=listing.sku, place=None, ours=listing.offered, theirs=None),
        item_id=listing.item_id,
        cause=DriftCause.NOT_FOUND,
    )
