"""Backlogs that go to Walmart as feeds."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from connectors.errors import Permanent, Retriable
from connectors.simulated import SimulatedWalmart
from connectors.updates import Confirmed, Deferred, Rejected, UpdateOutcome
from tests.connectors.case import answer, drive
from tests.connectors.cases.walmart_marketplace import CASE, MAIN, item, node, update
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.walmart_seller import listing, seller_of

CONFIG = CASE.config().model_copy(update={"feeds": True})


class Backlog:
    """A seller with many items, whose backlog goes as feeds."""

    def __init__(self, seller: Connected, shop: SimulatedWalmart) -> None:
        self.seller, self.shop = seller, shop

    async def write(self, *quantities: int) -> list[UpdateOutcome]:
        updates = [self.seller.update(sku, units) for sku, units in zip(self.shop.skus, quantities, strict=False)]
        return await self.seller.write(*updates)

    async def unfinished(self) -> bool:
        flow = self.seller.connector.unfinished(self.seller.config)
        assert flow is not None
        return bool(await self.seller.client.run(flow))


@pytest.fixture
def quick() -> QuickTime:
    return QuickTime()


@pytest.fixture
async def backlog(make_client: MakeClient, quick: QuickTime) -> AsyncIterator[Backlog]:
    shop = SimulatedWalmart({f"SKU-{number}": 5 for number in range(60)}, feeds=True)
    async with seller_of(make_client, shop, quick) as seller:
        yield Backlog(seller, shop)


async def test_a_backlog_is_one_feed_that_is_waited_for(backlog: Backlog, quick: QuickTime) -> None:
    await backlog.shop.sell("SKU-3", 2)
    wanted = [number % 7 for number in range(60)]
    assert await backlog.write(*wanted) == [Confirmed(units) for units in wanted]
    assert [backlog.shop.shelf.quantity(sku, MAIN) for sku in backlog.shop.skus] == wanted
    assert (backlog.shop.on_hand("SKU-3", MAIN), len(backlog.shop.stock_writes())) == (wanted[3] + 2, 1)
    assert quick.pauses[:2] == [2.0, 5.0]
    assert not await backlog.unfinished()


async def test_an_item_that_a_feed_refuses_does_not_harm_the_others(backlog: Backlog) -> None:
    backlog.seller.ids["GONE"] = {"sku": "GONE"}
    gone = backlog.seller.update("GONE", 1)
    others = [backlog.seller.update(sku, 8) for sku in backlog.shop.skus[:12]]
    outcomes = await backlog.seller.write(*others[:5], gone, *others[5:])
    assert outcomes.pop(5) == Rejected("ERR_INT_DATA_01020010", "The SKU is not set up.")
    assert outcomes == [Confirmed(8)] * 12


async def test_a_feed_that_takes_too_long_is_not_overtaken(backlog: Backlog) -> None:
    backlog.shop.feeds.ends_as = "INPROGRESS"
    with pytest.raises(Retriable, match="not worked off"):
        await backlog.write(*[4] * 20)
    assert await backlog.unfinished()
    backlog.shop.feeds.ends_as = "PROCESSED"
    assert not await backlog.unfinished()
    assert await backlog.write(*[4] * 20) == [Confirmed(4)] * 20
    assert len(backlog.shop.stock_writes()) == 1, "it had been worked off after all"


async def test_a_feed_that_walmart_gives_up_is_for_a_person(backlog: Backlog) -> None:
    backlog.shop.feeds.ends_as = "ERROR"
    with pytest.raises(Permanent, match="feeds off"):
        await backlog.write(*[4] * 20)


async def test_few_changes_are_not_worth_a_feed(backlog: Backlog) -> None:
    assert await backlog.write(4, 3) == [Confirmed(4), Confirmed(3)]
    assert {request.method for request in backlog.shop.stock_writes()} == {"PUT"}


def test_among_too_many_items_each_is_written_by_itself() -> None:
    updates = [update(f"SKU-{number}", 5) for number in range(12)]
    looks = [answer(item(f"SKU-{number}", node(5))) for number in range(10)]
    answers = [answer(listing(totalCount=5001)), *looks]
    _, outcomes = drive(CASE.connector.write_stock(CONFIG, updates), answers)
    assert outcomes[:10] == [Confirmed(5)] * 10 and {type(left) for left in outcomes[10:]} == {Deferred}


def test_what_became_of_an_item_is_told_in_several_words() -> None:
    """The vendor's pages call success and failure by different names."""
    updates = [update(f"SKU-{number}", 5) for number in range(12)]
    named = ["PROCESSED", "ERROR", "SYSTEM_ERROR", *["SUCCESS"] * 9]
    results = [{"sku": f"SKU-{number}", "ingestionStatus": name} for number, name in enumerate(named)]
    before, after = ([item(f"SKU-{number}", node(units)) for number in range(12)] for units in (9, 5))
    feed = {"feedId": "F1", "feedStatus": "PROCESSED", "itemDetails": {"itemIngestionStatus": results}}
    answers: Sequence[Any] = (listing(*before), listing(*before), {"feedId": "F1"}, feed, listing(*after))
    _, outcomes = drive(CASE.connector.write_stock(CONFIG, updates), [answer(body) for body in answers])
    assert [type(one) for one in outcomes] == [Confirmed, Rejected, Deferred, *[Confirmed] * 9]
