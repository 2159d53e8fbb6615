"""Whoever may not know quantities cannot find them out by trying as fast as it can."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.inventory.access import Scope
from tests.rest.described import send
from tests.schema.shop import Shop, open_shop
from tests.schema.test_customer_orders import CART

CART_LINES = {"lines": [{"sku": "LAMP", "quantity": 1}]}


@pytest.fixture
async def guarded(mongo_uri: str, database_name: str) -> AsyncIterator[Shop]:
    """A shop whose shoppers may ask once, and then not again for as long as a test lasts."""
    async with open_shop(mongo_uri, database_name, cart_checks_per_second=0.001) as shop:
        await shop.stock_up({"LAMP": {"EAST": 5}})
        yield shop


async def test_a_shopper_that_asks_too_often_is_told_to_wait_and_the_back_office_is_not(guarded: Shop) -> None:
    shopper = await guarded.client(Scope.AVAILABILITY_READ)
    assert (await shopper.ask(CART, input=CART_LINES))["cartCheck"]["ok"]
    refused = await shopper.refused(CART, input=CART_LINES)
    assert (refused["code"], refused["retryable"]) == ("RATE_LIMITED", True)
    answer = await send(shopper, "POST", "carts/check", body=CART_LINES)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "RATE_LIMITED", "1")
    for _ in range(3):
        assert (await guarded.owner.ask(CART, input=CART_LINES))["cartCheck"]["ok"]
        assert (await send(guarded.owner, "POST", "carts/check", body=CART_LINES)).status_code == 200
