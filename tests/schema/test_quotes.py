"""Quotes: asked for, honoured, and refused, as a client sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.inventory.access import Scope
from gateway.inventory.reservations import ReservationState
from gateway.operations.calls import Call
from gateway.operations.sourcing import LineRequest
from gateway.operations.velocity_fold import SETTLED_AFTER
from tests.clock import StoppedClock
from tests.schema.shop import Shop, open_shop

QUOTE = """
mutation($input: QuoteCreateInput!) {
  quoteCreate(input: $input) {
    quote {
      id state expiresAt policyRevision reservationId
      lines { sku asked quantity discountPercent unitPrice quotedPrice rule why }
    }
    replayed userErrors { field code }
  }
}
"""
ACCEPT = """
mutation($input: QuoteAcceptInput!) {
  quoteAccept(input: $input) {
    quote { state reservationId lines { quantity quotedPrice } }
    reservation { id state reference owner lines { sku locationId quantity } }
    replayed userErrors { field code message }
  }
}
"""
POLICY = """
mutation($input: QuotePolicySetInput!) {
  quotePolicySet(input: $input) { policy { revision validSeconds rules { name discountPercent } }
    userErrors { field code } }
}
"""
LOCATE = "mutation($input: LocationUpdateInput!) { locationUpdate(input: $input) { userErrors { code } } }"
READ = "query($id: ID!) { quote(id: $id) { state } }"
RULES: list[dict[str, object]] = [
    {"name": "scarce", "availableTo": 20, "sharePercentMax": 50},
    {"name": "lamps", "skus": ["LAMP"], "discountPercent": "10"},
]


@dataclass(slots=True)
class Desk:
    """A stocked shop where quotes are asked for."""

    shop: Shop
    clock: StoppedClock

    async def quote(self, key: str, *lines: dict[str, object]) -> dict[str, Any]:
        answer = await self.shop.owner.ask(QUOTE, input={"idempotencyKey": key, "lines": list(lines)})
        payload: dict[str, Any] = answer["quoteCreate"]
        return payload

    async def accept(self, key: str, quote_id: str, **fields: object) -> dict[str, Any]:
        answer = await self.shop.owner.ask(ACCEPT, input={"idempotencyKey": key, "quoteId": quote_id, **fields})
        payload: dict[str, Any] = answer["quoteAccept"]
        return payload

    async def write_policy(self, rules: list[dict[str, object]], compare_revision: int) -> dict[str, Any]:
        operator = await self.shop.client(Scope.ADMIN, name="operator")
        policy = {"rules": rules, "validSeconds": 60, "compareRevision": compare_revision}
        payload: dict[str, Any] = (await operator.ask(POLICY, input=policy))["quotePolicySet"]
        return payload


@pytest.fixture
async def desk(mongo_uri: str, database_name: str) -> AsyncIterator[Desk]:
    clock = StoppedClock()
    async with open_shop(mongo_uri, database_name, clock=clock) as shop:
        await shop.stock_up({"LAMP": {"EAST": 100, "WEST": 5}, "SOFA": {"EAST": 7}})
        yield Desk(shop, clock)


async def test_a_quote_offers_what_the_policy_says_and_is_honoured(desk: Desk) -> None:
    assert (await desk.write_policy(RULES, 0))["policy"]["revision"] == 1
    lines = [{"sku": "LAMP", "quantity": 4, "unitPrice": "19.90"}, {"sku": "SOFA", "quantity": 5}]
    quote = (await desk.quote("q-1", *lines))["quote"]
    assert (quote["state"], quote["policyRevision"]) == ("OPEN", 1)
    lamp, sofa = quote["lines"]
    assert (lamp["quantity"], lamp["discountPercent"], lamp["quotedPrice"], lamp["rule"]) == (4, "10", "17.91", "lamps")
    assert (sofa["asked"], sofa["quantity"], sofa["quotedPrice"], sofa["rule"]) == (5, 3, None, "scarce")

    # Another policy does not change what was quoted.
    assert (await desk.write_policy([], 1))["policy"]["revision"] == 2
    accepted = await desk.accept("a-1", quote["id"], owner="cart-1")
    assert accepted["userErrors"] == []
    held = accepted["reservation"]
    assert (held["state"], held["owner"], held["reference"]) == ("HELD", "cart-1", f"quote:{quote['id']}")
    assert held["lines"] == [
        {"sku": "LAMP", "locationId": "EAST", "quantity": 4},
        {"sku": "SOFA", "locationId": "EAST", "quantity": 3},
    ]
    assert accepted["quote"]["state"] == "ACCEPTED"
    assert accepted["quote"]["reservationId"] == held["id"]
    assert accepted["quote"]["lines"][0]["quotedPrice"] == "17.91"


async def test_a_repetition_finds_the_same_quote_and_the_same_reservation(desk: Desk) -> None:
    first, again = [await desk.quote("q-1", {"sku": "LAMP", "quantity": 2, "unitPrice": "5"}) for _ in range(2)]
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["quote"] == again["quote"]
    other = await desk.quote("q-1", {"sku": "LAMP", "quantity": 3, "unitPrice": "5"})
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    taken, repeated = [await desk.accept("a-1", first["quote"]["id"]) for _ in range(2)]
    assert (taken["replayed"], repeated["replayed"]) == (False, True)
    assert taken["reservation"] == repeated["reservation"]


async def test_a_quote_is_accepted_once_whoever_is_first(desk: Desk) -> None:
    quote_id = (await desk.quote("q-1", {"sku": "LAMP", "quantity": 2}))["quote"]["id"]
    answers = await asyncio.gather(*(desk.accept(f"a-{number}", quote_id) for number in range(8)))
    held = [answer["reservation"] for answer in answers if answer["reservation"] is not None]
    codes = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert (len(held), codes) == (1, ["ALREADY_ACCEPTED"] * 7)


async def test_what_was_quoted_comes_from_where_it_costs_least_if_asked_for(desk: Desk) -> None:
    located = await desk.shop.owner.ask(LOCATE, input={"id": "WEST", "zone": "CA"})
    assert located["locationUpdate"]["userErrors"] == []
    quotes = [(await desk.quote(key, {"sku": "LAMP", "quantity": 2}))["quote"]["id"] for key in ("q-1", "q-2")]
    near = {"strategy": "LEAST_COST", "destination": {"zone": "CA"}}
    taken, again = [await desk.accept("a-1", quotes[0], **near) for _ in range(2)]
    assert [line["locationId"] for line in taken["reservation"]["lines"]] == ["WEST"]
    assert (again["replayed"], again["reservation"]) == (True, taken["reservation"])
    other = await desk.accept("a-1", quotes[0], **near | {"destination": {"zone": "NY"}})
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    lost = await desk.accept("a-2", quotes[1], strategy="LEAST_COST", destination={"latitude": 1})
    assert [error["field"] for error in lost["userErrors"]] == [["input", "destination", "longitude"]]
    plain = await desk.accept("a-2", quotes[1])
    assert [line["locationId"] for line in plain["reservation"]["lines"]] == ["EAST"]


async def test_an_expired_quote_is_not_honoured(desk: Desk) -> None:
    await desk.write_policy([], 0)
    quote_id = (await desk.quote("q-1", {"sku": "LAMP", "quantity": 2}))["quote"]["id"]
    desk.clock.advance(60)
    refused = await desk.accept("a-1", quote_id)
    assert [(error["field"], error["code"]) for error in refused["userErrors"]] == [(["input", "quoteId"], "EXPIRED")]
    assert (await desk.shop.owner.ask(READ, id=quote_id))["quote"]["state"] == "EXPIRED"


async def test_a_quote_promises_no_units(desk: Desk) -> None:
    quote_id = (await desk.quote("q-1", {"sku": "SOFA", "quantity": 7}))["quote"]["id"]
    await desk.shop.owner.adjust("gone", "SOFA", {"EAST": -1})
    refused = await desk.accept("a-1", quote_id)
    assert [error["code"] for error in refused["userErrors"]] == ["INSUFFICIENT_STOCK"]
    assert (await desk.shop.owner.ask(READ, id=quote_id))["quote"]["state"] == "OPEN"


async def test_what_the_owner_holds_already_makes_room_for_what_was_quoted(desk: Desk) -> None:
    quote_id = (await desk.quote("q-1", {"sku": "SOFA", "quantity": 7}))["quote"]["id"]
    reservations = desk.shop.gateway.orders.reservations
    held = await reservations.create(Call("owner", "hold"), [LineRequest("SOFA", 3)], owner="cart")
    assert [error["code"] for error in (await desk.accept("b", quote_id, owner="other"))["userErrors"]] == [
        "INSUFFICIENT_STOCK"
    ]
    assert (await desk.accept("a", quote_id, owner="cart"))["userErrors"] == []
    assert (await reservations.get(held.reservation.id)).state is ReservationState.RELEASED


async def test_two_lines_are_not_quoted_the_same_units(desk: Desk) -> None:
    anywhere, west = {"sku": "SOFA", "quantity": 5}, {"sku": "SOFA", "quantity": 5, "locationId": "EAST"}
    lines = (await desk.quote("q-1", anywhere, west))["quote"]["lines"]
    assert [line["quantity"] for line in lines] == [5, 2]


@pytest.mark.parametrize(
    ("line", "field", "code"),
    [
        ({"sku": "LAMPE", "quantity": 1}, ["input", "lines", "0", "sku"], "ITEM_NOT_FOUND"),
        ({"sku": "LAMP", "quantity": 0}, ["input", "lines", "0", "quantity"], "OUT_OF_RANGE"),
        ({"sku": "LAMP", "quantity": 1, "unitPrice": "-1"}, ["input", "lines", "0", "unitPrice"], "INVALID_INPUT"),
        ({"sku": "LAMP", "quantity": 1, "unitPrice": "1e400"}, ["input", "lines", "0", "unitPrice"], "INVALID_INPUT"),
        ({"sku": "LAMP", "quantity": 1, "unitPrice": "NaN"}, ["input", "lines", "0", "unitPrice"], "INVALID_INPUT"),
    ],
)
async def test_a_line_that_cannot_be_meant_is_refused_by_name(
    desk: Desk, line: dict[str, object], field: list[str], code: str
) -> None:
    refused = await desk.quote("q-1", line)
    assert refused["userErrors"] == [{"field": field, "code": code}]


async def test_a_policy_is_written_by_an_operator_who_knows_the_present_one(desk: Desk) -> None:
    await desk.write_policy(RULES, 0)
    late = await desk.write_policy([], 0)
    assert late["userErrors"] == [{"field": ["input", "compareRevision"], "code": "REVISION_STALE"}]
    policy = {"rules": [], "compareRevision": 1}
    [refused] = (await desk.shop.owner.ask(POLICY, input=policy))["quotePolicySet"]["userErrors"]
    assert refused["code"] == "FORBIDDEN"


async def test_a_quote_that_offers_nothing_cannot_be_accepted(desk: Desk) -> None:
    await desk.shop.owner.adjust("gone", "SOFA", {"EAST": -7})
    quote = (await desk.quote("q-1", {"sku": "SOFA", "quantity": 1}))["quote"]
    assert quote["lines"][0]["quantity"] == 0
    refused = await desk.accept("a-1", quote["id"])
    assert [error["code"] for error in refused["userErrors"]] == ["INSUFFICIENT_STOCK"]


async def test_a_rule_for_a_tag_applies_to_the_items_that_carry_it(desk: Desk) -> None:
    update = "mutation($input: ItemUpdateInput!) { itemUpdate(input: $input) { userErrors { code } } }"
    tagged = await desk.shop.owner.ask(update, input={"sku": "SOFA", "tags": ["bulky"]})
    assert tagged["itemUpdate"]["userErrors"] == []
    await desk.write_policy([{"name": "bulky", "tags": ["bulky"], "quantityMax": 1}], 0)
    quote = (await desk.quote("q-1", {"sku": "SOFA", "quantity": 2}, {"sku": "LAMP", "quantity": 2}))["quote"]
    assert [(line["rule"], line["quantity"]) for line in quote["lines"]] == [("bulky", 1), (None, 2)]


async def test_dead_stock_is_quoted_as_overstock_once_it_has_been_there_for_a_month(desk: Desk) -> None:
    await desk.write_policy([{"name": "overstock", "daysOfCoverFrom": 180, "discountPercent": "20"}], 0)
    rules: list[list[str | None]] = []
    for day in (29, 2):
        desk.clock.advance(day * 86_400)
        await desk.shop.gateway.planning.follow()
        quote = (await desk.quote(f"q-{day}", {"sku": "LAMP", "quantity": 1}, {"sku": "SOFA", "quantity": 1}))["quote"]
        rules.append([line["rule"] for line in quote["lines"]])
    assert rules == [[None, None], ["overstock", None]]  # 7 units are no overstock yet
    assert quote["lines"][0]["why"][1] == "at least 1085.0 days of cover, as none was sold on 31 days"


async def test_days_of_cover_are_those_of_the_locations_asked_for(desk: Desk) -> None:
    await desk.shop.stock_up({"VASE": {"NORTH": 1}})
    more = await desk.shop.owner.adjust("more", "LAMP", {"WEST": 45, "NORTH": 20})
    assert more["userErrors"] == []
    for day in range(10):
        line = LineRequest("LAMP", 2, location_ids=("EAST",))
        lines = [line, LineRequest("LAMP", 1, location_ids=("WEST",))]
        await desk.shop.gateway.orders.reservations.create(Call("tests", f"day-{day}"), lines)
        desk.clock.advance(86_400)
    desk.clock.advance(SETTLED_AFTER.total_seconds() + 1)
    await desk.shop.gateway.planning.follow()
    why = []
    for places in (["EAST"], ["WEST"], ["EAST", "WEST"], ["NORTH"], None):
        asked = {"sku": "LAMP", "quantity": 1, "locationIds": places}
        [line] = (await desk.quote(f"q-{places}", asked))["quote"]["lines"]
        why.append(line["why"][1])
    assert why == [
        "40.0 days of cover at 2.00 a day",
        "40.0 days of cover at 1.00 a day",
        "40.0 days of cover at 3.00 a day",
        "days of cover unknown",
        "46.7 days of cover at 3.00 a day",
    ]
