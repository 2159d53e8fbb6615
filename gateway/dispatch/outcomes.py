"""What the platform's answers mean for the listings: a pure translation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.updates import Confirmed as Shown
from connectors.updates import Deferred, Rejected, Stale, UpdateOutcome
from gateway.dispatch.offers import Write
from gateway.inventory.channel_health import PushOutcome
from gateway.inventory.channels import Confirmed, Intent, Listing, Place
from gateway.store.pushes import Acknowledged


@dataclass(slots=True)
class Settlement:
    """What to record, and what is left to do.

    `confirmed` are the items that the platform acknowledged at every place. `stale` are the items to offer anew, with
    what the platform says it shows at which place where it said so. `deferred` are writes to send again unchanged,
    not before `wait_seconds` have passed.
    """

    acknowledged: list[Acknowledged] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    stale: dict[str, dict[Place, int]] = field(default_factory=dict)
    deferred: list[Write] = field(default_factory=list)
    wait_seconds: float = 0.0
    reason: str | None = None

    def counts(self) -> dict[PushOutcome, int]:
        """Listings by what became of them."""
        parked = sum(some.reason is not None for some in self.acknowledged)
        numbers = {
            PushOutcome.CONFIRMED: len(self.confirmed),
            PushOutcome.STALE: len(self.stale),
            PushOutcome.REJECTED: parked,
            PushOutcome.DEFERRED: len({write.listing.id for write in self.deferred}),
        }
        return {outcome: number for outcome, number in numbers.items() if number}


def settle(
    writes: Sequence[Write],
    outcomes: Sequence[UpdateOutcome],
    unchanged: Mapping[str, Mapping[Place, Confirmed]],
    *,
    settles_at: datetime | None = None,
) -> Settlement:
    """`unchanged` holds, by listing id, the places that needed no write. `settles_at` is stated of writes of which an
    earlier try may have arrived: until then what nobody can tell is verified."""
    settlement = Settlement()
    by_listing: dict[str, list[tuple[Write, UpdateOutcome]]] = defaultdict(list)
    for write, outcome in zip(writes, outcomes, strict=True):
        by_listing[write.listing.id].append((write, outcome))
    for listing_id, answered in by_listing.items():
        _settle_listing(settlement, answered[0][0].listing, answered, unchanged.get(listing_id, {}), settles_at)
    return settlement


def _settle_listing(
    settlement: Settlement,
    listing: Listing,
    answered: Sequence[tuple[Write, UpdateOutcome]],
    unchanged: Mapping[Place, Confirmed],
    settles_at: datetime | None,
) -> None:
    confirmed = {**listing.confirmed, **unchanged}
    unanswered: list[Intent] = []
    reason: str | None = None
    synced: tuple[int, str] | None = (answered[0][0].intent.version, answered[0][0].intent.policy)
    for write, outcome in answered:
        intent = write.intent
        match outcome:
            case Shown(quantity):
                confirmed[intent.place] = Confirmed(quantity - intent.unseen, intent.seq, intent.settles_at)
                continue
            case Stale(actual) if settles_at is not None and actual == intent.quantity:
                # The first try has won the comparison, or orders yet to be reported make up the same number.
                confirmed[intent.place] = Confirmed(actual - intent.unseen, intent.seq, settles_at)
                continue
            case Stale(actual):
                known = settlement.stale.setdefault(listing.item_id, {})
                if actual is not None:
                    known[intent.place] = actual
                if settles_at is not None:
                    # The first try may have been applied and sold from since, or not: nothing can be believed.
                    confirmed.pop(intent.place, None)
            case Deferred(why, after_seconds):
                unanswered.append(intent)
                settlement.deferred.append(write)
                settlement.wait_seconds = max(settlement.wait_seconds, after_seconds or 0.0)
                settlement.reason = why
            case Rejected(_, why):
                reason = why
        synced = None
    if synced is not None:
        settlement.confirmed.append(listing.item_id)
    resyncs = answered[0][0].intent.resyncs
    settlement.acknowledged.append(Acknowledged(listing.id, confirmed, synced, reason, tuple(unanswered), resyncs))
