"""The immutable record of one change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from gateway.inventory.quantities import Bucket
from gateway.inventory.quotas import Draws

Json = Mapping[str, object]


class Kind(StrEnum):
    """What sort of operation wrote an entry."""

    ADJUST = "adjust"
    SET = "set"
    MOVE = "move"
    SALE = "sale"
    """An order reported by a channel."""
    RESERVE = "reserve"
    EXTEND = "extend"
    COMMIT = "commit"
    RELEASE = "release"
    EXPIRE = "expire"
    FULFIL = "fulfil"
    REASSIGN = "reassign"
    CHECKOUT = "checkout"
    """A customer's order was made; nothing is held for it unless that was asked for."""
    PAYMENT_START = "payment_start"
    PAYMENT_SUCCESS = "payment_success"
    PAYMENT_FAILURE = "payment_failure"
    SHIP = "ship"
    CANCEL = "cancel"
    TRANSFER_CREATE = "transfer_create"
    TRANSFER_SHIP = "transfer_ship"
    TRANSFER_RECEIVE = "transfer_receive"
    TRANSFER_CLOSE = "transfer_close"
    TRANSFER_RESOLVE = "transfer_resolve"
    TRANSFER_CANCEL = "transfer_cancel"
    INBOUND_CREATE = "inbound_create"
    """A purchase was ordered from a supplier."""
    INBOUND_UPDATE = "inbound_update"
    INBOUND_RECEIVE = "inbound_receive"
    INBOUND_CANCEL = "inbound_cancel"
    BACKORDER_CREATE = "backorder_create"
    """Units on their way were promised to a buyer."""
    BACKORDER_MOVE = "backorder_move"
    BACKORDER_CANCEL = "backorder_cancel"
    QUOTA_SET = "quota_set"
    """Units of an item are kept for a channel from now on."""
    QUOTA_CLEAR = "quota_clear"
    RETURN = "return"
    """A buyer brought units back."""
    REPAIR = "repair"
    """A level that differed from its ledger was made to agree with it again."""


MADE_HERE = frozenset(
    {
        Kind.RESERVE,
        Kind.EXTEND,
        Kind.COMMIT,
        Kind.RELEASE,
        Kind.EXPIRE,
        Kind.FULFIL,
        Kind.REASSIGN,
        Kind.CHECKOUT,
        Kind.PAYMENT_START,
        Kind.PAYMENT_SUCCESS,
        Kind.PAYMENT_FAILURE,
        Kind.SHIP,
        Kind.CANCEL,
    }
)
"""Of reservations and orders that are made with us: the channel that they name has yet to be told of them."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, on whose behalf and in what name something was changed; the same for every kind of operation.

    `channel_said`: the caller named the channel. Else we found it out, and it is no part of the request.
    """

    actor: str
    reason: str | None = None
    reference: str | None = None
    channel_id: str | None = None
    channel_said: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class PostedLine:
    """One posting as it was applied: `delta` units, leaving `after` units in the bucket."""

    item_id: str
    sku: str
    location_id: str
    bucket: Bucket
    delta: int
    after: int


@dataclass(frozen=True, slots=True)
class OwedLine:
    """So many units more, or fewer, that backorders wait for at a location."""

    item_id: str
    location_id: str
    delta: int


@dataclass(frozen=True, slots=True)
class ItemMark:
    """An item as this entry left it; `total_available` is over its active locations, in units."""

    item_id: str
    sku: str
    version: int
    total_available: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One applied request. `key` is the scoped idempotency key and the primary key of the ledger.

    `draws` are the units that it took out of quotas, or gave back to them; `owed` what backorders wait for now.
    `seq` orders the ledger: microseconds of wall time, raised where needed so that it always grows along an
    item's versions, even between machines whose clocks differ.
    """

    key: str
    seq: int
    kind: Kind
    lines: tuple[PostedLine, ...]
    items: tuple[ItemMark, ...]
    cause: Cause
    request: Json
    fingerprint: bytes
    draws: Draws = ()
    owed: tuple[OwedLine, ...] = ()

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.seq / 1_000_000, UTC)

    @property
    def idempotency_key(self) -> str:
        return self.key.partition(":")[2]


def scoped_key(scope: str, idempotency_key: str) -> str:
    """The ledger's primary key of a request: the client's (or channel's) id cannot contain a colon."""
    return f"{scope}:{idempotency_key}"
