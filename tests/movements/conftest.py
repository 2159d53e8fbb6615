"""One gateway for the tests of a module, which use SKUs of their own; and an empty one for those that need it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from gateway.bootstrap import Gateway
from tests.kernel import kernel
from tests.movements.stocked import open_locations


@pytest.fixture(scope="module")
async def gateway(mongo_uri: str, mongo_client: MongoClient[dict[str, Any]]) -> AsyncIterator[Gateway]:
    name = f"test_{uuid4().hex[:12]}"
    async with kernel(mongo_uri, name) as opened:
        await open_locations(opened)
        yield opened
    mongo_client.drop_database(name)


@pytest.fixture
async def empty_gateway(mongo_uri: str, database_name: str) -> AsyncIterator[Gateway]:
    async with kernel(mongo_uri, database_name) as opened:
        await open_locations(opened)
        yield opened
