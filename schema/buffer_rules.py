"""Rules of what is withheld from channels."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.buffer_rules import (
    DYNAMIC_UNITS_MAX,
    QUANTILE_MAX,
    QUANTILE_MIN,
    BufferLayer,
    BufferRule,
    BufferValues,
    DynamicBuffer,
)
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.operations.buffers import RuleTarget
from schema.context import Info
from schema.descriptions import describe
from schema.errors import UserError, reading, user_error
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection, read_cursor
from schema.scalars import Quantity

FIXED = "Units to withhold."
PERCENT = "Percent of what is available to withhold, 0 to 100; rounded up to whole units."
LIST_AT_MOST = "Units to offer at most, however many there are."
STOP_AT = "Offer nothing where so many units are available, or fewer."
DYNAMIC = "Withhold what may sell before the channel hears of it."
QUANTILE = (
    f"Share of all cases in which that is enough, {QUANTILE_MIN} to {QUANTILE_MAX}: the higher, the rarer an oversell "
    "and the more is withheld. Choose it high for channels of low margin or dear penalties."
)
UNITS_MAX = f"Never more than this, 0 to {DYNAMIC_UNITS_MAX}; 0 switches it off."

strawberry.enum(BufferLayer, name="BufferLayer", description="How specific a rule is; a later one wins.")
describe(
    BufferLayer,
    {
        "EVERYWHERE": "It names nothing.",
        "CHANNEL": "It names a channel.",
        "LOCATION": "It names a location.",
        "TAG": "It names a tag.",
        "ITEM": "It names an item.",
    },
)


@strawberry.type(name="DynamicBuffer", description=DYNAMIC)
class DynamicBufferType:
    quantile: float = strawberry.field(description=QUANTILE)
    units_max: int = strawberry.field(description=UNITS_MAX)

    @classmethod
    def of(cls, dynamic: DynamicBuffer) -> DynamicBufferType:
        return cls(quantile=dynamic.quantile, units_max=dynamic.units_max)


@strawberry.type(
    name="BufferRule",
    description="What is withheld from the offers that match all that it names. What one sets wins over what less "
    "specific rules set: an item over a tag, that over a location, that over a channel; of two that name the same of "
    "these, the one that names more; of two that are equally specific still, the one by which less is offered.",
)
class BufferRuleType:
    rule: Private[BufferRule]

    @strawberry.field(description="Tells what it names.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.rule.selector.id)

    @strawberry.field(description="The most specific that it names.")
    def layer(self) -> BufferLayer:
        return self.rule.selector.layer

    @strawberry.field(description="Only this channel's offers.")
    def channel_id(self) -> str | None:
        return self.rule.selector.channel_id

    @strawberry.field(description="Only at places of a channel that this location feeds.")
    def location_id(self) -> str | None:
        return self.rule.selector.location_id

    @strawberry.field(description="Only items with this tag.")
    def tag(self) -> str | None:
        return self.rule.selector.tag

    @strawberry.field(description="Only this item: its SKU by now.")
    async def sku(self, info: Info) -> str | None:
        item_id = self.rule.selector.item_id
        item = None if item_id is None else await info.context.loaders.item_by_id.load(item_id)
        return None if item is None else item.sku

    @strawberry.field(description=FIXED)
    def fixed(self) -> Quantity | None:
        return _quantity(self.rule.values.fixed)

    @strawberry.field(description=PERCENT)
    def percent(self) -> int | None:
        return self.rule.values.percent

    @strawberry.field(description=LIST_AT_MOST)
    def list_at_most(self) -> Quantity | None:
        return _quantity(self.rule.values.list_at_most)

    @strawberry.field(description=STOP_AT)
    def stop_at(self) -> Quantity | None:
        return _quantity(self.rule.values.stop_at)

    @strawberry.field(description=DYNAMIC)
    def dynamic(self) -> DynamicBufferType | None:
        dynamic = self.rule.values.dynamic
        return None if dynamic is None else DynamicBufferType.of(dynamic)

    @strawberry.field(description="When it was last written.")
    def updated_at(self) -> datetime:
        return self.rule.updated_at


@strawberry.input(description="Withhold what may sell before the channel hears of it.")
class DynamicBufferInput:
    quantile: float = strawberry.field(description=QUANTILE)
    units_max: int = strawberry.field(description=UNITS_MAX)


@strawberry.input(description="What a rule names; what is left out is any.")
class BufferTargetInput:
    channel_id: str | None = strawberry.field(default=None, description="Only this channel's offers.")
    location_id: str | None = strawberry.field(
        default=None, description="Only at places of a channel that this location feeds."
    )
    tag: str | None = strawberry.field(default=None, description="Only items with this tag.")
    sku: str | None = strawberry.field(default=None, description="Only this item; not together with a tag.")

    def target(self) -> RuleTarget:
        return RuleTarget(self.channel_id, self.location_id, self.tag, self.sku)


@strawberry.input(description="A rule, in place of the one that names exactly the same. Null: left to other rules.")
class BufferRuleSetInput(BufferTargetInput):
    fixed: Quantity | None = strawberry.field(default=None, description=FIXED)
    percent: int | None = strawberry.field(default=None, description=PERCENT)
    list_at_most: Quantity | None = strawberry.field(default=None, description=LIST_AT_MOST)
    stop_at: Quantity | None = strawberry.field(default=None, description=STOP_AT)
    dynamic: DynamicBufferInput | None = strawberry.field(default=None, description=DYNAMIC)

    def values(self) -> BufferValues:
        dynamic = None if self.dynamic is None else DynamicBuffer(self.dynamic.quantile, self.dynamic.units_max)
        return BufferValues(self.fixed, self.percent, self.list_at_most, self.stop_at, dynamic)


@strawberry.type(description="What became of a change of a rule.")
class BufferRulePayload:
    rule: BufferRuleType | None = strawberry.field(default=None, description="As it is now; null where there is none.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class BufferRuleQuery:
    @strawberry.field(description="All rules by id. Needs `inventory:read`.")
    async def buffer_rules(
        self, info: Info, first: First = FIRST_DEFAULT, after: After = None
    ) -> Connection[BufferRuleType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, position = check_first(first), read_cursor(after, str)
            found = await info.context.services.buffers.page(str(position[0]) if position else None, limit + 1)
            return connection(
                found, limit, lambda rule: BufferRuleType(rule=rule), lambda rule: [rule.selector.id], after
            )


Input = strawberry.argument(description="What to do.")


@strawberry.type
class BufferRuleMutation:
    @strawberry.mutation(
        description="Write a rule. The channels concerned are told within a second or so; a run that would set many "
        "listings to zero is stopped as always. Needs `admin`."
    )
    async def buffer_rule_set(self, info: Info, input: Annotated[BufferRuleSetInput, Input]) -> BufferRulePayload:
        return await _payload(info, _set(info, input))

    @strawberry.mutation(
        description="Delete the rule that names exactly this; BUFFER_RULE_NOT_FOUND where there is none. Needs `admin`."
    )
    async def buffer_rule_delete(self, info: Info, input: Annotated[BufferTargetInput, Input]) -> BufferRulePayload:
        return await _payload(info, info.context.services.buffers.delete(input.target()))


async def _set(info: Info, input: BufferRuleSetInput) -> BufferRule:
    return await info.context.services.buffers.set(input.target(), input.values())


async def _payload(info: Info, work: Coroutine[Any, Any, BufferRule | None]) -> BufferRulePayload:
    try:
        with closing(work):
            info.context.principal.require(Scope.ADMIN)
            rule = await work
            return BufferRulePayload(rule=None if rule is None else BufferRuleType(rule=rule), user_errors=[])
    except (InventoryError, StorageError) as error:
        return BufferRulePayload(user_errors=[user_error(error, "input")])


def _quantity(units: int | None) -> Quantity | None:
    return None if units is None else Quantity(units)
