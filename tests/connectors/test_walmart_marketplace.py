"""What is particular to Walmart Marketplace's stock and access, against its simulated seller over real HTTP."""

import base64
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.errors import AuthExpired, Throttled, Unreachable
from connectors.simulated import SimulatedWalmart
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected, Stale, UpdateOutcome
from tests.connectors.case import answer, drive
from tests.connectors.cases.walmart_marketplace import (
    CASE,
    MAIN,
    NOT_FOUND,
    fault,
    item,
    node,
    update,
    written,
)
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver
from tests.connectors.walmart_seller import DESCRIPTION, OUTLET, listing, seller_of

CONFIG = CASE.config()


@pytest.fixture
def shop() -> SimulatedWalmart:
    return SimulatedWalmart(STOCK, node_names=("Main", "Outlet"))


@pytest.fixture
def quick() -> QuickTime:
    return QuickTime()


@pytest.fixture
async def seller(shop: SimulatedWalmart, make_client: MakeClient, quick: QuickTime) -> AsyncIterator[Connected]:
    async with seller_of(make_client, shop, quick) as seller:
        yield seller


def outcome(*answers: Any) -> UpdateOutcome:
    """Of offering 42 at a node that was told 38 before."""
    first = replace(CASE.updates[0], change_from=38)
    _, (only,) = drive(CASE.connector.write_stock(CONFIG, [first]), [answer(body) for body in answers])
    return only


def shown(*at: Any) -> dict[str, Any]:
    return item("TSHIRT-BLK-M", *at)


async def test_a_written_quantity_arrives_and_reads_back(seller: Connected, shop: SimulatedWalmart) -> None:
    assert await seller.write(seller.update("MUG", 7, 10), seller.update("CAP", 3, 0)) == [Confirmed(7), Confirmed(3)]
    assert (shop.shelf.quantity("MUG", MAIN), shop.shelf.quantity("CAP", MAIN)) == (7, 3)
    assert await seller.write(seller.update("MUG", 7, 7)) == [Confirmed(7)]
    assert len(shop.stock_writes()) == 2, "what is there already is not written"


async def test_a_sale_is_neither_trampled_nor_counted_twice(seller: Connected, shop: SimulatedWalmart) -> None:
    sold = await shop.sell("MUG", 4)
    assert await seller.write(seller.update("MUG", 9, 10)) == [Stale(6)]
    assert await seller.write(seller.update("MUG", 5, 6)) == [Confirmed(5)]
    assert (shop.on_hand("MUG", MAIN), shop.shelf.quantity("MUG", MAIN)) == (9, 5)
    await shop.fulfil(sold)
    assert await seller.write(seller.update("MUG", 5, 5)) == [Confirmed(5)]
    assert shop.on_hand("MUG", MAIN) == 5
    page = await seller.client.run(seller.connector.read_stock(seller.config, None))
    assert {entry.quantity for entry in page.entries if (entry.sku, entry.location_id) == ("MUG", MAIN)} == {5}


def test_a_sale_between_the_looks_is_kept_and_told_of_by_itself() -> None:
    assert outcome(shown(node(38, 2)), written("TSHIRT-BLK-M"), shown(node(41, 3))) == Confirmed(42)
    assert outcome(shown(node(38, 2)), written("TSHIRT-BLK-M"), shown(node(44, 0))) == Confirmed(42), "cancelled"


def test_a_number_that_is_not_what_was_offered_is_not_confirmed() -> None:
    """Were the number written not the physical one, it would show."""
    looks = [shown(node(44, 2))] * 4
    assert isinstance(outcome(shown(node(38, 2)), written("TSHIRT-BLK-M"), *looks), Deferred)


async def test_a_write_is_confirmed_once_it_shows(seller: Connected, shop: SimulatedWalmart, quick: QuickTime) -> None:
    shop.lag_looks = 3
    assert await seller.write(seller.update("MUG", 7, 10)) == [Confirmed(7)]
    assert quick.pauses == [1.0, 2.0]


