from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.agents.serving import Served, serving


@pytest.fixture
async def served(mongo_uri: str, database_name: str) -> AsyncIterator[Served]:
    """A stocked gateway of the test's own."""
    async with serving(mongo_uri, database_name) as served:
        yield served
