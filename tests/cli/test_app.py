"""Who may read what of the application besides GraphQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from gateway.app import create_app
from gateway.health import Health
from gateway.inventory.access import Scope
from tests.kernel import kernel


@asynccontextmanager
async def client(
    mongo_uri: str, database_name: str, scope: Scope | None = None, **settings: object
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application; with `scope` it holds a key."""
    async with kernel(mongo_uri, database_name, **settings) as gateway:  # type: ignore[arg-type]
        app = create_app(gateway, Health(gateway.database))
        key = await gateway.keys.create("tests", [scope]) if scope else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://gateway", headers=headers
        ) as http:
            yield http


@pytest.mark.parametrize(
    ("settings", "scope", "status"),
    [
        ({}, None, 200),
        ({"host": "::1"}, None, 200),
        ({"host": "0.0.0.0"}, None, 401),
        ({"host": "0.0.0.0"}, Scope.AVAILABILITY_READ, 403),
        ({"host": "0.0.0.0"}, Scope.INVENTORY_READ, 200),
        ({"host": "0.0.0.0", "metrics_public": True}, None, 200),
        ({"metrics_public": False}, None, 401),
    ],
)
async def test_metrics_need_a_key_unless_only_this_machine_can_ask(
    mongo_uri: str, database_name: str, settings: dict[str, object], scope: Scope | None, status: int
) -> None:
    async with client(mongo_uri, database_name, scope, **settings) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_nobody_is_led_to_another_address(mongo_uri: str, database_name: str) -> None:
    async with client(mongo_uri, database_name) as http:
        answers = [await http.post(path) for path in ("/graphql/", "/mcp/", "/webhooks/shop/")]
    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [(404, None)] * 3


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer ", "Bearer igw_wrong", "Basic eDp5", "Bearer " + "x" * 500]
)
async def test_a_key_that_is_none_is_refused(mongo_uri: str, database_name: str, authorization: str) -> None:
    async with client(mongo_uri, database_name, metrics_public=False) as http:
        answer = await http.get("/metrics", headers={"Authorization": authorization})
    assert answer.status_code == 401


async def test_commands_and_requests_are_counted(mongo_uri: str, database_name: str) -> None:
    async with client(mongo_uri, database_name) as http:
        await http.get("/healthz")
        await http.get("/nowhere")
        lines = (await http.get("/metrics")).text.splitlines()
    count = "gateway_http_request_duration_seconds_count"
    assert f'{count}{{method="GET",route="/healthz",status="200"}} 1.0' in lines
    assert f'{count}{{method="GET",route="none",status="404"}} 1.0' in lines


async def test_only_the_allowed_origins_may_call_from_a_browser(mongo_uri: str, database_name: str) -> None:
    allowed = "https://shop.example"
    async with client(mongo_uri, database_name, allowed_origins=f"{allowed}, https://other.example") as http:
        for origin, answer in ((allowed, allowed), ("https://evil.example", None)):
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            preflight = await http.options("/healthz", headers=headers)
            assert preflight.headers.get("access-control-allow-origin") == answer
    async with client(mongo_uri, database_name) as http:
        answered = await http.get("/healthz", headers={"Origin": allowed})
        assert "access-control-allow-origin" not in answered.headers
