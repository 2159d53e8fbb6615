"""Looking at pages of what a platform shows, and recording where it differs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from connectors.abilities import CountedQuantity
from connectors.catalog import ChannelStock
from gateway.dispatch.comparing import (
    Difference,
    compare,
    matching,
    not_found,
    not_listed,
    seen,
    shown_quantity,
)
from gateway.inventory.channels import Channel, Listing
from gateway.inventory.drifts import DriftCause, DriftState, Reconciliation
from gateway.inventory.offering import Offering
from gateway.operations.channel_locations import KnownLocations
from gateway.operations.channel_offers import KnownRules
from gateway.operations.listings import ItemLookup
from gateway.store.drifts import DriftStore
from gateway.store.listing_documents import id_terms
from gateway.store.listing_walks import ListingWalk


@dataclass(frozen=True, slots=True)
class LookTally:
    entries: int = 0
    compared: int = 0
    agreed: int = 0
    undecided: int = 0
    foreign: int = 0

    def __add__(self, other: Self) -> LookTally:
        return LookTally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def counted(self, run: Reconciliation) -> Reconciliation:
        return replace(
            run,
            entries=self.entries,
            compared=self.compared,
            agreed=self.agreed,
            undecided=self.undecided,
            foreign=self.foreign,
        )


class DriftLooks:
    """Compares, page by page; what is remembered between the pages is in the database."""

    def __init__(
        self,
        drifts: DriftStore,
        walk: ListingWalk,
        items: ItemLookup,
        locations: KnownLocations,
        rules: KnownRules,
        report_within: timedelta,
    ) -> None:
        """`report_within`: how long an order may take to be reported; a lower count is not raised before."""
        self._drifts = drifts
        self._walk = walk
        self._items = items
        self._locations = locations
        self._rules = rules
        self._report_within = report_within

    async def compare_page(
        self, channel: Channel, counted: CountedQuantity, entries: Sequence[ChannelStock], mark: str
    ) -> LookTally:
        """Compare what one page shows with what the channel has acknowledged; records the differences."""
        offering = Offering(channel, await self._locations.locations(), await self._rules.all())
        skus = {entry.sku for entry in entries if entry.sku}
        candidates = await self._walk.candidates(channel.id, [entry.platform_ids for entry in entries], skus)
        matched = [(entry, _listing_of(candidates, entry)) for entry in entries]
        items = await self._walk.items([listing.item_id for _, listing in matched if listing])
        await self._walk.mark_seen([listing.id for _, listing in matched if listing], mark)
        differences: list[Difference] = []
        undecided = 0
        for entry, listing in matched:
            if listing is None or listing.item_id not in items:
                continue
            place = entry.location_id if channel.locations and None not in channel.locations.values() else None
            item = items[listing.item_id]
            found = compare(offering, listing, item, place, shown_quantity(entry, counted))
            undecided += found is None
            differences += [found] if found is not None else []
        agreed = sum(difference.agrees for difference in differences)
        unlisted = await self._unlisted(channel, [e for e, listing in matched if listing is None], candidates)
        await self._record(channel.id, [*differences, *unlisted], mark)
        foreign = sum(listing is None for _, listing in matched) - len(unlisted)
        return LookTally(len(entries), len(differences), agreed, undecided, foreign)

    async def compare_missing(self, channel: Channel, mark: str, before: datetime) -> None:
        """After the last page: record the listings that were on none of them, and what has settled meanwhile."""
        unseen = {"seenAt": {"$ne": mark}, "createdAt": {"$lt": before}}
        async for page in self._walk.pages(channel.id, None, **unseen):
            told = [not_found(listing) for listing, _ in page if listing.confirmed and listing.error is None]
            await self._record(channel.id, told, mark)
        gone = (DriftCause.NOT_FOUND, DriftCause.NOT_LISTED)
        await self._drifts.close_others(channel.id, gone, mark, datetime.now(UTC))

    async def _unlisted(
        self, channel: Channel, entries: Sequence[ChannelStock], candidates: Collection[Listing]
    ) -> list[Difference]:
        """Those with a SKU of ours that has no listing at all on this channel."""
        listed = {listing.sku for listing in candidates}
        asked = {entry.sku for entry in entries if entry.sku} - listed
        ours = await self._items.items(asked) if asked else {}
        found = {"&".join(id_terms(entry.platform_ids)): entry for entry in entries if entry.sku in asked & ours.keys()}
        return [not_listed(channel.id, entry, external_id) for external_id, entry in found.items()]

    async def _record(self, channel_id: str, differences: Sequence[Difference], mark: str) -> None:
        known = await self._drifts.unresolved([difference.key for difference in differences])
        now = datetime.now(UTC)
        gone = [known[some.key].id for some in differences if some.agrees and some.key in known]
        await self._drifts.close(gone, DriftState.GONE, now)
        differing = {some.key: some for some in differences if not some.agrees}
        await self._drifts.save(
            [seen(some, known.get(key), channel_id, mark, now, self._report_within) for key, some in differing.items()]
        )


def _listing_of(candidates: list[Listing], entry: ChannelStock) -> Listing | None:
    return matching(candidates, entry.platform_ids, entry.sku)
