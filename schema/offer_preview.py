"""What a change of the buffer rules would do, before it is made."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.errors import Code, InvalidInput
from gateway.operations.offer_preview import (
    CHANGES_MAX,
    LOOKED_AT_MAX,
    Position,
    Preview,
    PreviewLine,
    PreviewTotals,
    RuleChange,
)
from schema.buffer_rules import BufferRuleSetInput, BufferTargetInput
from schema.context import Info
from schema.errors import reading
from schema.paging import (
    FIRST_DEFAULT,
    After,
    Connection,
    First,
    check_first,
    open_connection,
    read_cursor,
    write_cursor,
)
from schema.scalars import Quantity


@strawberry.input(description="One change: either a rule to write or one to delete.")
class BufferRuleChangeInput:
    set: BufferRuleSetInput | None = strawberry.field(default=None, description="Write this rule.")
    delete: BufferTargetInput | None = strawberry.field(default=None, description="Delete the rule that names this.")

    def change(self, index: int) -> RuleChange:
        """Raises InvalidInput unless it is exactly one of the two."""
        if self.set is not None and self.delete is None:
            return RuleChange(self.set.target(), self.set.values())
        if self.delete is not None and self.set is None:
            return RuleChange(self.delete.target(), None)
        raise InvalidInput(Code.INVALID_INPUT, "Give either `set` or `delete`.", ("changes", str(index)))


@strawberry.type(name="OfferPreviewLine", description="What one listing is offered and would be, over all its places.")
class OfferPreviewLineType:
    channel_id: str = strawberry.field(description="The channel.")
    sku: str = strawberry.field(description="The item's present SKU.")
    now: Quantity = strawberry.field(description="Units offered by the rules in force.")
    then: Quantity = strawberry.field(description="Units that would be offered.")

    @classmethod
    def of(cls, line: PreviewLine) -> OfferPreviewLineType:
        return cls(channel_id=line.channel_id, sku=line.item.sku, now=Quantity(line.now), then=Quantity(line.then))


@strawberry.type(
    name="OfferPreviewTotals",
    description=f"Over the listings asked for, up to {LOOKED_AT_MAX} in one answer. Add up the answers for more.",
)
class OfferPreviewTotalsType:
    listings: int = strawberry.field(description="Looked at.")
    changed: int = strawberry.field(description="That would be offered another number of units.")
    units_now: Quantity = strawberry.field(description="Offered by the rules in force.")
    units_then: Quantity = strawberry.field(description="That would be offered.")
    to_zero: int = strawberry.field(description="That would be offered nothing any more.")
    from_zero: int = strawberry.field(description="That would be offered something again.")
    complete: bool = strawberry.field(description="Whether no listing is left.")
    end_cursor: str | None = strawberry.field(
        description="Pass it as `after` to have the rest looked at; null where nothing is left."
    )

    @classmethod
    def of(cls, totals: PreviewTotals) -> OfferPreviewTotalsType:
        return cls(
            listings=totals.listings,
            changed=totals.changed,
            units_now=Quantity(totals.units_now),
            units_then=Quantity(totals.units_then),
            to_zero=totals.to_zero,
            from_zero=totals.from_zero,
            complete=totals.position is None,
            end_cursor=None if totals.position is None else write_cursor(totals.position),
        )


@strawberry.type(description="What would be offered if the rules were changed so.")
class OfferPreview:
    preview: Private[Preview]

    @strawberry.field(description="Sums over the listings; each time it is asked for, they are looked at.")
    async def totals(
        self,
        info: Info,
        after: Annotated[
            str | None, strawberry.argument(description="`endCursor` of the totals before; null for the first.")
        ] = None,
    ) -> OfferPreviewTotalsType:
        with reading(info.context.principal, Scope.ADMIN):
            found = await info.context.services.offer_previews.totals(self.preview, _position(after))
            return OfferPreviewTotalsType.of(found)

    @strawberry.field(
        description="The listings by channel and id. A page may be short, even empty, and yet have a next one: "
        f"up to {LOOKED_AT_MAX} listings are looked at for one."
    )
    async def lines(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        only_changed: Annotated[bool, strawberry.argument(description="Leave out what would stay as it is.")] = True,
    ) -> Connection[OfferPreviewLineType]:
        with reading(info.context.principal, Scope.ADMIN):
            limit, position = check_first(first), _position(after)
            page = await info.context.services.offer_previews.page(
                self.preview, position, limit, only_changed=only_changed
            )
            return open_connection(
                page.lines,
                OfferPreviewLineType.of,
                lambda line: (line.channel_id, line.listing_id),
                after,
                page.position,
            )


@strawberry.type
class OfferPreviewQuery:
    @strawberry.field(
        description="What all listings, or one channel's, would be offered if these rules were changed. Needs `admin`."
    )
    async def offer_preview(
        self,
        info: Info,
        changes: Annotated[
            list[BufferRuleChangeInput], strawberry.argument(description=f"1 to {CHANGES_MAX} changes.")
        ],
        channel_id: Annotated[str | None, strawberry.argument(description="Only this channel's listings.")] = None,
    ) -> OfferPreview:
        with reading(info.context.principal, Scope.ADMIN):
            asked = [some.change(index) for index, some in enumerate(changes)]
            return OfferPreview(preview=await info.context.services.offer_previews.of(asked, channel_id))


def _position(after: str | None) -> Position | None:
    cursor = read_cursor(after, str, str)
    return None if cursor is None else (str(cursor[0]), str(cursor[1]))
