"""The operator's policy for quotes."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.errors import InventoryError
from gateway.inventory.identifiers import check_count
from gateway.inventory.ports import StorageError
from gateway.planning.quoting import RULES_MAX, QuotePolicy, QuoteRule
from schema.context import Info
from schema.errors import UserError, reading, user_error
from schema.requested_lines import Input
from schema.scalars import Quantity


@strawberry.type(name="QuoteRule", description="One rule of the policy. Null bounds do not limit.")
class QuoteRuleType:
    name: str = strawberry.field(description="By which quotes name it.")
    skus: list[str] = strawberry.field(description="Only these SKUs; all if empty.")
    tags: list[str] = strawberry.field(description="Only items with one of these tags; all if empty.")
    days_of_cover_from: float | None = strawberry.field(description="Only where the units last this long, or longer.")
    days_of_cover_to: float | None = strawberry.field(description="Only where the units last this long, or shorter.")
    available_from: Quantity | None = strawberry.field(description="Only where so many are available, or more.")
    available_to: Quantity | None = strawberry.field(description="Only where so many are available, or fewer.")
    discount_percent: Decimal = strawberry.field(description="Taken off the asker's price; negative is put on it.")
    quantity_max: Quantity | None = strawberry.field(description="Units offered in one line at most.")
    share_percent_max: int | None = strawberry.field(description="Percent of what is available offered at most.")


@strawberry.type(name="QuotePolicy", description="By which quotes are made: the first rule that applies decides.")
class QuotePolicyType:
    rules: list[QuoteRuleType] = strawberry.field(description="In order.")
    valid_seconds: int = strawberry.field(description="How long a quote is honoured.")
    revision: int = strawberry.field(description="Rises with each change; 0 before the first.")
    updated_at: datetime | None = strawberry.field(description="When it was last changed.")

    @classmethod
    def of(cls, policy: QuotePolicy) -> QuotePolicyType:
        rules = [_rule_type(rule) for rule in policy.rules]
        return cls(
            rules=rules, valid_seconds=policy.valid_seconds, revision=policy.revision, updated_at=policy.updated_at
        )


@strawberry.input(description="A rule of the policy; what is left out does not limit.")
class QuoteRuleInput:
    name: str = strawberry.field(description="By which quotes name it; unique.")
    skus: list[str] | None = strawberry.field(default=None, description="Only these SKUs; up to 1,000.")
    tags: list[str] | None = strawberry.field(default=None, description="Only items with one of these tags.")
    days_of_cover_from: float | None = strawberry.field(
        default=None,
        description="Available units over units per day, both of the locations asked for. An item that was never sold "
        "on n days with stock, 30 or more, counts as selling 3 / n a day at most.",
    )
    days_of_cover_to: float | None = strawberry.field(
        default=None, description="The same, at most; then not of what was never sold."
    )
    available_from: Quantity | None = strawberry.field(default=None, description="Units.")
    available_to: Quantity | None = strawberry.field(default=None, description="Units.")
    discount_percent: Decimal = strawberry.field(
        default=Decimal(0), description="From -100 to 100, with up to four decimal places."
    )
    quantity_max: Quantity | None = strawberry.field(default=None, description="Units offered in one line at most.")
    share_percent_max: int | None = strawberry.field(default=None, description="From 0 to 100, of what is available.")

    def rule(self) -> QuoteRule:
        return QuoteRule(
            name=self.name,
            skus=frozenset(self.skus or ()),
            tags=frozenset(self.tags or ()),
            days_of_cover_from=self.days_of_cover_from,
            days_of_cover_to=self.days_of_cover_to,
            available_from=self.available_from,
            available_to=self.available_to,
            discount_percent=self.discount_percent,
            quantity_max=self.quantity_max,
            share_percent_max=self.share_percent_max,
        )


@strawberry.input(description="The whole policy, in place of the one in force.")
class QuotePolicySetInput:
    rules: list[QuoteRuleInput] = strawberry.field(description="In order; up to 100.")
    valid_seconds: int = strawberry.field(default=300, description="From 1 second to 7 days.")
    compare_revision: int = strawberry.field(description="The revision that it replaces; 0 for the first.")

    def policy(self) -> QuotePolicy:
        """Raises InvalidInput for too many rules."""
        if self.rules:
            check_count(self.rules, ("rules",), RULES_MAX)
        return QuotePolicy(tuple(rule.rule() for rule in self.rules), self.valid_seconds, self.compare_revision)


@strawberry.type(description="What became of a change of the policy.")
class QuotePolicyPayload:
    policy: QuotePolicyType | None = strawberry.field(default=None, description="The policy in force.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class QuotePolicyQuery:
    @strawberry.field(description="The policy in force. Needs `inventory:read`.")
    async def quote_policy(self, info: Info) -> QuotePolicyType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            return QuotePolicyType.of(await info.context.services.quotes.policy())


@strawberry.type
class QuotePolicyMutation:
    @strawberry.mutation(description="Write the policy, from the next quote on. Needs `admin`.")
    async def quote_policy_set(self, info: Info, input: Annotated[QuotePolicySetInput, Input]) -> QuotePolicyPayload:
        work = _policy_set(info, input)
        try:
            with closing(work):
                info.context.principal.require(Scope.ADMIN)
                return QuotePolicyPayload(policy=QuotePolicyType.of(await work), user_errors=[])
        except (InventoryError, StorageError) as error:
            return QuotePolicyPayload(user_errors=[user_error(error, "input")])


async def _policy_set(info: Info, input: QuotePolicySetInput) -> QuotePolicy:
    return await info.context.services.quotes.set_policy(input.policy())


def _rule_type(rule: QuoteRule) -> QuoteRuleType:
    return QuoteRuleType(
        name=rule.name,
        skus=sorted(rule.skus),
        tags=sorted(rule.tags),
        days_of_cover_from=rule.days_of_cover_from,
        days_of_cover_to=rule.days_of_cover_to,
        available_from=None if rule.available_from is None else Quantity(rule.available_from),
        available_to=None if rule.available_to is None else Quantity(rule.available_to),
        discount_percent=rule.discount_percent,
        quantity_max=None if rule.quantity_max is None else Quantity(rule.quantity_max),
        share_percent_max=rule.share_percent_max,
    )
