"""One server process: draining, and the limits on headers that uvicorn lacks."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.health import Health
from gateway.serving import protocol
from gateway.serving.listeners import UNREAD_SECONDS_MAX, bind_listeners, url_of
from gateway.serving.process import run_process
from gateway.settings import Settings
from gateway.store.driver import Database


class Server:
    def __init__(self, url: str, stopping: asyncio.Event, task: asyncio.Task[None]) -> None:
        self.url = url
        self.stopping = stopping
        self.task = task

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        url = httpx.URL(self.url)
        return await asyncio.open_connection(url.host, url.port)


@asynccontextmanager
async def running(mongo_uri: str, database_name: str, **changes: object) -> AsyncIterator[Server]:
    settings = Settings(mongodb_database=database_name, port=0, **changes)  # type: ignore[arg-type]
    [listener] = bind_listeners(settings.host, settings.port, 1)
    url, stopping, started = url_of(listener), asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(60):
        task = asyncio.create_task(
            run_process(settings, mongo_uri, listener, stopping=stopping, on_started=started.set)
        )
        await started.wait()
        try:
            yield Server(url, stopping, task)
        finally:
            stopping.set()
            await task


async def test_readyz_turns_503_before_the_listener_closes(mongo_uri: str, database_name: str) -> None:
    async with running(mongo_uri, database_name, drain_seconds=2.0) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
            assert (await http.get("/readyz")).status_code == 200
            server.stopping.set()
            answer = await http.get("/readyz")
            assert (answer.status_code, answer.text) == (503, "stopping\n")
            assert (await http.get("/healthz")).status_code == 200
        await server.task
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as http:
                await http.get(f"{server.url}/healthz")


async def test_headers_that_dribble_are_cut_off(
    mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEADERS_SECONDS_MAX", 0.2)
    async with running(mongo_uri, database_name) as server:
        for sent in (b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"):
            reader, writer = await server.connect()
            writer.write(sent)
            assert await reader.read() == b""
            writer.close()


async def test_the_rest_of_a_body_that_was_answered_already_is_not_waited_for(
    mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEADERS_SECONDS_MAX", 0.2)
    async with running(mongo_uri, database_name) as server:
        reader, writer = await server.connect()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        await reader.readuntil(b"ok\n")
        writer.write(b"x")
        assert await reader.read() == b""
        writer.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux's kernel")
def test_a_client_that_reads_no_answers_is_cut_off_by_the_kernel() -> None:
    [listener] = bind_listeners("127.0.0.1", 0, 1)
    listener.setblocking(True)
    listener.listen()
    with listener, socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
        limit = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert limit == UNREAD_SECONDS_MAX * 1_000


async def test_a_connection_between_two_requests_is_not_cut_off_by_the_limit_on_headers(
    mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for headers that come at once to a busy machine.
    monkeypatch.setattr(protocol, "HEADERS_SECONDS_MAX", 0.4)
    async with running(mongo_uri, database_name) as server:
        reader, writer = await server.connect()
        for _ in range(2):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200 OK")
            await asyncio.sleep(0.5)  # longer than the limit: what must not happen here cannot be awaited
        writer.close()


async def test_headers_without_end_are_cut_off(mongo_uri: str, database_name: str) -> None:
    async with running(mongo_uri, database_name) as server:
        _, writer = await server.connect()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(10_000):
                writer.write(b"X-Filler: " + b"x" * 8_000 + b"\r\n")
                await writer.drain()


async def test_the_server_does_not_name_itself(mongo_uri: str, database_name: str) -> None:
    async with running(mongo_uri, database_name) as server, httpx.AsyncClient() as http:
        assert "server" not in (await http.get(f"{server.url}/healthz")).headers


async def test_while_the_database_is_away_the_process_lives_but_is_not_ready() -> None:
    database = Database("mongodb://127.0.0.1:1/", "nowhere", timeout_seconds=0.1)
    health = Health(database)
    app = Starlette(routes=[Route("/readyz", health.readyz), Route("/healthz", health.healthz)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as http:
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "the database does not answer\n")
        assert (await http.get("/healthz")).status_code == 200
    await database.close()
