"""One address of the REST API: who asks, may they, is it well-formed; then the endpoint's own work."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from gateway.authentication import Authentication
from gateway.inventory.access import Scope
from gateway.inventory.errors import Code
from gateway.rest.bodies import Body
from gateway.rest.endpoint import Asked, Endpoint
from gateway.rest.in_progress import InProgress
from gateway.rest.problems import Refused, invalid_body, refusal
from gateway.rest.texts import KEY_PATTERN
from gateway.settings import Settings
from gateway.transport.body import read_bounded
from gateway.transport.media_types import is_json
from gateway.transport.refusals import OperationTimeout

B = TypeVar("B", bound=Body)

_KEY = re.compile(KEY_PATTERN.removesuffix("$") + r"\Z", re.ASCII)
_ESCAPED = re.compile(r'\\(["\\])')


class Resource:
    """An ASGI application for the endpoints of one path, one per method."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint[Any]],
        authentication: Authentication,
        in_progress: InProgress,
        settings: Settings,
    ) -> None:
        self._endpoints: Mapping[str, Endpoint[Any]] = {endpoint.method: endpoint for endpoint in endpoints}
        self._authentication = authentication
        self._in_progress = in_progress
        self._body_bytes_max = settings.body_bytes_max
        self._seconds_max = settings.request_timeout_seconds

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._bounded(request)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            response = refusal(error)
        await response(scope, receive, send)

    async def _bounded(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(self._seconds_max) as deadline:
                return await self._answer(request)
        except TimeoutError:
            if deadline.expired():
                raise OperationTimeout(self._seconds_max) from None
            raise

    async def _answer(self, request: Request) -> Response:
        endpoint = self._endpoints.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            return self._method_not_allowed(request.method)
        principal = await self._authentication.principal(request)
        # Who may read the stock may know what of it is available.
        reads = endpoint.scope is Scope.AVAILABILITY_READ and principal.may(Scope.INVENTORY_READ)
        principal.require(Scope.INVENTORY_READ if reads else endpoint.scope)
        key = idempotency_key(request.headers.getlist("idempotency-key")) if endpoint.keyed else ""
        body = await self._body(request, endpoint)
        asked = Asked(principal, body, request.path_params, key)
        work = partial(endpoint.handle, asked)
        answered = await (self._in_progress.run(principal.client, key, work) if endpoint.keyed else work())
        headers = {"cache-control": "no-store"}
        if answered.replayed:
            headers["idempotency-replayed"] = "true"
        content = answered.answer.model_dump_json(by_alias=True)
        return Response(content, endpoint.status, headers, "application/json")

    async def _body(self, request: Request, endpoint: Endpoint[B]) -> B:
        if endpoint.method == "GET":
            return endpoint.body()
        data = await read_bounded(request, self._body_bytes_max, self._seconds_max)
        if not data and not endpoint.body_required:
            return endpoint.body()
        if not is_json(request.headers.get("content-type", "")) or "content-encoding" in request.headers:
            message = "The request body must be application/json in UTF-8, not compressed."
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
        try:
            return endpoint.body.model_validate_json(data)
        except ValidationError as error:
            raise invalid_body(error) from None

    def _method_not_allowed(self, method: str) -> Response:
        allowed = ", ".join(sorted(self._endpoints))
        message = f"This address takes {allowed}."
        response = refusal(Refused(HTTPStatus.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message))
        response.headers["allow"] = allowed
        return response


def idempotency_key(headers: Sequence[str]) -> str:
    """The key, without the quotation marks of a structured header.

    https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
    """
    if not headers:
        message = "Send an Idempotency-Key header: one new key for each intended change, the same for its repetitions."
        raise Refused(HTTPStatus.BAD_REQUEST, "IDEMPOTENCY_KEY_REQUIRED", message, ("Idempotency-Key",))
    if len(headers) > 1 or not _KEY.match(headers[0]):
        message = "An Idempotency-Key is 1 to 255 printable ASCII characters, in quotation marks or without."
        raise Refused(HTTPStatus.BAD_REQUEST, Code.INVALID_CHARACTERS, message, ("Idempotency-Key",))
    [key] = headers
    return _ESCAPED.sub(r"\1", key[1:-1]) if key.startswith('"') else key


class Nowhere:
    """The ASGI application for every other address under the API's prefix."""

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        response = refusal(Refused(HTTPStatus.NOT_FOUND, "NOT_FOUND", "There is nothing at this address."))
        await response(scope, receive, send)
