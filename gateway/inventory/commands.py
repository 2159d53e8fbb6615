"""The requests that write postings: adjust, set and move. Each plans its postings against the present stock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

from gateway.inventory.errors import Path
from gateway.inventory.idempotency import fingerprint
from gateway.inventory.identifiers import (
    KEY_LENGTH_MAX,
    check_optional_text,
    check_slug,
    check_text,
)
from gateway.inventory.ledger import Cause, Json, Kind, OwedLine, scoped_key
from gateway.inventory.quantities import Bucket
from gateway.inventory.quotas import Fence, Quota
from gateway.inventory.records import Record, RecordKey
from gateway.inventory.stock import Floor, Item, Posting

LINES_MAX = 250


class StockView(Protocol):
    """What a command may look at while it plans: the stock as every earlier command of the batch left it."""

    def item(self, sku: str, path: Path) -> Item:
        """The active item, or NotFound / Conflict(ITEM_ARCHIVED) naming `path`."""

    def item_by_id(self, item_id: str) -> Item:
        """An item that the command named in `item_ids`, whatever its SKU or status is by now."""

    def quantity(self, item: Item, location_id: str, bucket: Bucket) -> int:
        """Units in the bucket now; zero where the item was never stocked."""

    def available(self, item: Item) -> dict[str, int]:
        """Units that are available now, by location; to be changed at will."""

    def quotas(self, item: Item) -> Mapping[str, Quota]:
        """The item's quotas by id."""

    def fence(self, item: Item) -> Fence | None:
        """What the item's quotas leave to whom, to be changed at will; None where it has none."""

    def is_active(self, location_id: str, path: Path = ()) -> bool:
        """Whether the location is active. Raises NotFound where it does not exist."""

    def record(self, key: RecordKey) -> Record | None:
        """A record that the command named in `record_keys`, if it exists."""

    @property
    def ranks(self) -> Mapping[str, int]:
        """Every active location with its place in the order of priority, in that order."""

    @property
    def now(self) -> datetime:
        """The time at which the batch is decided."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command does when it is applied: postings, and records to store in the same transaction.

    `quotas` are items' quotas by id, as they are to be from now on. `owed` tells what backorders wait for more, or
    less; it is part of the items' history.
    """

    postings: Sequence[Posting]
    records: Mapping[RecordKey, Record] = field(default_factory=dict)
    quotas: Mapping[str, Mapping[str, Quota]] = field(default_factory=dict)
    owed: Sequence[OwedLine] = ()


@dataclass(eq=False, slots=True)
class Command(ABC):
    """One request: applied as a whole or refused as a whole, once per `key`."""

    scope: str
    idempotency_key: str
    cause: Cause
    key: str = field(init=False)
    request: Json = field(init=False)
    fingerprint: bytes = field(init=False)

    kind: ClassVar[Kind]

    def __post_init__(self) -> None:
        check_text(self.idempotency_key, ("idempotencyKey",), KEY_LENGTH_MAX)
        cause = self.cause
        check_optional_text(cause.reason, ("reason",))
        check_optional_text(cause.reference, ("reference",))
        if cause.channel_id is not None:
            check_slug(cause.channel_id, ("channelId",))
        self.check()
        self.key = scoped_key(self.scope, self.idempotency_key)
        request = {"kind": self.kind.value, **self.canonical()}
        channel_id = cause.channel_id if cause.channel_said else None
        optional = {"reason": cause.reason, "reference": cause.reference, "channelId": channel_id}
        request.update((name, value) for name, value in optional.items() if value is not None)
        self.request = request
        self.fingerprint = fingerprint(request)

    @property
    def floor(self) -> Floor:
        return Floor.ZERO

    @property
    def skus(self) -> tuple[str, ...]:
        """Every SKU whose stock `plan` looks at or changes."""
        return ()

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Every item that `plan` knows by its id: what an earlier command took, whatever it is called by now."""
        return ()

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        """Every record that `plan` looks at or writes."""
        return ()

    @abstractmethod
    def check(self) -> None:
        """Refuse malformed input with InvalidInput, before anything is read."""

    @abstractmethod
    def canonical(self) -> dict[str, object]:
        """The request's content in a form that does not depend on the order of its lines."""

    @abstractmethod
    def plan(self, stock: StockView) -> Plan:
        """What to apply; raises a typed refusal where the state forbids it."""