def test_what_is_left_to_sell_is_computed_where_walmart_does_not_say() -> None:
    level = node(38, 2)
    del level["availToSellQty"]
    _, page = drive(CASE.connector.read_stock(CONFIG, None), [answer(listing(shown(level, {"shipNode": OUTLET})))])
    assert [(entry.location_id, entry.quantity) for entry in page.entries] == [(MAIN, 38), (OUTLET, None)]


async def test_all_nodes_of_an_item_are_written_with_one_call(seller: Connected, shop: SimulatedWalmart) -> None:
    there = replace(seller.update("MUG", 4), location_id=OUTLET)
    assert await seller.write(seller.update("MUG", 9), there) == [Confirmed(9), Confirmed(4)]
    assert (shop.shelf.quantity("MUG", MAIN), shop.shelf.quantity("MUG", OUTLET)) == (9, 4)
    assert len(shop.stock_writes()) == 1
    assert await seller.write(seller.update("MUG", 8)) == [Confirmed(8)]
    assert shop.shelf.quantity("MUG", OUTLET) == 4, "a node that is not named stays as it is"


async def test_a_success_may_contain_the_failure_of_a_node(seller: Connected, shop: SimulatedWalmart) -> None:
    nowhere = replace(seller.update("MUG", 4), location_id="4711")
    good, bad = await seller.write(seller.update("MUG", 9), nowhere)
    assert (good, bad) == (Confirmed(9), Rejected("INVALID_SHIPNODE", "Unknown ship node"))


@pytest.mark.parametrize(
    "told", [{"status": "Failure", "errors": [{"code": "X", "category": "SYSTEM"}]}, {"status": "Pending"}]
)
def test_a_failure_of_walmarts_own_passes(told: dict[str, Any]) -> None:
    answered = written("TSHIRT-BLK-M", {"shipNode": MAIN, **told})
    assert isinstance(outcome(shown(node(38)), answered), Deferred)


def test_a_call_that_is_refused_because_of_one_node_is_made_for_each() -> None:
    updates = [update("MUG", 5), update("MUG", 1, "4711")]
    refused = fault(400, "INVALID_SHIPNODE.GMP_INVENTORY_API", "no such node")
    answers = (item("MUG", node(3)), refused, refused, written("MUG"), item("MUG", node(5)))
    requests, outcomes = drive(CASE.connector.write_stock(CONFIG, updates), [answer(body) for body in answers])
    assert outcomes == [Confirmed(5), Rejected("INVALID_SHIPNODE.GMP_INVENTORY_API", "no such node")]
    assert len(requests) == 5 and all({400, 404} <= set(request.expected) for request in requests)


def test_an_item_that_never_had_a_count_is_given_one() -> None:
    first = replace(CASE.updates[0], change_from=None)
    answers = [answer(body) for body in (NOT_FOUND, written("TSHIRT-BLK-M"), shown(node(42)))]
    assert drive(CASE.connector.write_stock(CONFIG, [first]), answers)[1] == [Confirmed(42)]


async def test_any_sku_that_a_seller_may_choose_reaches_its_item(make_client: MakeClient) -> None:
    skus = ["A/B", "a b", "50%", "ä+é", "?x=1#y", "%2F"]
    async with SimulatedWalmart(dict.fromkeys(skus, 5)) as shop, Receiver() as receiver:
        seller = Connected("walmart-marketplace", shop, make_client("walmart-marketplace", shop), receiver)
        await seller.learn()
        assert await seller.write(*(seller.update(sku, 3, 5) for sku in skus)) == [Confirmed(3)] * len(skus)
        assert await seller.stock() == dict.fromkeys(skus, 3)
    assert DESCRIPTION.violations(shop.requests) == []


async def test_a_write_whose_answer_was_lost_is_not_done_twice(seller: Connected, shop: SimulatedWalmart) -> None:
    lost = seller.update("MUG", 7, 10)
    shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING, times=8)
    with pytest.raises(Unreachable):
        await seller.write(lost)
    shop.behave()
    assert await seller.write(replace(lost, change_from=None)) == [Confirmed(7)]
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await seller.write(seller.update("MUG", 6, 7))
    assert isinstance(outcome, Deferred)


