from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from tests.schema.shop import Shop, open_shop


@pytest.fixture
async def shop(mongo_uri: str, database_name: str) -> AsyncIterator[Shop]:
    """An empty shop on a database of its own."""
    async with open_shop(mongo_uri, database_name) as shop:
        yield shop


@pytest.fixture(scope="module")
async def library(mongo_uri: str, mongo_client: MongoClient[dict[str, Any]]) -> AsyncIterator[Shop]:
    """A stocked shop for tests that change nothing."""
    name = f"test_{uuid4().hex[:12]}"
    try:
        async with open_shop(mongo_uri, name, low_stock_at=5) as shop:
            await shop.stock_up(
                {
                    "LAMP": {"EAST": 10, "WEST": 3},
                    "LAMP-BLUE": {"EAST": 2},
                    "SOFA": {"WEST": 0},
                    "STOOL": {"EAST": 4, "WEST": 4},
                }
            )
            for number in range(5):
                await shop.owner.adjust(f"sale-{number}", "STOOL", {"EAST": -1 if number < 4 else 1}, reference="o-1")
            yield shop
    finally:
        mongo_client.drop_database(name)
