"""What is demanded of every platform alike, over real HTTP, against the simulated shop of each.

What a platform does not have, its case says (`lacks`); that is checked too, so nothing is missing unnoticed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.auth import GrantedAuth
from connectors.errors import AuthExpired, ConnectorError, Retriable, Throttled
from connectors.messages import OrderEvent, OrderReference
from connectors.simulated import SimulatedShopify, SimulatedZalando
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.shopify_cost import CostBucket
from connectors.updates import Confirmed, Stale, StockUpdate, UpdateOutcome
from tests.connectors.case import Lack
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver
from tests.connectors.test_contract import case_of
from tests.system.shop_kinds import KINDS

SINCE = datetime.now(UTC) - timedelta(hours=1)
TRIES_MAX = 10
BUCKET = 10**6


@pytest.fixture(params=sorted(KINDS))
async def shop(make_client: MakeClient, request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    kind, time = KINDS[request.param], QuickTime()
    async with Receiver() as receiver, kind.make(STOCK) as shop:
        if isinstance(shop, SimulatedShopify):
            shop.bucket = CostBucket(BUCKET)
        client = make_client(kind.platform, shop, clock=time.clock, sleep=time.sleep)
        connected = Connected(kind.platform, shop, client, receiver)
        if isinstance(shop, SimulatedZalando):
            connected.ids = {sku: {"ean": ean} for sku, ean in shop.eans.items()}
        else:
            await connected.learn()
        yield connected


def lacks(shop: Connected, what: Lack) -> bool:
    return what in case_of(shop.connector.name).lacks


def count(shop: Connected) -> int:
    return shop.shop.shelf.quantity("MUG", shop.shop.home())


def fewer(shop: Connected) -> StockUpdate:
    """Of ten that are shown, three have been sold elsewhere."""
    return replace(shop.update("MUG", 7, 10), delta=-3)


async def written_in_the_end(shop: Connected, update: StockUpdate) -> None:
    """As the worker does: the same again while it may help, and from what is shown where that has changed."""
    outcomes: list[UpdateOutcome | Retriable] = []
    while Confirmed(7) not in outcomes:
        assert len(outcomes) < TRIES_MAX, outcomes
        try:
            (outcome,) = await shop.write(update)
        except Retriable as error:
            outcomes.append(error)
            continue
        outcomes.append(outcome)
        if isinstance(outcome, Stale):
            update = replace(update, change_from=outcome.actual)
    assert count(shop) == 7


class Watched:
    """The orders of one shop, as asking for what has changed tells of them."""

    def __init__(self, shop: Connected) -> None:
        self.shop = shop
        self.cursor: str | None = None
        self.found: dict[str, OrderEvent] = {}

    async def poll(self) -> None:
        connector, more = self.shop.connector, True
        while more:
            page = await self.shop.client.run(connector.read_orders(self.shop.config, self.cursor, SINCE))
            for entry in page.entries:
                told = await self.shop.order(entry.order_id) if isinstance(entry, OrderReference) else entry
                self.found[told.order_id] = told
            self.cursor, more = page.cursor, page.more

    async def promised_and_gone(self) -> tuple[int, int]:
        await self.poll()
        lines = [line for event in self.found.values() for line in event.lines or ()]
        promised = sum(line.allocated for line in lines)
        return promised, sum(line.ordered - line.released for line in lines) - promised


@pytest.fixture
async def watched(shop: Connected) -> Watched:
    watched = Watched(shop)
    await watched.poll()
    return watched


async def test_a_limit_is_obeyed_and_nothing_is_lost(shop: Connected) -> None:
    shop.shop.misbehave(Misbehaviour.THROTTLED, times=8)
    update = fewer(shop)
    with pytest.raises(Throttled) as throttled:
        await shop.write(update)
    assert throttled.value.after_seconds == 1 and count(shop) == 10
    shop.shop.behave()
    await written_in_the_end(shop, update)


@pytest.mark.parametrize("kind", [Misbehaviour.SERVER_ERROR, Misbehaviour.DROPPED_AFTER_APPLYING])
async def test_a_fault_changes_nothing_in_the_end(shop: Connected, kind: Misbehaviour) -> None:
    shop.shop.misbehave(kind, times=3)
    await written_in_the_end(shop, fewer(shop))


async def test_a_refused_token_is_renewed_once(shop: Connected) -> None:
    shop.shop.misbehave(Misbehaviour.UNAUTHORISED)
    renewable = isinstance(shop.connector.auth(shop.config), GrantedAuth)
    assert renewable is not lacks(shop, Lack.TOKENS)
    if renewable:
        assert await shop.write(fewer(shop)) == [Confirmed(7)]
    else:
        with pytest.raises(AuthExpired):
            await shop.write(fewer(shop))


async def test_what_is_placed_is_promised_until_it_is_shipped(watched: Watched) -> None:
    shop = watched.shop
    order = await shop.shop.sell("MUG", 3)
    assert await watched.promised_and_gone() == ((0, 3) if lacks(shop, Lack.SHIPPING) else (3, 0))
    await shop.shop.fulfil(order)
    assert await watched.promised_and_gone() == (0, 3)


async def test_what_is_partly_shipped_is_promised_in_part(watched: Watched) -> None:
    shop = watched.shop
    await shop.shop.fulfil(await shop.shop.sell("MUG", 3), units_max=1)
    gone = 3 if lacks(shop, Lack.SHIPPING) else 0 if lacks(shop, Lack.PARTS) else 1
    assert await watched.promised_and_gone() == (3 - gone, gone)


async def test_what_comes_back_is_released(watched: Watched) -> None:
    shop = watched.shop
    order = await shop.shop.sell("MUG", 3)
    await shop.shop.fulfil(order)
    await shop.shop.refund(order, "MUG", 1)
    assert await watched.promised_and_gone() == (0, 3 if lacks(shop, Lack.RETURNS) else 2)


async def test_what_comes_back_broken_is_gone(watched: Watched) -> None:
    shop = watched.shop
    order = await shop.shop.sell("MUG", 3)
    await shop.shop.fulfil(order)
    await shop.shop.refund(order, "MUG", 1, restock=False)
    assert await watched.promised_and_gone() == (0, 2 if lacks(shop, Lack.RESTOCKING) else 3)


async def test_a_cancelled_order_holds_nothing(watched: Watched) -> None:
    order = await watched.shop.shop.sell("MUG", 3)
    assert sum(await watched.promised_and_gone()) == 3
    await watched.shop.shop.cancel(order)
    assert await watched.promised_and_gone() == (0, 0)


async def test_the_check_says_who_we_are_connected_to(shop: Connected) -> None:
    check = await shop.client.run(shop.connector.check(shop.config))
    assert check.summary.startswith("Connected")


async def test_refused_credentials_are_told_to_the_operator(shop: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.shop, "is_stock_write", lambda path, body: True)
    shop.shop.misbehave(Misbehaviour.UNAUTHORISED, times=TRIES_MAX)
    with pytest.raises(AuthExpired) as refused:
        await shop.client.run(shop.connector.check(shop.config))
    assert refused.value.reason


async def test_a_success_that_changed_nothing_is_not_believed(shop: Connected) -> None:
    shop.shop.misbehave(Misbehaviour.NOTHING_CHANGED, times=TRIES_MAX)
    try:
        (outcome,) = await shop.write(fewer(shop))
    except ConnectorError:
        return
    assert isinstance(outcome, Confirmed) is lacks(shop, Lack.LOOK)
