from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.bootstrap import Gateway
from tests.clock import StoppedClock
from tests.dispatch.trading import SECRET_KEY
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up
from tests.operations.ordering import STOCK


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def stocked(mongo_uri: str, database_name: str, clock: StoppedClock) -> AsyncIterator[Gateway]:
    """A gateway with some stock, whose time stands still; in the end its ledger must explain everything."""
    async with kernel(mongo_uri, database_name, clock=clock, secret_key=SECRET_KEY) as gateway:
        await stock_up(gateway, STOCK)
        yield gateway
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)
