"""One gateway and a shop of every platform at once: what is sold in one is told to all, and they end as we count."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from connectors import CONNECTORS
from connectors.pacing import Pace
from connectors.simulated.sales import SoldOrder
from gateway.inventory.errors import InsufficientStock
from tests.dispatch.trading import change
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.system.all_shops import Market, Stand, market
from tests.system.shop_kinds import KINDS

BURST_MIN = 500
SEED = 22
SKU = "MUG-WHT"
PLENTY = 1_000
SALES = 3
UNITS_MAX = 3
SCARCE = len(KINDS) + 6


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every platform may be asked a few hundred times in a row: the limits have tests of their own, and would have
    these last for minutes."""
    for connector in CONNECTORS.values():
        monkeypatch.setattr(type(connector), "pace", _rested(connector.pace))
        budgets = {name: _rested(pace) for name, pace in connector.budgets.items()}
        monkeypatch.setattr(type(connector), "budgets", budgets)


def _rested(pace: Pace) -> Pace:
    return replace(pace, burst=max(pace.burst, BURST_MIN))


def test_every_platform_takes_part() -> None:
    assert {kind.platform for kind in KINDS.values()} == CONNECTORS.keys()


async def test_what_any_of_them_sells_all_the_others_show(mongo_uri: str, database_name: str) -> None:
    async with market(mongo_uri, database_name, {SKU: PLENTY}) as opened:
        for sold, seller in enumerate(opened.stands, 1):
            await seller.shop.sell(SKU)
            await opened.report(seller)
            await opened.in_step(SKU)
            shown = {stand.name: stand.shown(SKU) for stand in opened.stands}
            assert shown == dict.fromkeys(KINDS, PLENTY - sold), f"sold by {seller.name}"


class Storm:
    """Buyers in every shop and at our own counter, all at the same time."""

    def __init__(self, opened: Market) -> None:
        self.opened = opened
        self.chance = random.Random(SEED)
        self.left = PLENTY
        self.orders: list[tuple[Stand, SoldOrder]] = []

    async def rage(self) -> None:
        await asyncio.gather(self._sell_ourselves(), *(self._sell_at(stand) for stand in self.opened.stands))

    async def end_orders(self) -> None:
        """A third is cancelled and a third shipped, before any shop tells of one."""
        self.opened.hold()
        for stand, order in self.orders:
            match self.chance.randrange(3):
                case 0:
                    await stand.shop.cancel(order)
                    self.left += order.lines[0].ordered
                case 1:
                    await stand.shop.fulfil(order)

    async def assert_all_count_alike(self) -> None:
        await self.opened.report()
        await self.opened.in_step(SKU)
        assert await self.opened.available(SKU) == self.left
        assert {stand.name: stand.shown(SKU) for stand in self.opened.stands} == dict.fromkeys(KINDS, self.left)

    async def _sell_at(self, stand: Stand) -> None:
        for _ in range(SALES):
            await self._pause()
            units = self.chance.randint(1, UNITS_MAX)
            self.left -= units
            self.orders.append((stand, await stand.shop.sell(SKU, units)))

    async def _sell_ourselves(self) -> None:
        for number in range(SALES * 4):
            await self._pause()
            await change(self.opened.gateway, f"counter-{number}", SKU, -1)
            self.left -= 1

    async def _pause(self) -> None:
        """Within what the database and the network take to tell the others."""
        await asyncio.sleep(self.chance.random() / 20)


async def test_a_storm_of_sales_in_all_of_them_ends_with_every_count_equal_to_ours(
    mongo_uri: str, database_name: str
) -> None:
    print(f"\nseed {SEED}")
    async with market(mongo_uri, database_name, {SKU: PLENTY}) as opened:
        storm = Storm(opened)
        await storm.rage()
        await storm.assert_all_count_alike()
        await storm.end_orders()
        await storm.assert_all_count_alike()
        for stand in opened.stands:
            assert await stand.counts() in ({SKU: storm.left}, {}), stand.name
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_nobody_is_sold_more_than_there_is_but_for_sales_that_nobody_could_know_of(
    mongo_uri: str, database_name: str
) -> None:
    """Wherever a unit is shown one is bought, before any shop has told of it; until none is shown anywhere."""
    async with market(mongo_uri, database_name, {SKU: SCARCE}) as opened:
        left, in_flight = SCARCE, 0
        while in_stock := [stand for stand in opened.stands if stand.shown(SKU) > 0]:
            assert {stand.shown(SKU) for stand in opened.stands} == {left}
            opened.hold()
            for stand in in_stock:
                await stand.shop.sell(SKU)
            in_flight = len(in_stock)
            left -= in_flight
            await opened.report()
            await opened.in_step(SKU)
            assert await opened.available(SKU) == left
        assert -in_flight < left <= 0, "none but of the last sales, which nobody could know of, were too many"
        with pytest.raises(InsufficientStock):
            await change(opened.gateway, "one more", SKU, -1)
    assert_the_ledger_explains_the_stock(mongo_uri, database_name, oversold=True)
