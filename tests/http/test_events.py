"""Subscriptions as server-sent events, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.http.conftest import Server, StartServer

EVENTS = {"accept": "text/event-stream"}


async def events(server: Server, query: str) -> list[tuple[str, Any]]:
    """Every event of an operation that ends."""
    response = await server.http.post(server.graphql, json={"query": query}, headers=EVENTS)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    received = []
    for block in response.text.split("\n\n"):
        if block and not block.startswith(":"):
            event, data = block.split("\n")
            text = data.removeprefix("data:").strip()
            received.append((event.removeprefix("event: "), json.loads(text) if text else None))
    return received


@asynccontextmanager
async def silent_stream(server: Server) -> AsyncIterator[AsyncIterator[str]]:
    params = {"query": "subscription { silence }"}
    async with server.http.stream("GET", server.graphql, params=params, headers=EVENTS) as response:
        assert response.status_code == 200
        yield response.aiter_lines()


async def until(lines: AsyncIterator[str], line: str) -> None:
    async with asyncio.timeout(30):
        while await anext(lines) != line:
            pass


async def test_a_subscription_is_streamed_to_its_end(server: Server) -> None:
    assert await events(server, "subscription { count(to: 2) }") == [
        ("next", {"data": {"count": 1}}),
        ("next", {"data": {"count": 2}}),
        ("complete", None),
    ]


async def test_a_query_is_a_stream_of_one_answer(server: Server) -> None:
    assert await events(server, '{ echo(text: "a\\nb") }') == [
        ("next", {"data": {"echo": "a\nb"}}),
        ("complete", None),
    ]


async def test_a_source_that_breaks_is_masked(server: Server) -> None:
    with capture_logs() as logs:
        received = await events(server, "subscription { breaks }")
    assert received[0] == ("next", {"data": {"breaks": 1}})
    assert received[1][1]["errors"][0]["message"] == "Internal error"
    assert received[2] == ("complete", None)
    assert len(logs) == 1


async def test_variables_that_do_not_fit_are_an_answer(server: Server) -> None:
    received = await events(server, "subscription ($to: Int!) { count(to: $to) }")
    assert received[0][1]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("POST", "{ missing }", 400),
        ("POST", "{", 400),
        ("GET", 'mutation { rename(name: "x") { name } }', 405),
    ],
)
async def test_what_cannot_be_executed_has_no_stream(server: Server, method: str, query: str, status: int) -> None:
    parameters = {"json" if method == "POST" else "params": {"query": query}}
    response = await server.http.request(method, server.graphql, headers=EVENTS, **parameters)  # type: ignore[arg-type]
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_an_unknown_key_has_no_stream(server: Server) -> None:
    headers = {**EVENTS, "authorization": "Bearer wrong"}
    response = await server.http.post(server.graphql, json={"query": "{ caller }"}, headers=headers)
    assert response.status_code == 401


async def test_a_key_that_is_revoked_meanwhile_is_told_nothing_more(start_server: StartServer) -> None:
    server = await start_server()
    first, last, end = await events(server, "subscription { revoked }")
    assert first == ("next", {"data": {"revoked": 1}})
    assert (last[1].keys(), last[1]["errors"][0]["extensions"]["code"]) == ({"errors"}, "UNAUTHENTICATED")
    assert end == ("complete", None)
    assert server.stage.closed.is_set()


async def test_the_source_is_closed_when_the_client_leaves(start_server: StartServer) -> None:
    server = await start_server()
    async with silent_stream(server) as lines:
        await until(lines, "event: next")
    async with asyncio.timeout(30):
        await server.stage.closed.wait()


async def test_a_silent_stream_says_that_it_is_alive(start_server: StartServer) -> None:
    server = await start_server(heartbeat_seconds=0.02)
    async with silent_stream(server) as lines:
        await until(lines, "event: next")
        await until(lines, ":")
        await until(lines, ":")


async def test_a_client_that_does_not_read_loses_its_stream(start_server: StartServer) -> None:
    server = await start_server(send_seconds_max=0.1)
    host, _, port = server.address.partition(":")
    _, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(b"GET /graphql?query=subscription%7Bflood%7D HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
    async with asyncio.timeout(30):
        await server.stage.closed.wait()
    writer.close()


async def test_streams_are_limited_and_their_places_given_back(start_server: StartServer) -> None:
    server = await start_server(subscriptions_per_process_max=1)
    async with silent_stream(server) as lines:
        await until(lines, "event: next")
        refused = await server.http.post(server.graphql, json={"query": "{ caller }"}, headers=EVENTS)
        assert refused.status_code == 503
        assert refused.json()["errors"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
    async with asyncio.timeout(30):
        await server.stage.closed.wait()
    assert await events(server, "{ caller }") == [("next", {"data": {"caller": None}}), ("complete", None)]
