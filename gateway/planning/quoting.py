"""The operator's policy for quotes, and what it says of a line: less money for overstock, fewer units of the scarce."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from gateway.inventory.errors import Code, InvalidInput, Path
from gateway.inventory.identifiers import check_count, check_sku, check_text
from gateway.inventory.quantities import check_range
from gateway.planning.selling_rate import SellingRate

RULES_MAX = 100
RULE_SKUS_MAX = 1_000
DAYS_OF_COVER_MAX = 100_000.0
DISCOUNT_PERCENT_MAX = Decimal(100)
DISCOUNT_PLACES_MAX = 4
VALID_SECONDS_MAX = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class QuoteFacts:
    """What a policy looks at: the item, its available units and its rate of demand, both where they were asked for."""

    sku: str
    tags: frozenset[str]
    available: int
    rate: SellingRate | None

    @property
    def days_of_cover(self) -> float | None:
        """How long the units last at that rate, at least; None while nobody can tell."""
        most = None if self.rate is None else self.rate.units_per_day_max
        return None if most is None else self.available / most


@dataclass(frozen=True, slots=True)
class QuoteRule:
    """Applies to the SKUs and tags named, to all where none are, while every bound that is set holds.

    `discount_percent` is taken off the asker's price; a negative one is put on it. A line is quoted at most
    `quantity_max` units and `share_percent_max` percent of what is available, rounded down.
    """

    name: str
    skus: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    days_of_cover_from: float | None = None
    days_of_cover_to: float | None = None
    available_from: int | None = None
    available_to: int | None = None
    discount_percent: Decimal = Decimal(0)
    quantity_max: int | None = None
    share_percent_max: int | None = None

    def check(self, path: Path) -> None:
        """Refuse a rule that could never apply or says nothing that can be done. Raises InvalidInput."""
        check_text(self.name, (*path, "name"), 100)
        for named in (self.skus, self.tags):
            if named:
                check_count(named, (*path, "skus"), RULE_SKUS_MAX)
        for sku in self.skus:
            check_sku(sku, (*path, "skus"))
        for field, units, least in [
            ("availableFrom", self.available_from, 0),
            ("availableTo", self.available_to, 0),
            ("quantityMax", self.quantity_max, 0),
        ]:
            if units is not None:
                check_range(units, (*path, field), minimum=least)
        if self.share_percent_max is not None:
            check_range(self.share_percent_max, (*path, "sharePercentMax"), minimum=0, maximum=100)
        for field, days in [("daysOfCoverFrom", self.days_of_cover_from), ("daysOfCoverTo", self.days_of_cover_to)]:
            if days is not None and not 0 <= days <= DAYS_OF_COVER_MAX:
                message = f"Days of cover are from 0 to {DAYS_OF_COVER_MAX:g}."
                raise InvalidInput(Code.OUT_OF_RANGE, message, (*path, field))
        if not self._discount_is_readable:
            message = f"A discount is from -100 to 100 percent, with up to {DISCOUNT_PLACES_MAX} decimal places."
            raise InvalidInput(Code.OUT_OF_RANGE, message, (*path, "discountPercent"))
        for field, low, high in [
            ("daysOfCoverTo", self.days_of_cover_from, self.days_of_cover_to),
            ("availableTo", self.available_from, self.available_to),
        ]:
            if low is not None and high is not None and low > high:
                raise InvalidInput(Code.INVALID_INPUT, "This ends before it begins.", (*path, field))

    @property
    def _discount_is_readable(self) -> bool:
        percent = self.discount_percent
        if not percent.is_finite() or abs(percent) > DISCOUNT_PERCENT_MAX:
            return False
        return percent == percent.quantize(Decimal(1).scaleb(-DISCOUNT_PLACES_MAX))

    def applies(self, facts: QuoteFacts) -> bool:
        """A bound on days of cover holds only where these are known: of what was never sold, how many at least."""
        if self.skus and facts.sku not in self.skus:
            return False
        if self.tags and not self.tags & facts.tags:
            return False
        if not _within(facts.available, self.available_from, self.available_to):
            return False
        if self.days_of_cover_from is None and self.days_of_cover_to is None:
            return True
        if self.days_of_cover_to is not None and facts.rate is not None and facts.rate.never_sold:
            return False
        days = facts.days_of_cover
        return days is not None and _within(days, self.days_of_cover_from, self.days_of_cover_to)


@dataclass(frozen=True, slots=True)
class QuotePolicy:
    """The first rule that applies to a line decides; without one it is quoted in full and at the asker's price."""

    rules: tuple[QuoteRule, ...] = ()
    valid_seconds: int = 300
    revision: int = 0
    updated_at: datetime | None = None

    def check(self) -> None:
        """Raises InvalidInput."""
        if self.rules:
            check_count(self.rules, ("rules",), RULES_MAX)
        names: set[str] = set()
        for index, rule in enumerate(self.rules):
            rule.check(("rules", str(index)))
            if rule.name in names:
                message = f"Two rules are called '{rule.name}'."
                raise InvalidInput(Code.DUPLICATE, message, ("rules", str(index), "name"))
            names.add(rule.name)
        check_range(self.valid_seconds, ("validSeconds",), minimum=1, maximum=VALID_SECONDS_MAX)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is offered of a line: units, a discount, the rule that decided, and why, in words for people."""

    quantity: int
    discount_percent: Decimal
    rule: str | None
    why: tuple[str, ...]


def terms(policy: QuotePolicy, facts: QuoteFacts, quantity: int) -> Terms:
    """Never more than is asked for, than is available, or than the rule allows."""
    rule = next((rule for rule in policy.rules if rule.applies(facts)), None)
    limits = list(_limits(rule, facts))
    offered = min([quantity, *(units for units, _ in limits)])
    why = [f"{facts.available} available", _cover(facts)]
    why += [text for units, text in limits[1:] if units == offered < quantity]
    if rule is not None and rule.discount_percent:
        why.append(f"{rule.discount_percent.normalize():f} % off by rule '{rule.name}'")
    discount = Decimal(0) if rule is None else rule.discount_percent
    return Terms(offered, discount, None if rule is None else rule.name, tuple(why))


def quoted_price(unit_price: Decimal, discount_percent: Decimal) -> Decimal:
    """To the asker's own number of decimal places, rounded half to even."""
    return (unit_price * (100 - discount_percent) / 100).quantize(unit_price)


def _limits(rule: QuoteRule | None, facts: QuoteFacts) -> Iterator[tuple[int, str]]:
    yield max(facts.available, 0), "available"
    if rule is not None and rule.quantity_max is not None:
        yield rule.quantity_max, f"at most {rule.quantity_max} by rule '{rule.name}'"
    if rule is not None and rule.share_percent_max is not None:
        units = max(facts.available, 0) * rule.share_percent_max // 100
        yield units, f"at most {rule.share_percent_max} % of what is available by rule '{rule.name}'"


def _cover(facts: QuoteFacts) -> str:
    days, rate = facts.days_of_cover, facts.rate
    if days is None or rate is None:
        return "days of cover unknown"
    if rate.never_sold:
        return f"at least {days:.1f} days of cover, as none was sold on {rate.counted_days} days"
    return f"{days:.1f} days of cover at {rate.units_per_day:.2f} a day"


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
