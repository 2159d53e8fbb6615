"""Reading a request body of bounded size in bounded time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from gateway.transport.refusals import BodyTooLarge, BodyTooSlow


async def read_bounded(request: Request, bytes_max: int, seconds_max: float) -> bytes:
    """Return the whole body.

    Raises `BodyTooLarge` (at once when Content-Length already says so, else as soon as the limit is passed),
    `BodyTooSlow` when it has not arrived after `seconds_max`, and Starlette's `ClientDisconnect`.
    """
    declared = request.headers.get("content-length", "")
    # Twenty digits are more than any size, and int() is slow on millions of them.
    if declared.isdecimal() and int(declared[:20]) > bytes_max:
        raise _too_large(bytes_max)
    try:
        async with asyncio.timeout(seconds_max):
            return await _read(request, bytes_max)
    except TimeoutError:
        # The rest of this body may still arrive: the connection cannot carry another request.
        message = f"The request body did not arrive within {seconds_max:g} seconds"
        raise BodyTooSlow(message, headers={"connection": "close"}) from None


async def _read(request: Request, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > bytes_max:
            raise _too_large(bytes_max)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(bytes_max: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than {bytes_max} bytes")
