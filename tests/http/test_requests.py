"""Requests and answers over HTTP, beyond what the public audit covers."""

import json
from typing import Any

import httpx
import pytest

from tests.http.conftest import Server, StartServer

STRICT = {"accept": "application/graphql-response+json"}


async def send(server: Server, query: str, **parameters: Any) -> httpx.Response:
    return await server.http.post(server.graphql, json={"query": query, **parameters})


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


async def test_a_query_is_answered(server: Server) -> None:
    response = await send(server, "query ($text: String!) { echo(text: $text) }", variables={"text": "ü💶"})
    assert response.json() == {"data": {"echo": "ü💶"}}
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


async def test_the_named_operation_is_executed(server: Server) -> None:
    document = "query A { node { name } } query B { caller }"
    assert (await send(server, document, operationName="B")).json() == {"data": {"caller": None}}
    assert (await send(server, document)).status_code == 400
    assert (await send(server, document, operationName="C")).status_code == 400


async def test_a_get_request_may_query_but_not_change(server: Server) -> None:
    queried = await server.http.get(
        server.graphql,
        params={"query": "query ($t: String!) { echo(text: $t) }", "variables": json.dumps({"t": "a&b"})},
    )
    assert queried.json() == {"data": {"echo": "a&b"}}
    mutation = 'mutation { rename(name: "x") { name } }'
    changed = await server.http.get(server.graphql, params={"query": mutation})
    assert (changed.status_code, changed.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "query_string",
    ["", "query=%FF", "query={caller}&query={caller}", "query={caller}&variables=[", "&".join(["a=1"] * 30)],
)
async def test_a_bad_query_string_is_refused(server: Server, query_string: str) -> None:
    assert (await server.http.get(f"{server.graphql}?{query_string}")).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_not_allowed(server: Server, method: str) -> None:
    response = await server.http.request(method, server.graphql)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "INVALID_JSON"),
        (b'{"query": "{ caller }"', "INVALID_JSON"),
        (b'{"query": "{ caller }", "variables": {"a": NaN}}', "INVALID_JSON"),
        (b'{"query": "\xff"}', "INVALID_JSON"),
        (b"[" * 100_000, "INVALID_JSON"),
        (b'[{"query": "{ caller }"}]', "BATCHING_NOT_ACCEPTED"),
        (b'"{ caller }"', "BAD_REQUEST"),
        (b'{"query": ["{ caller }"]}', "BAD_REQUEST"),
    ],
)
async def test_a_malformed_body_is_refused(server: Server, body: bytes, expected: str) -> None:
    headers = {"content-type": "application/json"}
    response = await server.http.post(server.graphql, content=body, headers=headers)
    assert (response.status_code, code(response)) == (400, expected)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_only_plain_json_is_read(server: Server, headers: dict[str, str]) -> None:
    response = await server.http.post(server.graphql, content=b'{"query":"{ caller }"}', headers=headers)
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_an_answer_that_cannot_be_accepted_is_refused(server: Server) -> None:
    response = await server.http.post(server.graphql, json={"query": "{ caller }"}, headers={"accept": "image/png"})
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


async def test_a_subscription_needs_a_stream(server: Server) -> None:
    response = await send(server, "subscription { count(to: 1) }")
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ missing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($t: String!) { echo(text: $t) }", "BAD_USER_INPUT"),
    ],
)
async def test_what_is_not_executed_is_a_failure_only_for_the_newer_media_type(
    server: Server, query: str, expected: str
) -> None:
    older = await send(server, query)
    newer = await server.http.post(server.graphql, json={"query": query}, headers=STRICT)
    assert (older.status_code, newer.status_code) == (200, 400)
    assert code(older) == code(newer) == expected
    assert "data" not in newer.json()


async def test_suggestions_and_introspection_are_for_development(start_server: StartServer) -> None:
    production, development = await start_server(), await start_server(development=True)
    typing_error = "{ caler }"
    assert "Did you mean" not in (await send(production, typing_error)).text
    assert "Did you mean" in (await send(development, typing_error)).text
    introspection = "{ __schema { queryType { name } } }"
    assert "introspection has been disabled" in (await send(production, introspection)).text
    assert (await send(development, introspection)).json()["data"]["__schema"]["queryType"]["name"] == "Query"


async def test_graphiql_is_for_development(start_server: StartServer) -> None:
    production, development = await start_server(), await start_server(development=True)
    html = {"accept": "text/html,*/*;q=0.1"}
    page = await development.http.get(development.graphql, headers=html)
    assert page.status_code == 200
    assert "GraphiQL</title>" in page.text
    # Where its scripts cannot be had, it leads on to the console, before its own script needs them.
    assert page.text.index("?console") < page.text.index("React.createElement")
    assert (await production.http.get(production.graphql, headers=html)).status_code == 400


async def test_the_console_asks_no_other_server_and_runs_its_own_script_only(
    start_server: StartServer,
) -> None:
    server = await start_server(development=True)
    page = await server.http.get(f"{server.graphql}?console", headers={"accept": "text/html"})
    assert "<title>GraphQL console</title>" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "//" not in page.text.replace("// ", "")
