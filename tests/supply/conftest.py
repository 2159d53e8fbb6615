"""One gateway for the tests of a module, which use SKUs of their own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from gateway.bootstrap import Gateway
from tests.builders import NOW
from tests.clock import StoppedClock
from tests.kernel import kernel, stock_up
from tests.movements.stocked import open_locations
from tests.schema.shop import Shop, open_shop
from tests.supply.bound import assert_promises_agree
from tests.supply.trade import Trade

_numbers = itertools.count()


@pytest.fixture(scope="module")
async def gateway(mongo_uri: str, mongo_client: MongoClient[dict[str, Any]]) -> AsyncIterator[Gateway]:
    name = f"test_{uuid4().hex[:12]}"
    async with kernel(mongo_uri, name) as opened:
        await open_locations(opened)
        yield opened
        await assert_promises_agree(opened)
        assert (await opened.movements.auditor.run()).mismatches == []
    mongo_client.drop_database(name)


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, mongo_client: MongoClient[dict[str, Any]]) -> AsyncIterator[tuple[Shop, StoppedClock]]:
    """For the tests of a module, at noon of a day that stands still until one of them moves it."""
    clock, name = StoppedClock(NOW + timedelta(hours=12)), f"test_{uuid4().hex[:12]}"
    async with open_shop(mongo_uri, name, clock=clock, lead_time_days=20, supply_grace_days=3) as opened:
        yield opened, clock
    mongo_client.drop_database(name)


@pytest.fixture
async def trade(shop: tuple[Shop, StoppedClock]) -> Trade:
    opened, clock = shop
    number = next(_numbers)
    lamp, sofa = f"LAMP-{number}", f"SOFA-{number}"
    await stock_up(opened.gateway, {lamp: {"EAST": 3, "WEST": 5}, sofa: {"WEST": 1}})
    return Trade(opened, clock, lamp, sofa, f"ACME {number}", clock.now)
