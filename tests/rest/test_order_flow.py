"""The order flow as a REST client sees it."""

from __future__ import annotations

from typing import Any

import httpx

from gateway.inventory.access import Scope
from tests.rest.described import send
from tests.schema.shop import Client, Shop

LAMP = {"lines": [{"sku": "LAMP", "quantity": 2}]}


async def post(client: Client, path: str, key: str | None = None, body: Any = None) -> httpx.Response:
    return await send(client, "POST", path, key, body)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]


async def test_an_order_goes_from_the_cart_to_the_shipment(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    assert (await post(shop.owner, "carts/check", body=LAMP)).json()["ok"] is True
    created = await post(shop.owner, "orders", "order", LAMP)
    assert created.status_code == 201
    order = f"orders/{created.json()['id']}"
    steps = (
        ("payment/start", "PAYING"),
        ("payment/failed", "UNPAID"),
        ("payment/start", "PAYING"),
        ("payment/succeeded", "PAID"),
        ("ship", "SHIPPED"),
    )
    for number, (step, state) in enumerate(steps):
        answer = await post(shop.owner, f"{order}/{step}", f"step {number}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert problem(await post(shop.owner, f"{order}/cancel", "late")) == (409, "ALREADY_FULFILLED")
    read = await send(shop.owner, "GET", order)
    assert (read.status_code, read.json()["state"]) == (200, "SHIPPED")


async def test_some_lines_can_be_shipped_and_the_rest_cancelled(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    order = f"orders/{(await post(shop.owner, 'orders', 'o', {**LAMP, 'holdForSeconds': 60})).json()['id']}"
    await post(shop.owner, f"{order}/payment/succeeded", "paid")
    parcel = {"lines": [{"sku": "LAMP", "quantity": 1}], "shipmentId": "parcel-7"}
    part = (await post(shop.owner, f"{order}/ship", "parcel", parcel)).json()
    assert (part["state"], part["reservation"]["shipments"]) == ("PARTLY_SHIPPED", ["parcel-7"])
    assert problem(await post(shop.owner, f"{order}/ship", "the same parcel", parcel)) == (409, "ALREADY_SHIPPED")
    assert (await post(shop.owner, f"{order}/cancel", "rest", {"reason": "fraud"})).json()["state"] == "CANCELLED"


async def test_a_shopper_gets_a_400_with_a_warning_that_names_no_product_and_no_quantity(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 1}})
    shopper = await shop.client(Scope.AVAILABILITY_READ)
    short = await post(shopper, "carts/check", body=LAMP)
    unknown = await post(shopper, "carts/check", body={"lines": [{"sku": "SOFA", "quantity": 1}]})
    assert problem(short) == (400, "INSUFFICIENT_STOCK")
    assert short.text == unknown.text
    assert "LAMP" not in short.text
    told = await post(shop.owner, "carts/check", body=LAMP)
    assert problem(told) == (400, "INSUFFICIENT_STOCK")
    assert told.json()["lines"] == [{"sku": "LAMP", "quantity": 2, "obtainable": 1, "code": "INSUFFICIENT_STOCK"}]


async def test_a_reservation_lives_its_life_over_rest(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5, "WEST": 5}})
    lines = [{"sku": "LAMP", "quantity": 1, "locationId": "WEST"}, {"sku": "LAMP", "quantity": 6}]
    created = await post(shop.owner, "reservations", "r", {"lines": lines, "owner": "cart-1"})
    assert created.status_code == 201
    assert [(line["locationId"], line["quantity"]) for line in created.json()["lines"]] == [
        ("WEST", 1),
        ("EAST", 5),
        ("WEST", 1),
    ]
    reservation = f"reservations/{created.json()['id']}"
    assert (await post(shop.owner, f"{reservation}/extend", "e", {"expiresInSeconds": 60})).status_code == 200
    assert (await post(shop.owner, f"{reservation}/commit", "c")).json()["state"] == "COMMITTED"
    part = {"lines": [{"line": 1, "quantity": 5}], "shipmentId": "parcel-7"}
    assert (await post(shop.owner, f"{reservation}/fulfil", "f", part)).json()["lines"][1]["open"] == 0
    heir = (await post(shop.owner, f"{reservation}/reassign", "a", {"newOwner": "cart-2"})).json()
    assert (heir["owner"], [line["quantity"] for line in heir["lines"]]) == ("cart-2", [1, 1])
    assert (await post(shop.owner, f"reservations/{heir['id']}/release", "x")).json()["state"] == "RELEASED"
    given = (await send(shop.owner, "GET", reservation)).json()
    assert (given["state"], given["reassignedTo"]) == ("RELEASED", heir["id"])


async def test_an_adjustment_over_rest_is_the_same_as_over_graphql(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    body = {"sku": "LAMP", "adjustments": [{"locationId": "EAST", "delta": -2}]}
    first = await post(shop.owner, "adjustments", "k", body)
    assert first.json() == {"sku": "LAMP", "totalAvailableQuantity": 3, "version": 2}
    again = await shop.owner.adjust("k", "LAMP", {"EAST": -2})
    assert again["replayed"] is True
    refused = await post(shop.owner, "adjustments", "l", {**body, "adjustments": [{"locationId": "EAST", "delta": -9}]})
    assert problem(refused) == (409, "INSUFFICIENT_STOCK")
    assert (refused.json()["actualQuantity"], refused.json()["field"]) == (3, ["adjustments", "0"])


async def test_a_shopper_is_told_a_band_and_the_owner_a_quantity(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 50, "WEST": 2}})
    shopper = await shop.client(Scope.AVAILABILITY_READ)
    body = {"skus": ["LAMP", "SOFA"], "locationIds": ["WEST"]}
    told = (await post(shopper, "availability", body=body)).json()["availability"]
    assert told == [
        {"sku": "LAMP", "known": True, "band": "LOW_STOCK", "quantity": None},
        {"sku": "SOFA", "known": False, "band": "OUT_OF_STOCK", "quantity": None},
    ]
    told = (await post(shop.owner, "availability", body={"skus": ["LAMP"]})).json()["availability"]
    assert told == [{"sku": "LAMP", "known": True, "band": "IN_STOCK", "quantity": 52}]
    assert problem(await post(shop.owner, "availability", body={**body, "channelId": "x"})) == (
        404,
        "CHANNEL_NOT_FOUND",
    )
