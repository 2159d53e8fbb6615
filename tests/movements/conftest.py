"""One gateway for the tests of a module, which use SKUs of their own; and an empty one for those that need it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.bootstrap import Gateway
from tests.kernel import kernel
from tests.movements.stocked import open_locations


@pytest.fixture(scope="module")
async def gateway(mongo_uri: str, kept_database: str) -> AsyncIterator[Gateway]:
    async with kernel(mongo_uri, kept_database) as opened:
        await open_locations(opened)
        yield opened


@pytest.fixture
async def empty_gateway(mongo_uri: str, database_name: str) -> AsyncIterator[Gateway]:
    async with kernel(mongo_uri, database_name) as opened:
        await open_locations(opened)
        yield opened
