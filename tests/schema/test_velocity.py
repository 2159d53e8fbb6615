"""How fast things sell, from the orders to the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.access import Scope
from gateway.inventory.catalog import LocationChange
from gateway.inventory.channels import Channel, ChannelState
from gateway.inventory.orders import Precedence
from gateway.operations.calls import Call
from gateway.operations.sales import ChannelLine, ChannelOrder, SalesOperations
from gateway.operations.sourcing import LineRequest
from gateway.operations.velocity_fold import SETTLED_AFTER
from gateway.planning.velocity import ItemVelocity, decay_per_day
from gateway.store.channels import ChannelStore
from gateway.store.listings import ListingStore
from gateway.store.orders import OrderStore
from gateway.store.velocity import VelocityStore
from tests.builders import NOW, adjust
from tests.clock import StoppedClock
from tests.kernel import kernel
from tests.schema.shop import Shop, open_shop

WEB = Channel(
    id="web",
    platform="shopify",
    name="Web",
    config={},
    sealed=b"",
    locations={"EAST": None},
    buffer=0,
    state=ChannelState.ACTIVE,
    reason=None,
    revision=1,
    created_at=NOW,
    updated_at=NOW,
)
NEWER_SUMS = ("counted_before", "weight_before", "weight_squares_before")
VELOCITY = """
query($sku: String!, $locationId: String, $channelId: String) {
  velocity(sku: $sku, locationId: $locationId, channelId: $channelId) {
    sku halfLifeDays since countedDays daysWithoutStock demandDays units unitsToday credit inStock foldedUntil
    figures { pattern unitsPerDay mean variance demandProbability intervalDays size sizeVariation }
  }
}
"""
REBUILD = "mutation { velocityRebuild { userErrors { code } } }"


@dataclass(slots=True)
class Trade:
    """A shop that sells LAMPs day after day."""

    shop: Shop
    clock: StoppedClock
    orders: int = 0

    async def sell(self, units: int) -> None:
        """An order at the web shop."""
        database = self.shop.gateway.database
        sales = SalesOperations(
            self.shop.gateway.stock, self.shop.gateway.stock_store, OrderStore(database), ListingStore(database)
        )
        self.orders += 1
        lines = (ChannelLine("1", "LAMP", {}, units, units, 0),)
        order = ChannelOrder(f"o-{self.orders}", None, "", Precedence(self.clock.now, 1, 0), lines)
        await sales.report(WEB, order)

    async def next_day(self) -> None:
        self.clock.advance(86_400)

    async def asked(self, **place: str) -> dict[str, Any]:
        answer = await self.shop.owner.ask(VELOCITY, sku="LAMP", **place)
        velocity: dict[str, Any] = answer["velocity"]
        return velocity

    async def follow(self) -> None:
        self.clock.advance(SETTLED_AFTER.total_seconds() + 1)
        await self.shop.gateway.planning.follow()

    async def remembered(self) -> ItemVelocity:
        """Of the LAMP, whichever round it was folded in."""
        item = (await self.shop.gateway.stock_store.items(["LAMP"]))["LAMP"]
        found = (await VelocityStore(self.shop.gateway.database).many([item.id]))[item.id]
        found.round = 0
        return found


@pytest.fixture
async def trade(mongo_uri: str, database_name: str) -> AsyncIterator[Trade]:
    clock = StoppedClock()
    async with open_shop(mongo_uri, database_name, clock=clock, velocity_half_life_days=7) as shop:
        assert await ChannelStore(shop.gateway.database).insert(WEB)
        shop.gateway.channels.directory.forget()
        await shop.stock_up({"LAMP": {"EAST": 100, "WEST": 5}, "SOFA": {}})
        yield Trade(shop, clock)


async def sell_for_three_days(trade: Trade) -> None:
    """6 and 4 through the web shop, nothing on the last day but a hold from the west."""
    await trade.sell(6)
    await trade.next_day()
    await trade.sell(4)
    await trade.next_day()
    line = LineRequest("LAMP", 2, location_ids=("WEST",))
    await trade.shop.gateway.orders.reservations.create(Call("tests", "hold"), [line])


async def test_every_term_of_a_velocity_is_told(trade: Trade) -> None:
    await sell_for_three_days(trade)
    await trade.follow()
    decay = decay_per_day(7)
    mean = (6 * decay + 4) / (decay + 1)
    web = await trade.asked(channelId="web")
    assert web.pop("foldedUntil").startswith("2026-01-03T00:00:00")
    told = web.pop("figures")
    assert web == {
        "sku": "LAMP",
        "halfLifeDays": 7,
        "since": "2026-01-01",
        "countedDays": 2,
        "daysWithoutStock": 0,
        "demandDays": 2,
        "units": 10,
        "unitsToday": 0,
        "credit": 0,
        "inStock": True,
    }
    assert (told["pattern"], told["demandProbability"], told["intervalDays"]) == ("SMOOTH", 1, 1)
    assert told["mean"] == told["unitsPerDay"] == pytest.approx(mean)
    assert told["variance"] == pytest.approx(2)
    assert told["size"] == pytest.approx((6 * 0.9 + 4) / 1.9)
    assert (await trade.asked())["unitsToday"] == (await trade.asked(locationId="WEST"))["unitsToday"] == 2
    west = await trade.asked(locationId="WEST", channelId="web")
    assert (west["countedDays"], west["units"], west["figures"]["pattern"]) == (2, 0, "NONE")


async def test_nothing_is_told_of_what_never_had_stock(trade: Trade) -> None:
    await trade.follow()
    assert (await trade.shop.owner.ask(VELOCITY, sku="SOFA"))["velocity"] is None
    assert (await trade.asked())["figures"] is None  # no day is over yet


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"sku": "NO-SUCH"}, "ITEM_NOT_FOUND"),
        ({"sku": "LAMP", "locationId": "MOON"}, "LOCATION_NOT_FOUND"),
        ({"sku": "LAMP", "channelId": "no-such"}, "CHANNEL_NOT_FOUND"),
        ({"sku": "LAMP", "locationId": "*"}, "INVALID_CHARACTERS"),
    ],
)
async def test_an_unknown_place_is_refused(trade: Trade, variables: dict[str, str], code: str) -> None:
    assert (await trade.shop.owner.refused(VELOCITY, **variables))["code"] == code


async def test_what_has_just_happened_waits_until_the_ledger_has_settled(trade: Trade) -> None:
    await trade.shop.gateway.planning.follow()
    assert await trade.asked() is None
    await trade.follow()
    assert await trade.asked() is not None


async def test_following_day_by_day_and_rebuilding_remember_exactly_the_same(trade: Trade) -> None:
    for units in (3, 0, 5, 1):
        await trade.sell(units or 1)
        await trade.follow()
        await trade.follow()
        await trade.next_day()
    followed = await trade.remembered()
    admin = await trade.shop.client(Scope.ADMIN, name="admin")
    assert (await admin.ask(REBUILD))["velocityRebuild"]["userErrors"] == []
    await trade.follow()
    assert await trade.remembered() == followed


async def test_days_on_which_a_location_is_inactive_are_left_out_and_a_rebuild_knows_them_too(trade: Trade) -> None:
    catalog = trade.shop.gateway.catalog
    await trade.sell(6)
    await trade.next_day()
    for active in (False, False, True):  # the second time changes nothing
        await catalog.change_location("EAST", LocationChange(active=active))
        trade.clock.advance(10 * 86_400)
    east = await catalog.change_location("EAST", LocationChange(active=False))
    assert east.updated_at == trade.clock.now
    trade.clock.advance(10 * 86_400)
    await trade.follow()
    terms = {"countedDays": 13, "daysWithoutStock": 28}  # those of both switches count
    told = await trade.asked(locationId="EAST")
    assert {name: told[name] for name in terms} == terms
    assert (await trade.asked())["countedDays"] == 41  # the west was there all the time
    await catalog.change_location("EAST", LocationChange(active=True))
    await trade.sell(1)
    await trade.follow()
    followed = await trade.remembered()
    assert followed.cells["EAST"].counted_days == 13
    await trade.shop.gateway.planning.velocity.rebuild()
    await trade.follow()
    assert await trade.remembered() == followed


async def test_a_location_that_was_inactive_before_that_was_kept_is_so_since_its_last_change(
    trade: Trade, mongo_uri: str, database_name: str
) -> None:
    trade.clock.advance(5 * 86_400)
    await trade.shop.gateway.catalog.change_location("WEST", LocationChange(active=False))
    await trade.shop.gateway.database["locations"].update_one({"_id": "WEST"}, {"$unset": {"switches": ""}})
    async with kernel(mongo_uri, database_name, clock=trade.clock):
        trade.clock.advance(5 * 86_400)
        await trade.follow()
    west = await trade.asked(locationId="WEST")
    assert (west["countedDays"], west["daysWithoutStock"]) == (6, 4)


async def test_what_another_version_remembers_is_told_and_what_an_older_one_does_is_computed_anew(trade: Trade) -> None:
    await sell_for_three_days(trade)
    await trade.follow()
    followed, database = await trade.remembered(), trade.shop.gateway.database
    later = {"cells.EAST.later": 1, "cells.EAST.series.web.later": 1}
    await database["velocities"].update_one({"_id": followed.item_id}, {"$set": later})
    assert await trade.remembered() == followed
    newer = {name: "" for name in ("active", "owed", *(f"series.web.{name}" for name in NEWER_SUMS))}
    gone = {f"cells.EAST.{name}": "" for name in newer}
    await database["velocities"].update_one({"_id": followed.item_id}, {"$unset": gone})
    await database["planning"].update_one({"_id": "velocity"}, {"$unset": {"method": ""}})
    assert (await trade.asked(locationId="EAST", channelId="web"))["units"] == 10
    await trade.follow()
    progress = await VelocityStore(database).progress()
    assert progress is not None and progress.round == 1
    assert await trade.remembered() == followed


async def test_only_an_administrator_has_everything_computed_anew(trade: Trade) -> None:
    answer = await trade.shop.owner.ask(REBUILD)
    assert answer["velocityRebuild"]["userErrors"] == [{"code": "FORBIDDEN"}]


async def test_an_entry_that_came_too_late_is_found_by_the_items_next_movement(trade: Trade) -> None:
    await trade.sell(2)
    ledger = trade.shop.gateway.database["ledger"]
    late = await ledger.find_one_and_delete({"kind": "sale"})
    await trade.follow()
    assert (await trade.remembered()).version == 1
    await ledger.insert_one(late)
    await trade.sell(3)
    await trade.follow()
    assert (await trade.remembered()).version == 3
    assert (await trade.asked(channelId="web"))["unitsToday"] == 5


async def test_another_half_life_computes_everything_anew(trade: Trade, mongo_uri: str, database_name: str) -> None:
    await sell_for_three_days(trade)
    await trade.follow()
    settings = {"clock": trade.clock, "velocity_half_life_days": 14}
    async with kernel(mongo_uri, database_name, **settings) as other:  # type: ignore[arg-type]
        await other.planning.follow()
        assert await _half_life(other) == 7  # the first process still has the lease
        while await other.planning.fold.step(token=2):
            pass
        assert await _half_life(other) == 14


async def _half_life(gateway: Gateway) -> float:
    found = await gateway.planning.velocity.of("LAMP")
    assert found is not None and found.series.units_total == 10
    return found.half_life_days


async def test_a_process_that_was_overtaken_changes_nothing(trade: Trade) -> None:
    await trade.sell(2)
    await trade.follow()
    before = await trade.remembered()
    store = VelocityStore(trade.shop.gateway.database)
    await store.put_many([ItemVelocity(before.item_id, 7, 0, version=1)])
    assert await trade.remembered() == before
    progress = await store.progress()
    assert progress is not None and progress.token == 1
    assert not await trade.shop.gateway.planning.fold.step(token=0)
    trade.clock.now += timedelta(days=1)
    await trade.shop.gateway.stock.apply(adjust("late", "LAMP", {"EAST": 1}))
    trade.clock.now += timedelta(days=1)
    assert not await trade.shop.gateway.planning.fold.step(token=0)
    assert await store.progress() == progress


async def test_a_reservation_for_a_channel_counts_there_and_so_does_what_it_gives_back(trade: Trade) -> None:
    reservations = trade.shop.gateway.orders.reservations
    line = LineRequest("LAMP", 5, channel_id="web")
    await reservations.create(Call("tests", "kept"), [line])
    given_back = await reservations.create(Call("tests", "given back"), [line])
    await reservations.release(Call("tests", "release"), given_back.reservation.id)
    await trade.follow()
    assert (await trade.asked(channelId="web"))["unitsToday"] == 5
