"""What the operator's policy says of a line."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from gateway.inventory.errors import Code, InvalidInput
from gateway.planning.figures import DemandFigures
from gateway.planning.quoting import QuoteFacts, QuotePolicy, QuoteRule, quoted_price, terms
from gateway.planning.selling_rate import NEVER_SOLD_DAYS_MIN, SellingRate, selling_rate

LAMP = QuoteFacts("LAMP", frozenset({"light"}), available=100, rate=SellingRate(2.0, 60))
OVERSTOCK = QuoteRule("overstock", days_of_cover_from=40, discount_percent=Decimal("12.5"))
SCARCE = QuoteRule("scarce", available_to=20, quantity_max=8, share_percent_max=25, discount_percent=Decimal(-5))
POLICY = QuotePolicy((OVERSTOCK, SCARCE))


def test_overstock_is_quoted_at_a_discount_and_says_why() -> None:
    given = terms(POLICY, LAMP, 10)
    assert (given.quantity, given.discount_percent, given.rule) == (10, Decimal("12.5"), "overstock")
    assert given.why == ("100 available", "50.0 days of cover at 2.00 a day", "12.5 % off by rule 'overstock'")


def test_what_is_scarce_is_quoted_in_small_parts() -> None:
    given = terms(POLICY, replace(LAMP, available=19), 10)
    assert (given.quantity, given.discount_percent, given.rule) == (4, Decimal(-5), "scarce")
    assert "at most 25 % of what is available by rule 'scarce'" in given.why


def test_the_first_rule_that_applies_decides() -> None:
    both = replace(LAMP, available=20, rate=SellingRate(0.1, 60))
    assert terms(POLICY, both, 1).rule == "overstock"
    assert terms(QuotePolicy((SCARCE, OVERSTOCK)), both, 1).rule == "scarce"


def test_nothing_is_quoted_beyond_what_is_available() -> None:
    assert terms(QuotePolicy(), replace(LAMP, available=3), 10).quantity == 3
    assert terms(QuotePolicy(), replace(LAMP, available=-3), 10).quantity == 0


def test_a_bound_on_days_of_cover_needs_a_known_rate() -> None:
    for rate in (None, SellingRate(0.0, NEVER_SOLD_DAYS_MIN - 1)):
        unknown = replace(LAMP, rate=rate)
        assert unknown.days_of_cover is None
        assert terms(POLICY, unknown, 1).rule is None


def test_dead_stock_is_overstock_and_says_for_how_long_nothing_was_sold() -> None:
    dead = replace(LAMP, rate=SellingRate(0.0, 30))
    given = terms(POLICY, dead, 1)
    assert given.rule == "overstock"
    assert given.why[1] == "at least 1000.0 days of cover, as none was sold on 30 days"


def test_what_was_never_sold_may_last_longer_than_can_be_told() -> None:
    few = replace(LAMP, available=1, rate=SellingRate(0.0, 60))
    assert few.days_of_cover == 20
    assert terms(POLICY, few, 1).rule == "scarce"  # for its units; 20 days are no overstock yet
    hurry = QuoteRule("hurry", days_of_cover_to=30)
    assert not hurry.applies(few)


def test_the_rate_of_some_places_is_the_sum_of_theirs() -> None:
    sells = DemandFigures(2.0, 2.0, 1.0, 2.0, 0.0, 60)
    rests = DemandFigures(0.0, 0.0, 0.0, None, None, 90)
    lamp = {"EAST": sells, "WEST": replace(sells, mean=3.0), "DEPOT": rests}
    assert selling_rate(lamp, ["WEST", "MOON"]) == SellingRate(3.0, 60)
    assert selling_rate(lamp, lamp) == SellingRate(5.0, 90)
    assert selling_rate(lamp, ["MOON"]) is None
    assert selling_rate(lamp, ["DEPOT"]) is None  # it may be what feeds the others
    assert selling_rate({"DEPOT": rests}, ["DEPOT"]) == SellingRate(0.0, 90)


def test_a_rule_applies_to_its_own_skus_and_tags_only() -> None:
    for rule in (QuoteRule("vases", skus=frozenset({"VASE"})), QuoteRule("glass", tags=frozenset({"glass"}))):
        assert terms(QuotePolicy((rule,)), LAMP, 1).rule is None
    named = QuoteRule("lamps", skus=frozenset({"LAMP", "VASE"}), tags=frozenset({"light"}))
    assert terms(QuotePolicy((named,)), LAMP, 1).rule == "lamps"


@pytest.mark.parametrize(
    ("price", "percent", "quoted"),
    [("19.90", "10", "17.91"), ("0.05", "50", "0.02"), ("0.15", "50", "0.08"), ("7", "12.5", "6"), ("10", "-5", "10")],
)
def test_a_price_keeps_its_places_and_is_rounded_half_to_even(price: str, percent: str, quoted: str) -> None:
    assert str(quoted_price(Decimal(price), Decimal(percent))) == quoted


@pytest.mark.parametrize(
    ("rule", "field", "code"),
    [
        (QuoteRule(" "), "name", Code.BLANK),
        (QuoteRule("a", skus=frozenset({""})), "skus", Code.BLANK),
        (QuoteRule("a", discount_percent=Decimal("100.5")), "discountPercent", Code.OUT_OF_RANGE),
        (QuoteRule("a", discount_percent=Decimal("0.00001")), "discountPercent", Code.OUT_OF_RANGE),
        (QuoteRule("a", discount_percent=Decimal("NaN")), "discountPercent", Code.OUT_OF_RANGE),
        (QuoteRule("a", quantity_max=-1), "quantityMax", Code.OUT_OF_RANGE),
        (QuoteRule("a", share_percent_max=101), "sharePercentMax", Code.OUT_OF_RANGE),
        (QuoteRule("a", days_of_cover_from=float("nan")), "daysOfCoverFrom", Code.OUT_OF_RANGE),
        (QuoteRule("a", days_of_cover_from=5, days_of_cover_to=4), "daysOfCoverTo", Code.INVALID_INPUT),
        (QuoteRule("a", available_from=5, available_to=4), "availableTo", Code.INVALID_INPUT),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_by_name(rule: QuoteRule, field: str, code: Code) -> None:
    with pytest.raises(InvalidInput) as refusal:
        QuotePolicy((QuoteRule("first"), rule)).check()
    assert (refusal.value.path, refusal.value.code) == (("rules", "1", field), code)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        QuotePolicy((OVERSTOCK, SCARCE, OVERSTOCK)).check()
    assert (refusal.value.path, refusal.value.code) == (("rules", "2", "name"), Code.DUPLICATE)
