import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from gateway.transport.body import read_bounded
from gateway.transport.refusals import BodyTooLarge

SECONDS_MAX = 30


def request(*messages: Message, **headers: str) -> Request:
    arriving = iter(messages)

    async def receive() -> Message:
        return next(arriving)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


def chunk(body: bytes, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_read_up_to_exactly_its_limit() -> None:
    assert await read_bounded(request(chunk(b"abc", more=True), chunk(b"de")), 5, SECONDS_MAX) == b"abcde"
    assert await read_bounded(request(chunk(b"")), 5, SECONDS_MAX) == b""
    with pytest.raises(BodyTooLarge):
        await read_bounded(request(chunk(b"abc", more=True), chunk(b"def")), 5, SECONDS_MAX)


async def test_a_declared_length_is_refused_before_anything_is_read() -> None:
    for length in ("6", "9" * 5000):
        with pytest.raises(BodyTooLarge):
            await read_bounded(request(content_length=length), 5, SECONDS_MAX)


async def test_a_client_that_leaves_is_told_apart_from_an_empty_body() -> None:
    with pytest.raises(ClientDisconnect):
        await read_bounded(request(chunk(b"a", more=True), {"type": "http.disconnect"}), 5, SECONDS_MAX)
