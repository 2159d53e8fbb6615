"""One connected account of a platform, and the items it lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from gateway.inventory.ledger import Json

CHANNEL_LOCATIONS_MAX = 1_000
BUFFER_MAX = 1_000_000

Place = str | None
"""One of the platform's own locations; None on a platform, or for a channel, that has a single stock."""


class ChannelState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """A person stopped it: nothing is pushed, orders are still taken in."""
    FAILING = "failing"
    """The platform refuses or does not answer; it is still tried. The channel's `reason` says more."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A connected account. `revision` rises by one with every change of it.

    `locations` maps ours to the platform's, in the order in which orders are allotted to them; None is all of ours,
    as one stock. `buffer` units are withheld from each of the platform's places. `sealed` holds the encrypted secrets.
    """

    id: str
    platform: str
    name: str
    config: Json
    sealed: bytes = field(repr=False)
    locations: Mapping[str, Place] | None
    buffer: int
    state: ChannelState
    reason: str | None
    revision: int
    created_at: datetime
    updated_at: datetime

    @property
    def is_pushed(self) -> bool:
        return self.state is not ChannelState.PAUSED

    def is_fed_by(self, location_id: str) -> bool:
        return self.locations is None or location_id in self.locations

    def place_of(self, location_id: str) -> Place:
        """Where the platform keeps the stock of one of our locations."""
        return None if self.locations is None else self.locations.get(location_id)

    def locations_of(self, place: Place) -> tuple[str, ...]:
        """Our locations that feed one of the platform's places; all of the channel's where it is not mapped."""
        ours = self.locations or {}
        return tuple(ours) if place is None else tuple(at for at, theirs in ours.items() if theirs == place)

    def policy(self, active: Mapping[str, bool]) -> str:
        """Names what of the channel itself and its locations decides what is offered."""
        if self.locations is None:
            feeds = [f"-{at}" for at in sorted(active) if not active[at]]
        else:
            feeds = [f"{ours}={theirs}/{active.get(ours, True)}" for ours, theirs in self.locations.items()]
        return blake2b(f"{self.buffer}|{feeds}".encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Learned:
    """Units that may sell before the channel hears of it; in the share `quantile` of all cases it is no more."""

    units: int
    quantile: float


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the platform is known to have shown at one place, when the item's ledger stood at `seq`.

    The channel's own orders have lowered the platform's count as well; those later than `seq` are not in `quantity`.
    A first write compares nothing, so it may have overwritten orders that the platform has yet to report: until
    `settles_at`, what follows from the channel's own orders is to be verified and not believed.
    """

    quantity: int
    seq: int
    settles_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that may have reached the platform: it is sent again, unchanged, before anything newer.

    `batch` and `position` name the request that it was part of. Once acknowledged it stands for the item at
    `version` and `seq` and for the channel's `policy`. `unseen` is what the platform's own count
    differed from ours, in units: orders that it has yet to report. `at` is when the quantity was true. `resyncs` is
    the listing's, when this was decided.
    """

    batch: str
    position: int
    place: Place
    quantity: int
    change_from: int | None
    delta: int | None
    unseen: int
    version: int
    seq: int
    policy: str
    at: datetime
    settles_at: datetime | None = None
    resyncs: int = 0


@dataclass(frozen=True, slots=True)
class ListingError:
    """Why a listing is parked: the platform will refuse it until a person changes something."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """One item as one channel knows it.

    `ids` are the platform's own. Everything up to `synced_version` of the item, under the channel's policy
    `synced_policy`, has been acknowledged; -1 is nothing yet. `attempts` requests were sent since then, and the last
    one that failed did so because of `last_error`. `resyncs` rises whenever somebody wants it to be told again: what
    was decided before that counts no longer. `learned` is what its dynamic buffer withholds, by place.
    """

    channel_id: str
    item_id: str
    sku: str
    ids: Mapping[str, str]
    created_at: datetime
    synced_version: int = -1
    synced_policy: str = ""
    confirmed: Mapping[Place, Confirmed] = field(default_factory=dict)
    confirmed_at: datetime | None = None
    error: ListingError | None = None
    intents: tuple[Intent, ...] = ()
    attempts: int = 0
    last_error: str | None = None
    resyncs: int = 0
    learned: Mapping[Place, Learned] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return listing_id(self.channel_id, self.item_id)

    @property
    def offered(self) -> int | None:
        """Units last acknowledged over all places; None while nothing was."""
        return sum(place.quantity for place in self.confirmed.values()) if self.confirmed else None


def listing_id(channel_id: str, item_id: str) -> str:
    """An item is listed at most once on a channel, and the primary key is what ensures it."""
    return f"{channel_id}:{item_id}"
