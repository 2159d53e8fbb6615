"""What is particular to Clover, against its simulated merchant over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.abilities import StockWrites
from connectors.config import InvalidConfig, read_config
from connectors.errors import AuthExpired, Untrusted
from connectors.messages import OrderEvent, OrderStage
from connectors.simulated import SimulatedClover
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected, Stale
from tests.connectors.case import answer, drive
from tests.connectors.cases.clover import CASE, MERCHANT
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver

SINCE = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedClover]:
    async with SimulatedClover(STOCK) as shop:
        yield shop


@pytest.fixture
async def clover(shop: SimulatedClover, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        shop.webhooks.address = receiver.url
        connected = Connected("clover", shop, make_client("clover", shop), receiver)
        await connected.learn()
        yield connected


async def told(clover: Connected) -> list[tuple[OrderStage, list[tuple[int, int, int]]]]:
    """Each order and payment is told of; both lead to the same state."""
    events = [event for event in await clover.received() if isinstance(event, OrderEvent)]
    return [
        (event.stage, [(line.ordered, line.allocated, line.released) for line in event.lines or ()])
        for event in events[::2]
    ]


async def test_a_written_quantity_is_confirmed_by_what_the_answer_shows(
    clover: Connected, shop: SimulatedClover
) -> None:
    assert await clover.write(clover.update("MUG", 7, 10), clover.update("CAP", 0, 0)) == [Confirmed(7), Confirmed(0)]
    assert shop.shelf.quantity("MUG") == 7
    assert sum(request.method == "POST" for request in shop.stock_writes()) == 1
    assert await clover.stock() == {"MUG": 7, "SHIRT-RED-M": 5, "CAP": 0}


async def test_a_sale_that_nobody_told_of_is_not_trampled(clover: Connected, shop: SimulatedClover) -> None:
    await shop.sell("MUG", 1)
    assert await clover.write(clover.update("MUG", 8, 10)) == [Stale(9)]
    assert await clover.write(clover.update("MUG", 7, 9)) == [Confirmed(7)]


async def test_a_count_that_clover_does_not_lower_is_overwritten(clover: Connected, shop: SimulatedClover) -> None:
    """Compared with what it should show, the missing decrement would look like units that came back."""
    assert clover.connector.abilities(clover.config).writes is StockWrites.LOOK_AND_SET
    config = read_config(type(clover.config), {**shop.config(), "platform_decrements": False})
    assert clover.connector.abilities(config).writes is StockWrites.ABSOLUTE
    shop.decrements = False
    await shop.sell("MUG", 1)
    assert shop.shelf.quantity("MUG") == 10
    assert await clover.write(clover.update("MUG", 9)) == [Confirmed(9)]


async def test_what_was_never_counted_is_no_quantity_and_gets_its_first_one(
    clover: Connected, shop: SimulatedClover
) -> None:
    shop.never_counted.add("CAP")
    assert (await clover.stock())["CAP"] is None
    assert await clover.write(clover.update("CAP", 3)) == [Confirmed(3)]


async def test_an_item_that_is_gone_does_not_harm_its_neighbours(clover: Connected) -> None:
    gone = replace(clover.update("MUG", 1), platform_ids={"item_id": "3Z29BX6C013XE"})
    first, middle, last = await clover.write(clover.update("MUG", 9), gone, clover.update("CAP", 1))
    assert (first, last) == (Confirmed(9), Confirmed(1)) and isinstance(middle, Rejected)


async def test_a_claimed_success_that_changed_nothing_is_seen(clover: Connected, shop: SimulatedClover) -> None:
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await clover.write(clover.update("MUG", 7, 10))
    assert isinstance(outcome, Deferred)


async def test_a_sale_and_a_refund_are_told_and_units_are_counted_from_lines(
    clover: Connected, shop: SimulatedClover
) -> None:
    order = await shop.sell_many({"MUG": 3, "CAP": 1})
    assert await told(clover) == [(OrderStage.FULFILLED, [(3, 0, 0), (1, 0, 0)])]
    await shop.refund(order, "MUG", 2)
    assert await told(clover) == [(OrderStage.FULFILLED, [(3, 0, 2), (1, 0, 0)])]
    await shop.cancel(order)
    assert await told(clover) == [(OrderStage.FULFILLED, [(3, 0, 3), (1, 0, 1)])]


async def test_refunded_goods_stay_away_unless_the_operator_says_otherwise(
    clover: Connected, shop: SimulatedClover
) -> None:
    order = await shop.sell("MUG", 2)
    await shop.refund(order, "MUG", 1)
    config = read_config(type(clover.config), {**shop.config(), "refunds_restock": False})
    page = await clover.client.run(clover.connector.read_orders(config, None, SINCE))
    (event,) = page.entries
    assert isinstance(event, OrderEvent) and event.lines is not None
    assert [(line.ordered, line.released) for line in event.lines] == [(2, 0)]


async def test_an_unpaid_order_is_promised_until_it_is_deleted(clover: Connected, shop: SimulatedClover) -> None:
    shop.webhooks.hold()
    order = await shop.sell("MUG", 2)
    shop.unpaid.add(order.order_id)
    await shop.webhooks.release()
    assert await told(clover) == [(OrderStage.OPEN, [(2, 2, 0)])]
    await shop.delete(order)
    (event,) = await clover.received()
    assert isinstance(event, OrderEvent) and event.lines == ()
    assert event.stage is OrderStage.CANCELLED and event.occurred_at >= order.updated_at


async def test_a_till_in_training_sells_nothing(clover: Connected, shop: SimulatedClover) -> None:
    shop.webhooks.hold()
    shop.training.add((await shop.sell("MUG", 2)).order_id)
    await shop.webhooks.release()
    assert await told(clover) == [(OrderStage.PENDING, [(2, 0, 2)])]


def test_what_is_sold_by_weight_is_rounded_up_and_what_is_typed_in_is_no_item() -> None:
    lines = [{"id": "1", "item": {"id": "A"}, "unitQty": 1200}, {"id": "2", "name": "Tip"}, {"id": "3", "item": None}]
    order: dict[str, Any] = {"id": "O1", "modifiedTime": 1763633731000, "lineItems": {"elements": lines}}
    _, event = drive(CASE.connector.read_order(CASE.config(), "O1"), [answer(order)])
    assert event is not None and event.lines is not None
    assert [(line.line_id, line.ordered, line.allocated) for line in event.lines] == [("A", 2, 2)]


async def test_orders_nobody_told_us_of_are_found_by_asking(clover: Connected, shop: SimulatedClover) -> None:
    shop.webhooks.hold()
    for _ in range(103):
        await shop.sell("MUG")
    first = await clover.client.run(clover.connector.read_orders(clover.config, None, SINCE))
    second = await clover.client.run(clover.connector.read_orders(clover.config, first.cursor, SINCE))
    assert first.more and not second.more
    assert len({entry.order_id for entry in (*first.entries, *second.entries)}) == 103
    again = await clover.client.run(clover.connector.read_orders(clover.config, second.cursor, SINCE))
    assert len(again.entries) == 100, "polls overlap rather than leave a gap"
    assert not clover.connector.tells_of_orders(clover.config), "webhooks may be lost: it is asked all the time"


async def test_the_verification_code_is_answered_and_told_to_the_operator(
    clover: Connected, shop: SimulatedClover
) -> None:
    await shop.webhooks.deliver(shop.verification())
    await shop.sell("MUG")
    verification, sale = clover.receiver.notifications
    reply = clover.connector.handshake(clover.config, verification)
    assert reply is not None and reply.status == 200
    assert reply.note.endswith("ce7643c1-83ea-4218-abe6-da876c9c7a0a")
    assert clover.connector.handshake(clover.config, sale) is None
    for body in (b'{"verificationCode":"a b"}', b'{"verificationCode":"1"} and more', b"{}"):
        assert clover.connector.handshake(clover.config, replace(verification, body=body)) is None


def test_without_an_auth_code_nothing_is_trusted_and_the_check_says_so() -> None:
    config = read_config(CASE.connector.config_type, {"merchant_id": MERCHANT, "access_token": "t"})
    with pytest.raises(Untrusted):
        CASE.connector.receive(config, CASE.notification())
    answers = [answer({"name": "Main street"}), answer({"elements": []}), answer({"elements": []})]
    _, check = drive(CASE.connector.check(config), answers)
    assert check.summary == "Connected to Main street" and "webhook_auth_code" in check.problems[0]


async def test_the_address_is_entered_by_hand(clover: Connected) -> None:
    (step,) = await clover.client.run(clover.connector.subscribe(clover.config, "https://gateway.example/1"))
    assert "https://gateway.example/1" in step


async def test_a_refused_token_is_renewed_once_with_the_newest_refresh_token(
    clover: Connected, shop: SimulatedClover
) -> None:
    shop.tokens.expire()
    assert await clover.write(clover.update("MUG", 6, 10)) == [Confirmed(6)]
    assert shop.tokens.granted == 2


async def test_a_used_up_refresh_token_is_an_expired_authorisation(
    clover: Connected, shop: SimulatedClover, make_client: MakeClient
) -> None:
    client = make_client("clover", shop)
    shop.tokens.granted += 1
    with pytest.raises(AuthExpired):
        await client.run(clover.connector.check(clover.config))


def test_one_of_both_ways_to_be_let_in_is_needed() -> None:
    with pytest.raises(InvalidConfig, match="access_token, or client_id, client_secret and refresh_token"):
        read_config(CASE.connector.config_type, {"merchant_id": MERCHANT, "client_id": "A"})
