"""What is particular to Lightspeed Retail (R-Series), against its simulated account over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.catalog import ChannelLocation
from connectors.errors import AuthExpired, Retriable
from connectors.messages import OrderEvent, OrderStage
from connectors.simulated import SimulatedLightspeedRetail
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected, Stale
from tests.connectors.case import answer
from tests.connectors.cases.lightspeed_retail import CASE
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver

SINCE = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedLightspeedRetail]:
    async with SimulatedLightspeedRetail(STOCK, shop_names=("Main", "Outlet")) as shop:
        yield shop


@pytest.fixture
async def retail(shop: SimulatedLightspeedRetail, make_client: MakeClient) -> Connected:
    connected = Connected("lightspeed-retail", shop, make_client("lightspeed-retail", shop), Receiver())
    await connected.learn()
    return connected


async def polled(retail: Connected, cursor: str | None = None) -> tuple[dict[str, OrderEvent], str | None]:
    page = await retail.client.run(retail.connector.read_orders(retail.config, cursor, SINCE))
    assert not page.more
    return {entry.order_id: entry for entry in page.entries if isinstance(entry, OrderEvent)}, page.cursor


def units(event: OrderEvent) -> list[tuple[int, int, int]]:
    return [(line.ordered, line.allocated, line.released) for line in event.lines or ()]


async def test_a_written_quantity_is_confirmed_by_what_the_answer_shows(
    retail: Connected, shop: SimulatedLightspeedRetail
) -> None:
    assert await retail.write(retail.update("MUG", 7, 10), retail.update("CAP", 0, 0)) == [Confirmed(7), Confirmed(0)]
    assert (shop.shelf.quantity("MUG", "1"), len(shop.stock_writes())) == (7, 1), "what is there already is not written"
    assert (await retail.stock())["MUG"] == 7


async def test_a_sale_that_nobody_told_of_is_not_trampled(retail: Connected, shop: SimulatedLightspeedRetail) -> None:
    await shop.sell("MUG", 1)
    assert await retail.write(retail.update("MUG", 8, 10)) == [Stale(9)]
    assert await retail.write(retail.update("MUG", 7, 9)) == [Confirmed(7)]


async def test_a_shop_without_a_count_gets_its_first_one(retail: Connected, shop: SimulatedLightspeedRetail) -> None:
    assert await retail.write(replace(retail.update("MUG", 4), location_id="2")) == [Confirmed(4)]
    assert (shop.shelf.quantity("MUG", "1"), shop.shelf.quantity("MUG", "2")) == (10, 4)


async def test_a_bad_line_does_not_harm_its_neighbours(retail: Connected, shop: SimulatedLightspeedRetail) -> None:
    shop.types["CAP"] = "box"
    nowhere = replace(retail.update("MUG", 1), location_id="77")
    outcomes = await retail.write(retail.update("CAP", 1), nowhere, retail.update("SHIRT-RED-M", 2))
    assert [type(outcome) for outcome in outcomes] == [Rejected, Rejected, Confirmed]


async def test_a_claimed_success_that_changed_nothing_is_seen(
    retail: Connected, shop: SimulatedLightspeedRetail
) -> None:
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await retail.write(retail.update("MUG", 7, 10))
    assert isinstance(outcome, Deferred)


async def test_a_sale_and_a_void_are_found_by_asking(retail: Connected, shop: SimulatedLightspeedRetail) -> None:
    order = await shop.sell_many({"MUG": 2, "SHIRT-RED-M": 1})
    events, cursor = await polled(retail)
    (event,) = events.values()
    assert (event.stage, units(event)) == (OrderStage.FULFILLED, [(2, 0, 0), (1, 0, 0)])
    await shop.cancel(order)
    events, _ = await polled(retail, cursor)
    (event,) = events.values()
    assert (event.stage, units(event)) == (OrderStage.CANCELLED, [(2, 0, 2), (1, 0, 1)])


async def test_a_refund_is_found_at_the_sale_it_takes_back(retail: Connected, shop: SimulatedLightspeedRetail) -> None:
    order = await shop.sell("MUG", 3)
    before, cursor = await polled(retail)
    await shop.refund(order, "MUG", 1)
    await shop.refund(order, "MUG", 1)
    after, _ = await polled(retail, cursor)
    sold = str(order.order_id)
    assert after.keys() == {sold} and units(after[sold]) == [(3, 0, 2)]
    assert after[sold].precedence > before[sold].precedence
    assert await retail.order(sold) == after[sold]


async def test_what_is_taken_back_in_another_shop_is_there(retail: Connected, shop: SimulatedLightspeedRetail) -> None:
    shop.shelf.put("MUG", "2", 0)
    order = await shop.sell("MUG", 3)
    places = []
    for shop.returns_to in ("2", "1"):
        await shop.refund(order, "MUG", 1)
        (line,) = (await retail.order(str(order.order_id))).lines or ()
        places.append((line.location_id, line.released, line.return_location_id))
    assert places == [("1", 1, "2"), ("1", 2, None)], "each return is told of with its own place"
    assert [shop.shelf.quantity("MUG", place) for place in ("1", "2")] == [8, 1]


async def test_what_lightspeed_does_not_count_is_told_as_such(
    retail: Connected, shop: SimulatedLightspeedRetail
) -> None:
    shop.types["CAP"] = "non_inventory"
    shop.shelf.put("CAP", "1", 5)
    await shop.sell_many({"MUG": 2, "CAP": 1})
    (event,) = (await polled(retail))[0].values()
    assert [(line.ordered, line.tracked) for line in event.lines or ()] == [(2, True), (1, False)]


async def test_the_tills_basket_holds_nothing_and_a_layaway_is_promised(
    retail: Connected, shop: SimulatedLightspeedRetail
) -> None:
    shop.baskets.add(basket := (await shop.sell("MUG", 2)).order_id)
    shop.layaways.add(layaway := (await shop.sell("MUG", 1)).order_id)
    events, _ = await polled(retail)
    assert units(events[str(basket)]) == [(2, 0, 2)] and events[str(basket)].stage is OrderStage.PENDING
    assert units(events[str(layaway)]) == [(1, 1, 0)] and events[str(layaway)].stage is OrderStage.OPEN


async def test_a_long_list_is_walked_without_a_gap_and_polls_overlap(
    retail: Connected, shop: SimulatedLightspeedRetail
) -> None:
    sold = {str((await shop.sell("MUG")).order_id) for _ in range(103)}
    first = await retail.client.run(retail.connector.read_orders(retail.config, None, SINCE))
    second = await retail.client.run(retail.connector.read_orders(retail.config, first.cursor, SINCE))
    assert first.more and not second.more
    assert [len(first.entries), len(second.entries)] == [100, 3]
    assert {entry.order_id for entry in (*first.entries, *second.entries)} == sold
    again = await retail.client.run(retail.connector.read_orders(retail.config, second.cursor, SINCE))
    assert len(again.entries) == 100, "polls overlap rather than leave a gap"


async def test_an_order_that_is_not_there_is_none(retail: Connected) -> None:
    assert await retail.client.run(retail.connector.read_order(retail.config, "5")) is None


async def test_the_check_names_the_shops(retail: Connected) -> None:
    check = await retail.client.run(retail.connector.check(retail.config))
    assert check.summary == "Connected to account 123456" and check.problems == ()
    assert [place.name for place in check.locations] == ["Main", "Outlet"]
    assert check.locations[0] == ChannelLocation(location_id="1", name="Main")


async def test_there_is_nothing_to_register(retail: Connected) -> None:
    assert await retail.client.run(retail.connector.subscribe(retail.config, "https://gateway.example/1")) == ()


async def test_a_refused_token_is_renewed_once_with_the_newest_refresh_token(
    retail: Connected, shop: SimulatedLightspeedRetail
) -> None:
    shop.tokens.expire()
    assert await retail.write(retail.update("MUG", 6, 10)) == [Confirmed(6)]
    assert shop.tokens.granted == 2


async def test_a_used_up_refresh_token_is_an_expired_authorisation(
    shop: SimulatedLightspeedRetail, make_client: MakeClient
) -> None:
    shop.tokens.granted = 5
    client = make_client("lightspeed-retail", shop)
    shop.tokens.granted = 6
    with pytest.raises(AuthExpired):
        await client.run(CASE.connector.check(CASE.config().model_copy(update={"api_url": shop.url})))


async def test_a_lost_answer_is_made_good_at_once(retail: Connected, shop: SimulatedLightspeedRetail) -> None:
    shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING)
    assert await retail.write(retail.update("MUG", 6, 10)) == [Confirmed(6)]
    shop.misbehave(Misbehaviour.BROKEN_JSON)
    with pytest.raises(Retriable):
        await retail.write(retail.update("MUG", 5, 6))


def test_the_bucket_is_believed() -> None:
    allowance = CASE.connector.allowance(
        answer({}, X_LS_API_Bucket_Level="37.5/110", X_LS_API_Drip_Rate="2", X_LS_API_Burst_Level="1/20")
    )
    assert allowance is not None
    assert (allowance.remaining, allowance.burst, allowance.per_second) == (72.5, 110, 2)
    assert CASE.connector.allowance(answer({}, X_LS_API_Bucket_Level="much")) is None
