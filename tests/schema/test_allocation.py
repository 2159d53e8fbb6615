"""Allocation by cost, asked for and carried out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.schema.shop import CREATE_ITEM, Client, Shop, open_shop

LOCATE = """
mutation($input: LocationUpdateInput!) {
  locationUpdate(input: $input) { location { latitude longitude zone priority } userErrors { field code } }
}
"""
SAFETY = """
mutation($input: SafetyStockSetInput!) {
  safetyStockSet(input: $input) { item { safetyStock { locationId quantity } } userErrors { field code } }
}
"""
PREVIEW = """
query($lines: [RequestedLineInput!]!, $destination: DestinationInput, $strategy: AllocationStrategy! = LEAST_COST) {
  allocationPreview(lines: $lines, destination: $destination, strategy: $strategy) {
    exact
    lines { sku quantity shares { locationId quantity belowSafetyStock fromQuota why } }
    cost { ...terms }
    alternatives { ...terms }
  }
}
fragment terms on AllocationCost {
  total furtherParcels safetyStock unitsBelowSafetyStock unitsMissing legs { locationId km distanceFrom cost }
}
"""
RESERVE = """
mutation($input: ReservationCreateInput!) {
  reservationCreate(input: $input) {
    replayed reservation { id lines { locationId quantity why } } userErrors { field code }
  }
}
"""
CHECKOUT = "mutation($input: CheckoutInput!) { checkout(input: $input) { order { id } userErrors { code } } }"
START = """
mutation($input: PaymentStartInput!) {
  paymentStart(input: $input) { order { reservation { lines { locationId quantity } } } userErrors { code } }
}
"""
PARIS = {"latitude": 48.8566, "longitude": 2.3522}


@pytest.fixture(scope="module")
async def places(mongo_uri: str, kept_database: str) -> AsyncIterator[Shop]:
    """LYON is 392 km from Paris, LILLE 204; the depot only has a zone."""
    settings: dict[str, Any] = {
        "allocation_cost_per_km": 0.1,
        "allocation_cost_per_parcel": 10,
        "allocation_cost_below_safety": 3,
        "allocation_zone_km": {"FR": {"CH": 500}},
        "allocation_unknown_km": 900,
    }
    async with open_shop(mongo_uri, kept_database, **settings) as shop:
        await shop.stock_up({"BOX": {"LYON": 1, "LILLE": 1, "DEPOT": 1}})
        for place in (
            {"id": "LYON", "latitude": 45.7640, "longitude": 4.8357, "zone": "FR"},
            {"id": "LILLE", "latitude": 50.6292, "longitude": 3.0573},
            {"id": "DEPOT", "zone": "CH"},
        ):
            assert (await shop.owner.ask(LOCATE, input=place))["locationUpdate"]["userErrors"] == []
        yield shop


@dataclass(frozen=True, slots=True)
class Lamp:
    """An item of each test's own, in a shop that all of them share."""

    owner: Client
    sku: str

    def lines(self, quantity: int) -> list[dict[str, Any]]:
        return [{"sku": self.sku, "quantity": quantity}]

    async def preview(self, quantity: int, destination: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        answer = await self.owner.ask(PREVIEW, lines=self.lines(quantity), destination=destination, **more)
        told: dict[str, Any] = answer["allocationPreview"]
        return told

    async def reserve(self, quantity: int, destination: dict[str, Any]) -> dict[str, Any]:
        wanted = {"idempotencyKey": self.sku, "lines": self.lines(quantity), "strategy": "LEAST_COST"}
        answer = await self.owner.ask(RESERVE, input={**wanted, "destination": destination})
        made: dict[str, Any] = answer["reservationCreate"]
        return made


@pytest.fixture
async def lamp(places: Shop) -> Lamp:
    sku = f"LAMP-{uuid4().hex[:8]}"
    await places.owner.ask(CREATE_ITEM, input={"sku": sku})
    await places.owner.adjust(f"stock-{sku}", sku, {"LYON": 10, "LILLE": 3, "DEPOT": 50})
    return Lamp(places.owner, sku)


async def test_a_preview_explains_every_term_and_the_reservation_does_the_same(lamp: Lamp) -> None:
    told = await lamp.preview(2, PARIS)
    [leg] = told["cost"]["legs"]
    assert (leg["locationId"], round(leg["km"]), leg["distanceFrom"]) == ("LILLE", 204, "coordinates")
    assert told["cost"]["total"] == leg["cost"] == pytest.approx(leg["km"] * 0.1)
    assert told["exact"] is True
    assert [leg["locationId"] for leg in told["alternatives"][0]["legs"]] == ["LYON"]
    [share] = told["lines"][0]["shares"]
    held = (await lamp.reserve(2, PARIS))["reservation"]["lines"]
    assert held == [{"locationId": "LILLE", "quantity": 2, "why": share["why"]}]
    assert share["why"] == "least cost: 20.35 of 20.35, 204 km away (coordinates)"


async def test_what_does_not_fit_in_one_parcel_is_told_term_by_term(lamp: Lamp) -> None:
    told = await lamp.preview(12, PARIS)
    assert [leg["locationId"] for leg in told["cost"]["legs"]] == ["LILLE", "LYON"]
    terms = [leg["cost"] for leg in told["cost"]["legs"]] + [told["cost"]["furtherParcels"]]
    assert told["cost"]["furtherParcels"] == 10
    assert told["cost"]["total"] == pytest.approx(sum(terms))
    held = (await lamp.reserve(12, PARIS))["reservation"]["lines"]
    shares = told["lines"][0]["shares"]
    assert [(line["locationId"], line["quantity"], line["why"]) for line in held] == [
        (share["locationId"], share["quantity"], share["why"]) for share in shares
    ]


async def test_zones_count_where_coordinates_are_not_known(lamp: Lamp) -> None:
    by_zone = await lamp.preview(40, {"zone": "FR"})
    assert [(leg["locationId"], leg["km"], leg["distanceFrom"]) for leg in by_zone["cost"]["legs"]] == [
        ("DEPOT", 500, "zones")
    ]
    nearby = await lamp.preview(1, {"zone": "FR"})
    assert [(leg["locationId"], leg["km"]) for leg in nearby["cost"]["legs"]] == [("LYON", 0)]
    anywhere = await lamp.preview(40, None)
    assert [leg["distanceFrom"] for leg in anywhere["cost"]["legs"]] == ["no destination"]


async def test_safety_stock_is_the_last_to_go(lamp: Lamp) -> None:
    kept = {"sku": lamp.sku, "locationId": "LILLE", "quantity": 2}
    answer = (await lamp.owner.ask(SAFETY, input=kept))["safetyStockSet"]
    assert answer == {"item": {"safetyStock": [{"locationId": "LILLE", "quantity": 2}]}, "userErrors": []}
    held = (await lamp.reserve(2, PARIS))["reservation"]["lines"]
    assert [(line["locationId"], line["quantity"]) for line in held] == [("LYON", 2)]
    all_of_it = await lamp.preview(61, PARIS)
    assert (all_of_it["cost"]["unitsBelowSafetyStock"], all_of_it["cost"]["safetyStock"]) == (2, 6)
    other = await lamp.preview(2, PARIS, strategy="PRIORITY")
    assert (other["exact"], other["alternatives"]) == (None, [])
    await lamp.owner.ask(SAFETY, input={**kept, "quantity": 0})
    assert (await lamp.preview(2, PARIS))["cost"]["legs"][0]["locationId"] == "LILLE"


async def test_an_order_remembers_where_it_goes(lamp: Lamp) -> None:
    wanted = {"idempotencyKey": "order", "lines": lamp.lines(3), "strategy": "LEAST_COST", "destination": PARIS}
    order = (await lamp.owner.ask(CHECKOUT, input=wanted))["checkout"]["order"]
    answer = (await lamp.owner.ask(START, input={"idempotencyKey": "start", "orderId": order["id"]}))["paymentStart"]
    assert answer["order"]["reservation"]["lines"] == [{"locationId": "LILLE", "quantity": 3}]


async def test_another_destination_is_another_request(lamp: Lamp) -> None:
    assert not (await lamp.reserve(1, PARIS))["replayed"]
    assert (await lamp.reserve(1, PARIS))["replayed"]
    refused = await lamp.reserve(1, {"zone": "CH"})
    assert refused["userErrors"] == [{"field": ["input", "idempotencyKey"], "code": "IDEMPOTENCY_KEY_REUSED"}]


async def test_a_change_of_a_location_leaves_alone_what_it_does_not_tell(lamp: Lamp) -> None:
    answer = await lamp.owner.ask(LOCATE, input={"id": "LYON", "priority": 3})
    place = answer["locationUpdate"]["location"]
    assert place == {"latitude": 45.764, "longitude": 4.8357, "zone": "FR", "priority": 3}
    half = await lamp.owner.ask(LOCATE, input={"id": "LYON", "latitude": 1})
    assert half["locationUpdate"]["userErrors"] == [{"field": ["input", "longitude"], "code": "INVALID_INPUT"}]
