"""HTTP responses of the endpoint, sent as plain ASGI messages."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.types import Send

from gateway.transport.media_types import ResponseType

# Answers depend on the caller's key, and stock is out of date at once.
_CACHE_CONTROL = (b"cache-control", b"no-store")
_JSON = (b"content-type", b"application/json; charset=utf-8")
_GRAPHQL = (b"content-type", b"application/graphql-response+json; charset=utf-8")


async def send_json(
    send: Send,
    media_type: ResponseType | None,
    status: HTTPStatus,
    payload: dict[str, Any],
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send a GraphQL response as the negotiated type, else as plain JSON.

    Raises `TypeError` when the payload cannot be written as JSON, before anything is sent.
    """
    body = orjson.dumps(payload)
    content_type = _GRAPHQL if media_type is ResponseType.GRAPHQL else _JSON
    raw = [content_type, (b"content-length", str(len(body)).encode()), _CACHE_CONTROL]
    if headers:
        raw.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())
    await send({"type": "http.response.start", "status": int(status), "headers": raw})
    await send({"type": "http.response.body", "body": body})
