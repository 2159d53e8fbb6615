"""What to tell a channel of one item: a pure comparison of what it should offer with what it is believed to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from connectors.abilities import StockWrites
from connectors.updates import StockUpdate
from gateway.inventory.channels import Channel, Confirmed, Intent, Listing, Place
from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item
from gateway.store.own_movements import OwnMovement

SETTLING = timedelta(hours=6)
"""How long a platform may take to report an order; Shopify tries for four hours."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One listing's writes, and the places at which nothing has to be written."""

    listing: Listing
    version: int
    policy: str
    writes: tuple[Intent, ...]
    unchanged: Mapping[Place, Confirmed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Write:
    """One line of a request to a platform."""

    listing: Listing
    intent: Intent

    @property
    def update(self) -> StockUpdate:
        intent = self.intent
        return StockUpdate(
            platform_ids=self.listing.ids,
            sku=self.listing.sku,
            location_id=intent.place,
            quantity=intent.quantity,
            change_from=intent.change_from,
            delta=intent.delta,
            version=intent.version,
            as_of=intent.at,
            # Of the batch too: a later write of equal content is another write, a resent batch is the same.
            idempotency_key=str(uuid5(NAMESPACE_OID, f"{intent.batch}/{self.listing.id}/{intent.place}")),
        )


@dataclass(frozen=True, slots=True)
class Sold:
    """Change of a platform's own count by its own orders, and the units that they took, cancellations aside."""

    change: int = 0
    taken: int = 0

    def and_then(self, delta: int) -> Sold:
        return Sold(self.change + delta, self.taken + max(0, -delta))


@dataclass(frozen=True, slots=True)
class Present:
    """What is true now: what the channel is offered, and since when; how its platform writes, and whether it counts
    what comes back."""

    offering: Offering
    writes: StockWrites
    now: datetime
    counts_returns: bool = True


def offer(
    present: Present,
    listing: Listing,
    item: Item,
    own: Iterable[OwnMovement] | None,
    actual: Mapping[Place, int],
) -> Offer:
    """The writes that bring the platform to what it should offer.

    `own` are the channel's own movements since its last acknowledgement, None when they cannot be counted. `actual`
    is what the platform has just said it shows, where it refused a comparison.
    """
    offering = present.offering
    policy = offering.policy(item, listing.learned)
    if own is not None and not present.counts_returns:
        own = [replace(movement, delta=movement.delta - movement.returned) for movement in own]
    sold = None if own is None else _sold(offering.channel, listing, item, own)
    unchanged: dict[Place, Confirmed] = {}
    intents: list[Intent] = []
    for place, offered in offering.offered(item, listing.learned).items():
        result = _offer_place(present, listing, item, policy, place, offered, sold, actual.get(place))
        if isinstance(result, Intent):
            intents.append(result)
        else:
            unchanged[place] = result
    return Offer(listing, item.version, policy, tuple(intents), unchanged)


def _offer_place(
    present: Present,
    listing: Listing,
    item: Item,
    policy: str,
    place: Place,
    offered: int,
    sold: Mapping[Place, Sold] | None,
    there: int | None,
) -> Intent | Confirmed:
    before = listing.confirmed.get(place)
    settles_at = before.settles_at if before and before.settles_at and before.settles_at > present.now else None
    belief = _believed(present.writes, listing, place, sold)
    verify = settles_at is not None and sold is not None and place in sold
    if there is None and belief == offered and not verify:
        return Confirmed(offered, item.seq, settles_at)
    unseen = 0
    if there is not None and belief is not None:
        # What the platform differs by are orders and cancellations that it has yet to report: they must stay.
        unseen = there - belief
        if settles_at is not None and sold is not None and place in sold and unseen > 0:
            # Our write may have given back units that were sold before it, but no more than were reported since.
            unseen = max(0, unseen - sold[place].taken)
    quantity = max(0, offered + unseen)
    looks = present.writes is StockWrites.LOOK_AND_SET
    compares = looks or present.writes is StockWrites.COMPARE_AND_SET
    if looks or (compares and belief is None):
        # Orders that it has yet to report may be overwritten now.
        settles_at = present.now + SETTLING
    if quantity == there:
        return Confirmed(quantity - unseen, item.seq, settles_at)
    change_from = None if not compares else belief if there is None else there
    return Intent(
        batch="",
        position=0,
        place=place,
        quantity=quantity,
        change_from=change_from,
        delta=offered - belief if present.writes is StockWrites.IDEMPOTENT_DELTA and belief is not None else None,
        unseen=unseen,
        version=item.version,
        seq=item.seq,
        policy=policy,
        at=present.now,
        settles_at=settles_at,
        resyncs=listing.resyncs,
    )


def _sold(channel: Channel, listing: Listing, item: Item, own: Iterable[OwnMovement]) -> dict[Place, Sold]:
    """What the platform's own orders did to its count since the last acknowledgement, where there were any.

    Only orders up to the item's present ledger position count, because only they are in its quantities.
    """
    sold: dict[Place, Sold] = {}
    for movement in own:
        if movement.item_id != listing.item_id or not channel.is_fed_by(movement.location_id):
            continue
        place = channel.place_of(movement.location_id)
        confirmed = listing.confirmed.get(place)
        if confirmed is not None and confirmed.seq < movement.seq <= item.seq:
            sold[place] = sold.get(place, Sold()).and_then(movement.delta)
    return sold


def _believed(writes: StockWrites, listing: Listing, place: Place, sold: Mapping[Place, Sold] | None) -> int | None:
    """Units that the platform should show: what it acknowledged, changed by its own orders since.

    None where it may show something else: after a write without an answer; and, on a platform that simply
    overwrites, when an own order may have come before our last write and been trampled by it.
    """
    confirmed = listing.confirmed.get(place)
    if confirmed is None or sold is None or any(intent.place == place for intent in listing.intents):
        return None
    if writes is StockWrites.ABSOLUTE and place in sold:
        return None
    return confirmed.quantity + sold.get(place, Sold()).change


def requests(offers: Iterable[Offer], updates_max: int) -> Iterator[list[Offer]]:
    """The offers in groups that one request can carry; a listing's writes stay together where they fit.

    What does not fit of a single listing is left for another round: its first part gains it no version.
    """
    group: list[Offer] = []
    size = 0
    for whole in offers:
        some = whole if len(whole.writes) <= updates_max else _first_part(whole, updates_max)
        if group and size + len(some.writes) > updates_max:
            yield group
            group, size = [], 0
        group.append(some)
        size += len(some.writes)
    if group:
        yield group


def numbered(offers: Iterable[Offer], batch: str) -> list[Write]:
    """The writes of a request in their order, each knowing its place in it."""
    writes = [Write(some.listing, intent) for some in offers for intent in some.writes]
    return [
        replace(write, intent=replace(write.intent, batch=batch, position=position))
        for position, write in enumerate(writes)
    ]


def _first_part(whole: Offer, updates_max: int) -> Offer:
    version, policy = whole.listing.synced_version, whole.listing.synced_policy
    writes = [replace(intent, version=version, policy=policy) for intent in whole.writes[:updates_max]]
    return replace(whole, version=version, policy=policy, writes=tuple(writes))
