"""What stands in an address is nobody's business: an Odoo channel's webhook token does."""

from __future__ import annotations

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.cli.processes import serving

SECRET = "hunter2hunter2"


async def test_no_query_string_is_ever_logged(mongo_uri: str, database_name: str) -> None:
    settings = {"mongodb_uri": mongo_uri, "mongodb_database": database_name}
    async with (
        serving(log_level="debug", **settings) as server,
        httpx.AsyncClient(base_url=server.url, timeout=30) as http,
    ):
        for path in ("/webhooks/odoo", "/nowhere", "/graphql", "/metrics"):
            for method in ("POST", "GET"):
                await http.request(method, path, params={"token": SECRET, "q": SECRET}, content=b"{")
        address = server.url.replace("http", "ws")
        with pytest.raises(InvalidStatus):
            async with connect(f"{address}/nowhere?token={SECRET}", proxy=None):
                pass
        async with connect(f"{address}/graphql?q={SECRET}", subprotocols=["graphql-transport-ws"], proxy=None):  # type: ignore[list-item]
            pass
        ended = await server.stop()
    assert SECRET not in ended.out + ended.err
