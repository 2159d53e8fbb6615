"""The ledger: every change that was ever applied."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.identifiers import check_slug, check_text
from gateway.inventory.ledger import Kind, LedgerEntry, PostedLine, scoped_key
from gateway.inventory.quantities import Bucket
from gateway.store.views.ledger import LedgerFilter, Position
from schema.context import Info
from schema.errors import reading
from schema.paging import FIRST_DEFAULT, Connection, check_first, connection, read_cursor
from schema.scalars import Quantity

strawberry.enum(Bucket, name="Bucket", description="A stored quantity of a level.")
strawberry.enum(Kind, name="LedgerKind", description="What sort of operation wrote an entry.")


@strawberry.type(description="One posting: units added to (or taken from) one bucket at one location.")
class LedgerLine:
    sku: str = strawberry.field(description="The SKU at that time.")
    location_id: str
    bucket: Bucket
    delta: Quantity
    quantity_after: Quantity = strawberry.field(description="Units in the bucket after this line.")

    @classmethod
    def of(cls, line: PostedLine) -> LedgerLine:
        return cls(
            sku=line.sku,
            location_id=line.location_id,
            bucket=line.bucket,
            delta=Quantity(line.delta),
            quantity_after=Quantity(line.after),
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

    @strawberry.field
    def kind(self) -> Kind:
        return self.entry.kind

    @strawberry.field(description="When it was applied; grows along an item's versions.")
    def at(self) -> datetime:
        return self.entry.at

    @strawberry.field(description="Who did it: the API key's name, or `system`.")
    def actor(self) -> str:
        return self.entry.cause.actor

    @strawberry.field
    def reason(self) -> str | None:
        return self.entry.cause.reason

    @strawberry.field(description="The document behind it, such as an order.")
    def reference(self) -> str | None:
        return self.entry.cause.reference

    @strawberry.field(description="The channel that caused it.")
    def channel_id(self) -> str | None:
        return self.entry.cause.channel_id

    @strawberry.field
    def lines(self) -> list[LedgerLine]:
        return [LedgerLine.of(line) for line in self.entry.lines]


@strawberry.input(description="Which entries to list; what is left out matches everything.")
class LedgerFilterInput:
    sku: str | None = None
    location_id: str | None = None
    kind: Kind | None = None
    reference: str | None = None
    channel_id: str | None = None
    actor: str | None = None
    since: datetime | None = strawberry.field(default=None, description="Inclusive.")
    until: datetime | None = strawberry.field(default=None, description="Exclusive.")


LedgerConnection = Connection[LedgerEntryType]
First = Annotated[int, strawberry.argument(description="Size of the page, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="`endCursor` of the page before.")]


def history_page(entries: list[LedgerEntry], first: int) -> LedgerConnection:
    return connection(entries, first, lambda e: LedgerEntryType(entry=e), lambda e: (e.seq, e.key))


def read_position(after: str | None) -> Position | None:
    match read_cursor(after, int, str):
        case (int() as seq, str() as key):
            return seq, key
    return None


@strawberry.type
class LedgerQuery:
    @strawberry.field(description="Ledger entries, the newest first.")
    async def ledger(
        self, info: Info, first: First = FIRST_DEFAULT, after: After = None, filter: LedgerFilterInput | None = None
    ) -> LedgerConnection:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, position = check_first(first), read_position(after)
            wanted = await _filter(info, filter or LedgerFilterInput())
            entries = [] if wanted is None else await info.context.services.ledger.page(wanted, position, limit + 1)
            return history_page(entries, limit)

    @strawberry.field(description="What became of a request, by its idempotency key; null while it was not applied.")
    async def adjustment(
        self,
        info: Info,
        idempotency_key: str,
        client: Annotated[
            str | None, strawberry.argument(description="Whose key; your own unless given, which needs `admin`.")
        ] = None,
    ) -> LedgerEntryType | None:
        principal = info.context.principal
        others = client is not None and client != principal.client
        with reading(principal, Scope.ADMIN if others else Scope.INVENTORY_READ):
            check_text(idempotency_key, ("idempotencyKey",))
            key = scoped_key(client or principal.client, idempotency_key)
            entry = (await info.context.services.ledger.by_keys([key])).get(key)
            return LedgerEntryType(entry=entry) if entry else None


async def _filter(info: Info, wanted: LedgerFilterInput) -> LedgerFilter | None:
    """The filter in the domain's terms; None where it names a SKU that does not exist, so that nothing matches."""
    item_id = None
    for name in ("location_id", "channel_id"):
        value = getattr(wanted, name)
        if value is not None:
            check_slug(value, ("filter", name))
    if wanted.sku is not None:
        item = await info.context.loaders.item_by_sku.load(wanted.sku)
        if item is None:
            return None
        item_id = item.id
    return LedgerFilter(
        item_id,
        wanted.location_id,
        wanted.kind,
        wanted.reference,
        wanted.channel_id,
        wanted.actor,
        wanted.since,
        wanted.until,
    )
