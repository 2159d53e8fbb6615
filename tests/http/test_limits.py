"""Every limit refuses with a typed error, cheaply."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.transport.documents import Documents
from gateway.transport.limits import Limits
from gateway.transport.refusals import DocumentInvalid, DocumentTooComplex
from tests.http.conftest import Server, StartServer
from tests.http.toy_schema import schema

# Measured as processor time, so that other work on the machine does not count.
REFUSAL_SECONDS_MAX = 0.05


def nested(levels: int) -> str:
    return "{ node " + "{ child " * levels + "{ name }" + " }" * (levels + 1)


def fragments(count: int, body: str) -> str:
    return " ".join(f"fragment f{i} on Query {{ {body.format(i=i, next=i + 1)} }}" for i in range(count))


HOSTILE = {
    "500 levels": nested(500),
    "20 levels": nested(20),
    "levels in fragments": "{ node { ...f0 } } "
    + " ".join(f"fragment f{i} on Node {{ child {{ child {{ ...f{i + 1} }} }} }}" for i in range(20))
    + " fragment f20 on Node { name }",
    "inline fragments": "{ " + "... { " * 100 + "caller" + " }" * 101,
    "10,000 aliases": "{ " + " ".join(f"a{i}: caller" for i in range(10_000)) + " }",
    "300 aliases": "{ " + " ".join(f"a{i}: caller" for i in range(300)) + " }",
    "10,000 directives": "{ caller " + "@skip(if: false) " * 10_000 + "}",
    "100 directives": "{ caller " + "@skip(if: false) " * 100 + "}",
    "1 MB": "{ caller } #" + "x" * 1_000_000,
    "tokens": "{ " + "caller " * 5_000 + "}",
    "comments": "#\n" * 10_000 + "{ caller }",
    "operations": " ".join(f"query q{i} {{ caller }}" for i in range(100)),
    "fragments": "{ ...f0 } " + fragments(100, "caller"),
    "circular fragment": "{ ...f0 } fragment f0 on Query { ...f1 } fragment f1 on Query { ...f0 }",
    "fragment of itself": "{ ...f0 } fragment f0 on Query { ...f0 }",
    "doubling fragments": "{ ...f0 } " + fragments(40, "...f{next} ...f{next}") + "fragment f40 on Query { caller }",
    "doubling empty fragments": "{ ...f0 } " + fragments(40, "...f{next} ...f{next}") + "fragment f40 on Query { }",
    "repeated fields": "{ " + "caller " * 200 + "}",
    "repeated nested fields": "{ " + "node { name name name name name } " * 30 + "}",
    "fragments of one name": "{ caller } " + "fragment f on Query { caller } " * 200,
    "repeated in fragments of one name": "{ caller } " + ("fragment f on Query { " + "caller " * 100 + "} ") * 20,
    "repeated in fragments": "{ "
    + " ".join(f"...f{i}" for i in range(40))
    + " } "
    + fragments(40, "node {{ name name }}"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused_cheaply(text: str) -> None:
    documents = Documents(schema._schema, Limits(), development=False)
    seconds = []
    for _ in range(3):
        started = time.process_time()
        with pytest.raises(DocumentTooComplex):
            documents.document(text)
        seconds.append(time.process_time() - started)
    assert min(seconds) < REFUSAL_SECONDS_MAX
    assert len(documents) == 0


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_document_is_answered_with_a_typed_error(server: Server, text: str) -> None:
    response = await server.http.post(server.graphql, json={"query": text})
    codes = [error["extensions"]["code"] for error in response.json()["errors"]]
    assert response.status_code in (400, 413)
    assert codes in (["QUERY_TOO_COMPLEX"], ["BODY_TOO_LARGE"])


def test_everything_up_to_the_limits_is_accepted() -> None:
    documents = Documents(schema._schema, Limits(), development=False)
    documents.document(nested(14))
    documents.document("{ " + " ".join(f"a{i}: node {{ name }}" for i in range(250)) + " }")
    documents.document("{ ...f } fragment f on Query { ... { node { ...g } } } fragment g on Node { name }")


def test_fragments_that_do_not_exist_are_left_to_validation() -> None:
    documents = Documents(schema._schema, Limits(), development=False)
    with pytest.raises(DocumentInvalid) as invalid:
        documents.document("{ ...nowhere }")
    assert invalid.value.code == "GRAPHQL_VALIDATION_FAILED"


COSTLY = [
    ("{ node { children(first: 1000) { children(first: 100) { name } } } }", {}),
    ("query ($n: Int!) { node { children(first: $n) { name } } }", {"n": 1_000_000}),
    ("query ($n: Int = 1000000) { node { children(first: $n) { name } } }", {}),
    ("query ($l: [String!]!) { nodes(names: $l) { children(first: 100) { name } } }", {"l": ["a"] * 1000}),
    ('{ nodes(names: ["a", "b", "c"]) { ...f } } fragment f on Node { children(first: 20000) { name } }', {}),
    ("{ node { ... { children(first: 99999) { name } } } }", {}),
]


@pytest.mark.parametrize(("query", "variables"), COSTLY)
async def test_an_answer_of_too_many_fields_is_refused(
    server: Server, query: str, variables: dict[str, object]
) -> None:
    response = await server.http.post(server.graphql, json={"query": query, "variables": variables})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (400, "QUERY_TOO_COMPLEX")


async def test_long_lists_within_the_cost_are_answered(server: Server) -> None:
    query = "query ($l: [String!]!) { nodes(names: $l) { name } }"
    response = await server.http.post(server.graphql, json={"query": query, "variables": {"l": ["a"] * 250}})
    assert len(response.json()["data"]["nodes"]) == 250


async def test_a_body_that_says_it_is_too_large_is_refused_at_once(start_server: StartServer) -> None:
    server = await start_server(body_bytes_max=1000)
    host, _, port = server.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50000000\r\n\r\n"
    )
    async with asyncio.timeout(30):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    writer.close()
    await writer.wait_closed()


async def test_a_body_without_a_length_is_refused_when_it_has_become_too_large(
    start_server: StartServer,
) -> None:
    server = await start_server(body_bytes_max=1000)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    response = await server.http.post(server.graphql, content=chunks(), headers={"content-type": "application/json"})
    assert response.status_code == 413


async def test_a_body_that_does_not_arrive_is_given_up(start_server: StartServer) -> None:
    server = await start_server(body_seconds_max=0.05)
    host, _, port = server.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
    async with asyncio.timeout(30):
        answer = await reader.read()  # to its end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"BODY_TOO_SLOW" in answer
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_forgotten(server: Server) -> None:
    host, _, port = server.address.partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    response: httpx.Response = await server.http.post(server.graphql, json={"query": "{ caller }"})
    assert response.status_code == 200


def test_documents_are_kept_up_to_a_number_of_tokens() -> None:
    limits = Limits(cached_tokens_max=1000)
    documents = Documents(schema._schema, limits, development=False)
    first = documents.document("{ caller }")
    assert documents.document("{ caller }") is first
    for number in range(200):
        documents.document(f"{{ a{number}: caller }}")
    assert len(documents) <= 50
    assert documents.document("{ caller }") is not first


def test_a_document_larger_than_the_cache_is_not_kept() -> None:
    documents = Documents(schema._schema, Limits(cached_tokens_max=30), development=False)
    documents.document("{ " + " ".join(f"a{i}: caller" for i in range(20)) + " }")
    assert len(documents) == 0
