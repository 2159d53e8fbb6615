"""What a client is told about errors, and what is logged."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.transport.endpoint import GraphQLEndpoint
from tests.http.conftest import Server, StartServer
from tests.http.toy_schema import context_for


async def answer(server: Server, query: str, key: str | None = None) -> tuple[int, dict[str, Any]]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    response = await server.http.post(server.graphql, json={"query": query}, headers=headers)
    return response.status_code, response.json()


async def test_an_unexpected_error_is_masked_and_logged_once_under_its_id(server: Server) -> None:
    with capture_logs() as logs:
        status, payload = await answer(server, "{ broken caller }")
    (error,) = payload["errors"]
    assert (status, payload["data"]) == (200, {"broken": None, "caller": None})
    assert error["message"] == "Internal error"
    assert error["path"] == ["broken"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(payload)
    (entry,) = logs
    assert entry["error_id"] == error["extensions"]["errorId"]
    assert str(entry["exc_info"]) == "secret of the resolver"


async def test_errors_made_for_the_client_are_shown(server: Server) -> None:
    with capture_logs() as logs:
        _, payload = await answer(server, "{ refused shown }")
    shown = [(error["message"], error["extensions"]) for error in payload["errors"]]
    assert shown == [("not for you", {"code": "FORBIDDEN"}), ("meant for the client", {"code": "SHOWN"})]
    assert logs == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"{{ node {{ children(first: {'9' * 5_000}) {{ name }} }} }}", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($first: Int = null) { node { children(first: $first) { name } } }", "BAD_USER_INPUT"),
    ],
    ids=["a number that Python does not read", "a default of null where there must be a value"],
)
async def test_what_only_the_values_get_wrong_is_no_fault_of_ours(server: Server, query: str, code: str) -> None:
    with capture_logs() as logs:
        _, payload = await answer(server, query)
    assert ([error["extensions"]["code"] for error in payload["errors"]], logs) == ([code], [])


async def test_an_unknown_key_is_refused_before_the_document_is_looked_at(server: Server) -> None:
    response = await server.http.post(
        server.graphql, json={"query": "{ missing }"}, headers={"authorization": "Bearer wrong"}
    )
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_failure_to_make_the_context_is_masked(server: Server) -> None:
    with capture_logs() as logs:
        status, payload = await answer(server, "{ caller }", key="broken")
    assert (status, payload["errors"][0]["message"]) == (500, "Internal error")
    assert len(logs) == 1


async def test_an_operation_is_cancelled_at_its_deadline(start_server: StartServer) -> None:
    server = await start_server(request_seconds_max=0.3)
    status, payload = await answer(server, "{ endless }")
    assert (status, payload["errors"][0]["extensions"]["code"]) == (504, "TIMEOUT")
    async with asyncio.timeout(30):
        await server.stage.cancelled.wait()


async def test_a_schema_with_extensions_is_refused() -> None:
    import strawberry
    from strawberry.extensions import ParserCache

    from tests.http.toy_schema import Query, Stage

    schema = strawberry.Schema(Query, extensions=[ParserCache])
    with pytest.raises(ValueError, match="extensions"):
        GraphQLEndpoint(schema, context_for(Stage()))
