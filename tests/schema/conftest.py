from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.schema.shop import Shop, open_shop


@pytest.fixture
async def shop(mongo_uri: str, database_name: str) -> AsyncIterator[Shop]:
    """An empty shop on a database of its own."""
    async with open_shop(mongo_uri, database_name) as shop:
        yield shop


@pytest.fixture(scope="module")
async def library(mongo_uri: str, kept_database: str) -> AsyncIterator[Shop]:
    """A stocked shop for tests that change nothing."""
    async with open_shop(mongo_uri, kept_database, low_stock_at=5) as shop:
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
