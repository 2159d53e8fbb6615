"""graphql-transport-ws over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.http.conftest import Server, StartServer

PROTOCOL = Subprotocol("graphql-transport-ws")
SECONDS_MAX = 30


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(SECONDS_MAX):
        return json.loads(await socket.recv())


async def close_code(socket: ClientConnection) -> int:
    async with asyncio.timeout(SECONDS_MAX):
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await socket.recv()
    received = closed.value.rcvd
    assert received is not None
    return received.code


@asynccontextmanager
async def connected(server: Server, **options: Any) -> AsyncIterator[ClientConnection]:
    """A connection that has not been initialised."""
    async with connect(server.websocket, subprotocols=[PROTOCOL], proxy=None, **options) as socket:
        yield socket


@asynccontextmanager
async def initialised(server: Server, payload: Any = None) -> AsyncIterator[ClientConnection]:
    async with connected(server) as socket:
        await say(socket, type="connection_init", payload=payload)
        assert await hear(socket) == {"type": "connection_ack"}
        yield socket


async def subscribe(socket: ClientConnection, operation_id: str, query: str, **parameters: Any) -> None:
    await say(socket, id=operation_id, type="subscribe", payload={"query": query, **parameters})


async def test_a_subscription_is_streamed_to_its_end(server: Server) -> None:
    async with initialised(server) as socket:
        query = "subscription ($to: Int!) { count(to: $to) }"
        await subscribe(socket, "1", query, variables={"to": 2})
        assert await hear(socket) == {"id": "1", "type": "next", "payload": {"data": {"count": 1}}}
        assert await hear(socket) == {"id": "1", "type": "next", "payload": {"data": {"count": 2}}}
        assert await hear(socket) == {"id": "1", "type": "complete"}


async def test_queries_and_mutations_are_answered(server: Server) -> None:
    async with initialised(server) as socket:
        await subscribe(socket, "q", "{ caller }")
        assert (await hear(socket))["payload"] == {"data": {"caller": None}}
        assert (await hear(socket))["type"] == "complete"
        await subscribe(socket, "q", 'mutation { rename(name: "n") { name } }')
        assert (await hear(socket))["payload"] == {"data": {"rename": {"name": "n"}}}


async def test_operations_run_at_the_same_time(server: Server) -> None:
    async with initialised(server) as socket:
        await subscribe(socket, "slow", "subscription { silence }")
        assert (await hear(socket))["id"] == "slow"
        await subscribe(socket, "fast", "{ caller }")
        assert (await hear(socket))["id"] == "fast"


async def test_a_key_may_be_sent_when_the_connection_is_initialised(server: Server) -> None:
    async with initialised(server, {"Authorization": "Bearer mine"}) as socket:
        await subscribe(socket, "1", "{ caller }")
        assert (await hear(socket))["payload"] == {"data": {"caller": "Bearer mine"}}


async def test_a_key_may_be_sent_as_a_header(server: Server) -> None:
    async with connected(server, additional_headers={"authorization": "Bearer header"}) as socket:
        await say(socket, type="connection_init")
        await hear(socket)
        await subscribe(socket, "1", "{ caller }")
        assert (await hear(socket))["payload"] == {"data": {"caller": "Bearer header"}}


async def test_every_operation_has_a_context_of_its_own(start_server: StartServer) -> None:
    server = await start_server()
    async with initialised(server) as socket:
        made = server.stage.contexts
        for number in range(3):
            await subscribe(socket, str(number), "{ caller }")
            await hear(socket)
            await hear(socket)
    assert server.stage.contexts == made + 3


async def test_a_key_that_is_revoked_meanwhile_is_told_nothing_more(start_server: StartServer) -> None:
    server = await start_server()
    async with initialised(server) as socket:
        await subscribe(socket, "1", "subscription { revoked }")
        assert (await hear(socket))["payload"] == {"data": {"revoked": 1}}
        ended = await hear(socket)
        assert (ended["type"], ended["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
    assert server.stage.closed.is_set()


async def test_an_unknown_key_is_refused(server: Server) -> None:
    async with connected(server) as socket:
        await say(socket, type="connection_init", payload={"Authorization": "Bearer wrong"})
        assert await close_code(socket) == 4403


async def test_a_failure_to_make_the_context_closes_without_its_reason(server: Server) -> None:
    with capture_logs() as logs:
        async with connected(server) as socket:
            await say(socket, type="connection_init", payload={"authorization": "Bearer broken"})
            assert await close_code(socket) == 4500
            assert "secret" not in (socket.close_reason or "")
    assert len(logs) == 1


async def test_another_subprotocol_is_not_spoken(server: Server) -> None:
    for offered in (None, [Subprotocol("graphql-ws")]):
        async with connect(server.websocket, subprotocols=offered, proxy=None) as socket:
            assert await close_code(socket) == 4406


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 4400),
        ("[]", 4400),
        ('{"type": "other"}', 4400),
        ('{"type": "subscribe", "payload": {"query": "{ caller }"}}', 4400),
        ('{"type": "subscribe", "id": "", "payload": {"query": "{ caller }"}}', 4400),
        (json.dumps({"type": "complete", "id": "x" * 1000}), 4400),
        ('{"type": "connection_init"}', 4429),
    ],
)
async def test_a_message_outside_the_protocol_ends_the_connection(server: Server, text: str, code: int) -> None:
    async with initialised(server) as socket:
        await socket.send(text)
        assert await close_code(socket) == code


async def test_binary_messages_end_the_connection(server: Server) -> None:
    async with initialised(server) as socket:
        await socket.send(b"{}")
        assert await close_code(socket) == 4400


async def test_nothing_is_executed_before_the_connection_is_initialised(server: Server) -> None:
    async with connected(server) as socket:
        await subscribe(socket, "1", "{ caller }")
        assert await close_code(socket) == 4401


async def test_a_connection_must_be_initialised_in_time(start_server: StartServer) -> None:
    server = await start_server(connection_init_seconds_max=0.05)
    async with connected(server) as socket:
        assert await close_code(socket) == 4408


async def test_an_id_is_used_by_one_operation_at_a_time(server: Server) -> None:
    async with initialised(server) as socket:
        await subscribe(socket, "1", "subscription { silence }")
        await hear(socket)
        await subscribe(socket, "1", "{ caller }")
        assert await close_code(socket) == 4409


async def test_a_completed_id_may_be_used_again_at_once(start_server: StartServer) -> None:
    server = await start_server()
    async with initialised(server) as socket:
        await subscribe(socket, "1", "subscription { silence }")
        await hear(socket)
        await say(socket, id="1", type="complete")
        await subscribe(socket, "1", "{ caller }")
        assert (await hear(socket))["payload"] == {"data": {"caller": None}}
    assert server.stage.closed.is_set()


async def test_completing_what_has_ended_is_no_fault(server: Server) -> None:
    async with initialised(server) as socket:
        await say(socket, id="1", type="complete")
        await say(socket, type="pong")
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ missing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query ($t: String!) { echo(text: $t) }", "BAD_USER_INPUT"),
        ("{ " + "caller " * 1000 + "}", "QUERY_TOO_COMPLEX"),
        ("{ node { children(first: 1000000) { name } } }", "QUERY_TOO_COMPLEX"),
        (7, "BAD_REQUEST"),
    ],
)
async def test_what_cannot_be_executed_is_an_error_of_its_operation(server: Server, query: Any, code: str) -> None:
    async with initialised(server) as socket:
        await subscribe(socket, "1", query)
        answer = await hear(socket)
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"] == code


async def test_a_source_that_breaks_is_masked(server: Server) -> None:
    with capture_logs() as logs:
        async with initialised(server) as socket:
            await subscribe(socket, "1", "subscription { breaks }")
            await hear(socket)
            answer = await hear(socket)
    assert (answer["type"], answer["payload"][0]["message"]) == ("error", "Internal error")
    assert len(logs) == 1


async def test_an_operation_is_cancelled_at_its_deadline(start_server: StartServer) -> None:
    server = await start_server(request_seconds_max=0.05)
    async with initialised(server) as socket:
        await subscribe(socket, "1", "{ endless }")
        assert (await hear(socket))["payload"][0]["extensions"]["code"] == "TIMEOUT"


async def test_the_source_is_closed_when_the_client_leaves(start_server: StartServer) -> None:
    server = await start_server()
    async with initialised(server) as socket:
        await subscribe(socket, "1", "subscription { silence }")
        await hear(socket)
    async with asyncio.timeout(SECONDS_MAX):
        await server.stage.closed.wait()


async def test_a_client_that_does_not_read_loses_its_connection(start_server: StartServer) -> None:
    server = await start_server(send_seconds_max=0.1)
    async with connected(server, max_queue=1, compression=None) as socket:
        await say(socket, type="connection_init")
        await hear(socket)
        await subscribe(socket, "1", "subscription { flood }")
        async with asyncio.timeout(SECONDS_MAX):
            await server.stage.closed.wait()
        assert await close_code(socket) in (1006, 1011)


async def test_operations_of_a_connection_are_limited(start_server: StartServer) -> None:
    server = await start_server(subscriptions_per_connection_max=1)
    async with initialised(server) as socket:
        await subscribe(socket, "1", "subscription { silence }")
        await hear(socket)
        await subscribe(socket, "2", "{ caller }")
        answer = await hear(socket)
        assert (answer["id"], answer["payload"][0]["extensions"]["code"]) == ("2", "TOO_MANY_SUBSCRIPTIONS")


async def test_operations_of_the_process_are_limited(start_server: StartServer) -> None:
    server = await start_server(subscriptions_per_process_max=1)
    async with initialised(server) as one, initialised(server) as other:
        await subscribe(one, "1", "subscription { silence }")
        await hear(one)
        await subscribe(other, "1", "{ caller }")
        assert (await hear(other))["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
