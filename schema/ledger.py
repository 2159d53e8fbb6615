"""The ledger: every change that was ever applied."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.identifiers import KEY_LENGTH_MAX, check_optional_text, check_sku, check_slug, check_text
from gateway.inventory.ledger import ItemMark, Kind, LedgerEntry, OwedLine, PostedLine, scoped_key
from gateway.inventory.quantities import Bucket, check_range
from gateway.store.views.ledger import LedgerFilter, Position
from schema.context import Info
from schema.descriptions import KINDS, describe
from schema.errors import reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection, read_cursor
from schema.scalars import Quantity
from schema.times import check_time

# As many processes as may write in the same microsecond.
PASSED_MAX = 1_000

strawberry.enum(Bucket, name="Bucket", description="A stored quantity of a level.")
describe(
    Bucket,
    {
        "AVAILABLE": "Can be promised to a new buyer.",
        "ALLOCATED": "Promised: held by a reservation, or of a paid, unshipped order.",
        "INCOMING": "On its way; not part of the total.",
        "UNAVAILABLE": "Here but not sellable, such as damaged; not part of the total.",
    },
)
strawberry.enum(Kind, name="LedgerKind", description="What sort of operation wrote an entry.")
describe(Kind, KINDS)


@strawberry.type(description="One posting: units added to (or taken from) one bucket at one location.")
class LedgerLine:
    item_id: strawberry.ID = strawberry.field(description="The item, whatever its SKU is by now.")
    sku: str = strawberry.field(description="The SKU at that time.")
    location_id: str = strawberry.field(description="Where.")
    bucket: Bucket = strawberry.field(description="Which quantity.")
    delta: Quantity = strawberry.field(description="Units added; negative where they were taken away.")
    quantity_after: Quantity = strawberry.field(description="Units in the bucket after this line.")

    @classmethod
    def of(cls, line: PostedLine) -> LedgerLine:
        return cls(
            item_id=strawberry.ID(line.item_id),
            sku=line.sku,
            location_id=line.location_id,
            bucket=line.bucket,
            delta=Quantity(line.delta),
            quantity_after=Quantity(line.after),
        )


@strawberry.type(description="Units that backorders wait for at a location, more or (negative) fewer than before.")
class LedgerOwedLine:
    item_id: strawberry.ID = strawberry.field(description="The item, whatever its SKU is by now.")
    location_id: str = strawberry.field(description="Where they are to arrive.")
    delta: Quantity = strawberry.field(description="Units added; negative where they came, or nobody waits any more.")

    @classmethod
    def of(cls, line: OwedLine) -> LedgerOwedLine:
        return cls(item_id=strawberry.ID(line.item_id), location_id=line.location_id, delta=Quantity(line.delta))


@strawberry.type(description="An item as an entry left it.")
class LedgerItem:
    item_id: strawberry.ID = strawberry.field(description="The item, whatever its SKU is by now.")
    sku: str = strawberry.field(description="The SKU at that time.")
    version: Quantity = strawberry.field(description="The item's version after the entry.")
    total_available_quantity: Quantity = strawberry.field(description="Units available at its active locations then.")

    @classmethod
    def of(cls, mark: ItemMark) -> LedgerItem:
        return cls(
            item_id=strawberry.ID(mark.item_id),
            sku=mark.sku,
            version=Quantity(mark.version),
            total_available_quantity=Quantity(mark.total_available),
        )


@strawberry.type(name="LedgerEntry", description="The immutable record of one applied request.")
class LedgerEntryType:
    entry: Private[LedgerEntry]

    @strawberry.field(description="Unique: the client and its idempotency key.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.entry.key)

    @strawberry.field(description="The key that the request was sent with.")
    def idempotency_key(self) -> str:
        return self.entry.idempotency_key

    @strawberry.field(description="What sort of operation it was.")
    def kind(self) -> Kind:
        return self.entry.kind

    @strawberry.field(description="When it was applied; grows along an item's versions.")
    def at(self) -> datetime:
        return self.entry.at

    @strawberry.field(description="Who did it: the API key's name, a channel, or `system`.")
    def actor(self) -> str:
        return self.entry.cause.actor

    @strawberry.field(description="Why, in the caller's words.")
    def reason(self) -> str | None:
        return self.entry.cause.reason

    @strawberry.field(description="The document behind it, such as an order.")
    def reference(self) -> str | None:
        return self.entry.cause.reference

    @strawberry.field(description="The channel that caused it.")
    def channel_id(self) -> str | None:
        return self.entry.cause.channel_id

    @strawberry.field(description="Every posting.")
    def lines(self) -> list[LedgerLine]:
        return [LedgerLine.of(line) for line in self.entry.lines]

    @strawberry.field(description="What backorders wait for since then, or no longer.")
    def owed(self) -> list[LedgerOwedLine]:
        return [LedgerOwedLine.of(line) for line in self.entry.owed]

    @strawberry.field(description="Every item it changed, as it left them.")
    def items(self) -> list[LedgerItem]:
        return [LedgerItem.of(mark) for mark in self.entry.items]


@strawberry.input(description="Which entries to list; what is left out matches everything.")
class LedgerFilterInput:
    sku: str | None = strawberry.field(default=None, description="Of the item that has this SKU now.")
    location_id: str | None = strawberry.field(default=None, description="With a posting at this location.")
    kind: Kind | None = strawberry.field(default=None, description="Of this sort.")
    reference: str | None = strawberry.field(default=None, description="With exactly this reference.")
    channel_id: str | None = strawberry.field(default=None, description="Caused by this channel.")
    actor: str | None = strawberry.field(default=None, description="By this API key's name.")
    since: datetime | None = strawberry.field(
        name="from", default=None, description="Not before this time; with its time zone."
    )
    until: datetime | None = strawberry.field(
        name="to", default=None, description="Before this time; with its time zone."
    )

    def check(self) -> None:
        """Refuse what no entry could ever match."""
        if self.sku is not None:
            check_sku(self.sku, ("filter", "sku"))
        for value, name in ((self.location_id, "locationId"), (self.channel_id, "channelId")):
            if value is not None:
                check_slug(value, ("filter", name))
        check_optional_text(self.reference, ("filter", "reference"))
        check_optional_text(self.actor, ("filter", "actor"))
        check_time(self.since, "filter", "from")
        check_time(self.until, "filter", "to")

    def criteria(self, item_id: str | None) -> LedgerFilter:
        return LedgerFilter(
            item_id,
            self.location_id,
            self.kind,
            self.reference,
            self.channel_id,
            self.actor,
            self.since,
            self.until,
        )


LedgerConnection = Connection[LedgerEntryType]


def history_page(entries: list[LedgerEntry], first: int, after: str | None = None) -> LedgerConnection:
    """A page of entries that were read from `after` on, with a limit of `first + 1`."""
    positioned = list(zip(entries, _positions(entries, read_position(after)), strict=True))
    return connection(positioned, first, lambda pair: LedgerEntryType(entry=pair[0]), lambda pair: pair[1], after)


def read_position(after: str | None) -> Position | None:
    """Where the page before ended. Raises InvalidInput."""
    match read_cursor(after, int, int):
        case (int() as seq, int() as passed):
            check_range(passed, ("after",), 1, PASSED_MAX)
            return seq, passed
    return None


def _positions(entries: list[LedgerEntry], after: Position | None) -> Iterator[Position]:
    seq, passed = after or (None, 0)
    for entry in entries:
        passed = passed + 1 if entry.seq == seq else 1
        seq = entry.seq
        yield seq, passed


@strawberry.type
class LedgerQuery:
    @strawberry.field(description="Ledger entries, the newest first. Needs `inventory:read`.")
    async def ledger(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[LedgerFilterInput | None, strawberry.argument(description="Which entries.")] = None,
    ) -> LedgerConnection:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, position = check_first(first), read_position(after)
            wanted = filter or LedgerFilterInput()
            wanted.check()
            item_id = None
            if wanted.sku is not None:
                item = await info.context.loaders.item_by_sku.load(wanted.sku)
                if item is None:
                    return history_page([], limit, after)
                item_id = item.id
            entries = await info.context.services.ledger.page(wanted.criteria(item_id), position, limit + 1)
            return history_page(entries, limit, after)

    @strawberry.field(
        description="What became of a request, by its idempotency key; null while it was not applied. "
        "Needs `inventory:read`."
    )
    async def adjustment(
        self,
        info: Info,
        idempotency_key: Annotated[str, strawberry.argument(description="The key that the request was sent with.")],
        client: Annotated[
            str | None, strawberry.argument(description="Name of the API key that sent it; your own unless given.")
        ] = None,
    ) -> LedgerEntryType | None:
        principal = info.context.principal
        with reading(principal, Scope.INVENTORY_READ):
            check_text(idempotency_key, ("idempotencyKey",), KEY_LENGTH_MAX)
            check_optional_text(client, ("client",))
            key = scoped_key(client or principal.client, idempotency_key)
            entry = (await info.context.services.ledger.by_keys([key])).get(key)
            return LedgerEntryType(entry=entry) if entry else None
