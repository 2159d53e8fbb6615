"""What is particular to telling Zalando quantities: every shop, a result for each, an allowance in two units."""

from dataclasses import replace

import pytest

from connectors.breaker import ChannelSuspended
from connectors.config import read_config
from connectors.errors import Throttled, Unreachable
from connectors.platforms.zalando.stock import TWICE
from connectors.simulated import SimulatedZalando
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.zalando import PAIRS, SHOPS, WRITES
from connectors.updates import Confirmed, Deferred, Rejected
from tests.connectors.case import answer, drive
from tests.connectors.cases.zalando import ANOTHER, CASE, EAN, FRANCE, GERMANY, results, update
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime

CONFIG = CASE.config()


@pytest.fixture
def shop(zalando: Connected) -> SimulatedZalando:
    assert isinstance(zalando.shop, SimulatedZalando)
    return zalando.shop


async def test_every_shop_is_told(zalando: Connected, shop: SimulatedZalando) -> None:
    assert await zalando.write(zalando.update("MUG", 7), zalando.update("CAP", 3)) == [Confirmed(7), Confirmed(3)]
    assert [shop.told[shop.eans["MUG"], country] for country in SHOPS] == [7, 7]
    assert (shop.shelf.quantity("CAP"), len(shop.stock_writes())) == (3, 1)


async def test_only_what_failed_is_tried_again(zalando: Connected, shop: SimulatedZalando) -> None:
    shop.failing.add("MUG")
    gone = replace(zalando.update("MUG", 1), platform_ids={"ean": "9999999999994"})
    failed, refused, taken = await zalando.write(zalando.update("MUG", 7), gone, zalando.update("CAP", 3))
    assert isinstance(failed, Deferred) and isinstance(refused, Rejected) and taken == Confirmed(3)
    assert await zalando.write(zalando.update("MUG", 7)) == [Confirmed(7)]


async def test_an_article_that_waits_to_be_onboarded_counts_as_told(zalando: Connected, shop: SimulatedZalando) -> None:
    shop.onboarding.add("MUG")
    assert await zalando.write(zalando.update("MUG", 7)) == [Confirmed(7)]


def test_a_shop_that_refuses_an_article_does_not_keep_the_others_from_it() -> None:
    """The listing would be left alone, and the other shops would go on selling what is gone."""
    partly = results((EAN, GERMANY, 0), (EAN, FRANCE, 101))
    _, outcomes = drive(CASE.connector.write_stock(CONFIG, CASE.updates[:1]), [answer(partly, 207)])
    assert outcomes == [Confirmed(42)]


def test_an_article_that_is_left_out_of_the_answer_is_not_confirmed() -> None:
    _, (outcome,) = drive(CASE.connector.write_stock(CONFIG, CASE.updates[:1]), [answer(results((EAN, GERMANY, 0)))])
    assert isinstance(outcome, Deferred)


def test_an_answer_in_the_words_of_the_guide_is_understood() -> None:
    items = results((EAN, GERMANY, 0), (EAN, FRANCE, 0))["results"]
    for one in items:
        one["result"] = {"status": "ACCEPTED", "code": "0"}
    _, outcomes = drive(CASE.connector.write_stock(CONFIG, CASE.updates[:1]), [answer({"items": items}, 207)])
    assert outcomes == [Confirmed(42)]


def test_two_listings_of_one_ean_do_not_spoil_the_request() -> None:
    twice = replace(update(EAN, 5), platform_ids={"ean": EAN, "article_id": "EX121O00A-Q11000M000"})
    taken = results(*((ean, shop, 0) for ean in (EAN, ANOTHER) for shop in (GERMANY, FRANCE)))
    flow = CASE.connector.write_stock(CONFIG, [update(EAN, 42), twice, update(ANOTHER, 1)])
    _, outcomes = drive(flow, [answer(taken, 207)])
    assert outcomes == [Confirmed(42), TWICE, Confirmed(1)]


async def test_a_request_holds_as_many_articles_as_their_shops_leave_room_for(
    zalando: Connected, shop: SimulatedZalando
) -> None:
    most = zalando.connector.abilities(zalando.config).updates_max
    shop.eans |= {f"SKU-{number}": f"{number:013}" for number in range(most)}
    zalando.ids = {sku: {"ean": ean} for sku, ean in shop.eans.items()}
    for number in range(most):
        shop.shelf.put(f"SKU-{number}", None, 0)
    outcomes = await zalando.write(*(zalando.update(f"SKU-{number}", number) for number in range(most)))
    assert 2 * most == 500 and outcomes == [Confirmed(number) for number in range(most)]


async def test_the_allowance_of_a_minute_is_kept_in_pairs_and_in_requests(
    shop: SimulatedZalando, make_client: MakeClient
) -> None:
    time = QuickTime()
    shop.per_minute |= {PAIRS: 10**6, WRITES: 10**6}
    client = make_client("zalando", shop, clock=time.clock, sleep=time.sleep)
    config = read_config(CASE.connector.config_type, shop.config())
    sent: list[tuple[float, int]] = []
    for size in (1, 1, *[250] * 8, 100, *[1] * 100, 250):
        updates = [update(f"{number:013}", 1) for number in range(size)]
        while True:
            try:
                await client.run(CASE.connector.write_stock(config, updates))
                break
            except ChannelSuspended as wait:
                time.now += wait.after_seconds or 0
        sent.append((time.now, 2 * size))
    for began, _ in sent:
        within = [pairs for at, pairs in sent if began <= at < began + 60]
        assert sum(within) <= 2000 and len(within) <= 60


async def test_a_write_whose_answer_was_lost_is_simply_repeated(zalando: Connected, shop: SimulatedZalando) -> None:
    shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING, times=8)
    with pytest.raises(Unreachable):
        await zalando.write(zalando.update("MUG", 7))
    shop.behave()
    assert await zalando.write(zalando.update("MUG", 6)) == [Confirmed(6)]
    assert shop.shelf.quantity("MUG") == 6


async def test_zalando_says_how_long_to_wait(zalando: Connected, shop: SimulatedZalando) -> None:
    shop.per_minute[WRITES] = 0
    with pytest.raises(Throttled) as refused:
        await zalando.write(zalando.update("MUG", 7))
    assert refused.value.after_seconds == 1


async def test_a_token_that_was_taken_back_is_renewed_once(zalando: Connected, shop: SimulatedZalando) -> None:
    await zalando.write(zalando.update("MUG", 7))
    shop.expire_token()
    assert await zalando.write(zalando.update("MUG", 6)) == [Confirmed(6)]
    assert shop.tokens_granted == 2
