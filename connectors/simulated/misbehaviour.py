"""The ways a platform can fail its callers, on demand."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HANG_SECONDS_MAX = 60.0


class Misbehaviour(StrEnum):
    THROTTLED = "throttled"
    """429 with Retry-After."""
    THROTTLED_SILENTLY = "throttled_silently"
    """429 without saying how long."""
    UNAUTHORISED = "unauthorised"
    """401, as if the token had been taken back."""
    SERVER_ERROR = "server_error"
    HANG = "hang"
    SLOW_BODY = "slow_body"
    TRUNCATED_BODY = "truncated_body"
    BROKEN_JSON = "broken_json"
    WRONG_JSON = "wrong_json"
    HTML_PAGE = "html_page"
    ERROR_INSIDE_SUCCESS = "error_inside_success"
    NOTHING_CHANGED = "nothing_changed"
    """Success is claimed and the count stays as it was."""
    DROPPED_AFTER_APPLYING = "dropped_after_applying"


PLAYED: web.RequestKey["Misbehaviour"] = web.RequestKey("played", Misbehaviour)
"""On a request, the misbehaviour that depends on the vendor's protocol: the shop itself plays it."""


async def misbehave(
    kind: Misbehaviour, request: web.Request, handler: Handler, stopping: asyncio.Event
) -> web.StreamResponse:
    """The two that depend on the vendor's protocol are played by the shop itself."""
    match kind:
        case Misbehaviour.THROTTLED:
            return web.Response(status=429, headers={"Retry-After": "1"})
        case Misbehaviour.THROTTLED_SILENTLY:
            return web.Response(status=429)
        case Misbehaviour.UNAUTHORISED:
            return web.Response(status=401)
        case Misbehaviour.SERVER_ERROR:
            return web.Response(status=500, text="Internal Server Error")
        case Misbehaviour.HANG:
            await _wait(stopping)
            return web.Response(status=503)
        case Misbehaviour.SLOW_BODY:
            return await _cut_off(request, b"{" * 1000, stopping)
        case Misbehaviour.TRUNCATED_BODY:
            return await _cut_off(request, _body_of(await handler(request)), None)
        case Misbehaviour.BROKEN_JSON:
            body = _body_of(await handler(request))
            return web.Response(body=body[: len(body) // 2], content_type="application/json")
        case Misbehaviour.WRONG_JSON:
            return web.json_response({"surprise": 1})
        case Misbehaviour.HTML_PAGE:
            return web.Response(text="<html><body>We will be back soon</body></html>", content_type="text/html")
        case Misbehaviour.DROPPED_AFTER_APPLYING:
            await handler(request)
            _drop(request)
            return web.Response(status=500)
        case Misbehaviour.ERROR_INSIDE_SUCCESS | Misbehaviour.NOTHING_CHANGED:
            return await handler(request)


async def _cut_off(request: web.Request, body: bytes, stopping: asyncio.Event | None) -> web.StreamResponse:
    """Half of what was announced, then the end: at once, or when the shop stops."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if stopping is not None:
        await _wait(stopping)
    _drop(request)
    return response


async def _wait(stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(HANG_SECONDS_MAX):
            await stopping.wait()
    except TimeoutError:
        return


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _body_of(response: web.StreamResponse) -> bytes:
    return bytes(response.body) if isinstance(response, web.Response) and isinstance(response.body, bytes) else b"{}"
