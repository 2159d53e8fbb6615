from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.schema.shop import Shop, open_shop


@pytest.fixture
async def shop(mongo_uri: str, database_name: str) -> AsyncIterator[Shop]:
    """An empty shop on a database of its own."""
    async with open_shop(mongo_uri, database_name) as shop:
        yield shop
