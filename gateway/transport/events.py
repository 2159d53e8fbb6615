"""Answers as server-sent events, one connection per operation.

"Distinct connections mode" of https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson
from starlette.types import Message, Receive, Send

from gateway.transport.execution import Payload
from gateway.transport.limits import Limits
from gateway.transport.masking import request_errors

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (
        b"x-accel-buffering",
        b"no",
    ),  # https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
]
_HEARTBEAT = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"


async def send_events(receive: Receive, send: Send, answers: AsyncGenerator[Payload], limits: Limits) -> None:
    """Send every answer, then `complete`; end early when the client leaves.

    Answers are asked for one at a time, so a slow client holds one of them in memory; a client that does not
    read for `send_seconds_max` loses its subscription.
    """
    stream = _EventStream(send, limits.send_seconds_max)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(_send_all(stream, answers, limits.heartbeat_seconds))
        leaving = tasks.create_task(_client_left(receive))
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        sending.cancel()
        leaving.cancel()


class _EventStream:
    def __init__(self, send: Send, seconds_max: float) -> None:
        self._send = send
        self._seconds_max = seconds_max

    async def start(self) -> None:
        await self._bounded({"type": "http.response.start", "status": 200, "headers": _HEADERS})

    async def write(self, chunk: bytes, *, more: bool = True) -> None:
        await self._bounded({"type": "http.response.body", "body": chunk, "more_body": more})

    async def _bounded(self, message: Message) -> None:
        async with asyncio.timeout(self._seconds_max):
            await self._send(message)


async def _send_all(stream: _EventStream, answers: AsyncGenerator[Payload], heartbeat_seconds: float) -> None:
    try:
        async with aclosing(answers):
            await stream.start()
            # A new stream says something at once, so that proxies pass its headers on.
            await stream.write(_HEARTBEAT)
            while (payload := await _next(stream, answers, heartbeat_seconds)) is not None:
                await stream.write(b"event: next\ndata: " + _json(payload) + b"\n\n")
            await stream.write(_COMPLETE, more=False)
    except TimeoutError:
        return  # the client does not read: returning without an end breaks the connection


async def _next(stream: _EventStream, answers: AsyncGenerator[Payload], heartbeat_seconds: float) -> Payload | None:
    answer = asyncio.ensure_future(anext(answers, None))
    try:
        while not (await asyncio.wait({answer}, timeout=heartbeat_seconds))[0]:
            await stream.write(_HEARTBEAT)
        return answer.result()
    finally:
        # The generator can be closed only once it is not running.
        answer.cancel()
        await asyncio.wait({answer})


def _json(payload: Payload) -> bytes:
    try:
        return orjson.dumps(payload)
    except TypeError as error:
        return orjson.dumps({"errors": request_errors(error)})


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
