"""What BigCommerce says of an order elsewhere than in its lines: where it is picked up, and what is counted at all."""

from collections.abc import AsyncIterator

import pytest

from connectors.simulated import SimulatedBigCommerce
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.test_bigcommerce import DESCRIPTIONS


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedBigCommerce]:
    async with SimulatedBigCommerce(STOCK, location_names=("Default", "Outlet")) as shop:
        yield shop
        assert [problem for one in DESCRIPTIONS for problem in one.violations(shop.requests)] == []


@pytest.fixture
def store(shop: SimulatedBigCommerce, make_client: MakeClient) -> Connected:
    return Connected("bigcommerce", shop, make_client("bigcommerce", shop), Receiver())


async def test_what_is_picked_up_is_taken_from_that_location(store: Connected, shop: SimulatedBigCommerce) -> None:
    for sku in ("MUG", "CAP"):
        shop.shelf.put(sku, "2", 5)
    fetched = await shop.sell_many({"MUG": 2, "CAP": 1}, location_id="2")
    sent = await shop.sell("MUG", 1)
    places = [
        [line.location_id for line in (await store.order(str(order.order_id))).lines or ()] for order in (fetched, sent)
    ]
    assert places == [["2", "2"], [None]]


async def test_what_the_store_does_not_count_is_said_to_be_so(store: Connected, shop: SimulatedBigCommerce) -> None:
    shop.tracking["CAP"] = "none"
    order = await shop.sell_many({"MUG": 1, "CAP": 1, "SHIRT-RED-M": 1})
    event = await store.order(str(order.order_id))
    assert [line.tracked for line in event.lines or ()] == [True, False, True]