async def test_what_was_written_stays_when_a_later_call_fails(seller: Connected, shop: SimulatedWalmart) -> None:
    shop.writes_left, shop.more_after_seconds = 1, 60
    three = seller.update("MUG", 9), seller.update("CAP", 1), seller.update("SHIRT-RED-M", 4)
    first, *others = await seller.write(*three)
    assert first == Confirmed(9)
    for waiting in others:
        assert isinstance(waiting, Deferred) and waiting.after_seconds == pytest.approx(60, abs=30)
    assert (shop.shelf.quantity("CAP", MAIN), shop.shelf.quantity("SHIRT-RED-M", MAIN)) == (0, 5)


async def test_a_token_that_is_refused_is_renewed_once(seller: Connected, shop: SimulatedWalmart) -> None:
    shop.expire_token()
    assert await seller.write(seller.update("MUG", 9)) == [Confirmed(9)]
    assert shop.tokens_granted == 2


async def test_a_token_is_renewed_before_its_quarter_of_an_hour_is_over(
    seller: Connected, shop: SimulatedWalmart, quick: QuickTime
) -> None:
    quick.now += 850
    await seller.stock()
    assert shop.tokens_granted == 2


def test_every_call_has_an_id_of_its_own_and_names_a_solution_provider() -> None:
    config = CONFIG.model_copy(update={"channel_type": "0f3e4dd4"})
    grant = CASE.connector.auth(config).grant(None)  # type: ignore[attr-defined]
    request = next(grant)
    client = base64.b64encode(b"a1b2c3:secret of the client").decode()
    assert (request.headers["Authorization"], request.body) == (f"Basic {client}", b"grant_type=client_credentials")
    again = next(CASE.connector.auth(config).grant(None))  # type: ignore[attr-defined]
    assert request.headers["WM_QOS.CORRELATION_ID"] != again.headers["WM_QOS.CORRELATION_ID"]
    assert request.headers["WM_CONSUMER.CHANNEL.TYPE"] == "0f3e4dd4"


async def test_a_wrong_secret_is_an_expired_authorisation(
    seller: Connected, shop: SimulatedWalmart, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = {**shop.config(), "client_secret": "wrong"}
    monkeypatch.setattr(shop, "config", lambda: entered)
    with pytest.raises(AuthExpired):
        await make_client("walmart-marketplace", shop).run(seller.connector.check(seller.config))


async def test_the_check_says_what_is_missing(seller: Connected, shop: SimulatedWalmart) -> None:
    check = await seller.client.run(seller.connector.check(seller.config))
    assert check.summary == "Connected to a seller with 3 item(s) at 2 ship node(s)"
    assert check.problems == () and [place.location_id for place in check.locations] == [MAIN, OUTLET]
    config = CONFIG.model_copy(update={"webhook_secret": None, "feeds": True})
    answers = [answer(listing(item("MUG"), totalCount=5001)), NOT_FOUND, answer({"events": []})]
    _, check = drive(CASE.connector.check(config), answers)
    named = ("webhook_secret", "ship node", "feeds off")
    assert [word in text for word, text in zip(named, check.problems, strict=True)] == [True] * 3


def test_a_refusal_is_told_in_walmarts_words() -> None:
    listed = answer({"errors": [{"code": "FORBIDDEN", "description": "The scope webhooks is missing."}]}, 403)
    for refused in (listed, fault(403, "FORBIDDEN.GMP_GATEWAY_API", "The scope webhooks is missing.")):
        error = CASE.connector.classify(refused)
        assert error is not None and error.reason.endswith(": The scope webhooks is missing.")


def test_a_limit_is_obeyed_until_there_are_calls_again() -> None:
    at = str(int((time.time() + 40) * 1000))
    error = CASE.connector.classify(answer(b"", 429, x_current_token_count="0", x_next_replenishment_time=at))
    assert isinstance(error, Throttled) and error.after_seconds == pytest.approx(40, abs=30)
    stated = CASE.connector.classify(answer(b"", 429, Retry_After="7", x_next_replenishment_time=at))
    assert isinstance(stated, Throttled) and stated.after_seconds == 7
    allowance = CASE.connector.allowance(answer({}, x_current_token_count="12"))
    assert allowance is not None and allowance.remaining == 12
