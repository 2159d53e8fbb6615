"""The `/graphql` endpoint: HTTP here, WebSocket and server-sent events by their own modules.

https://graphql.github.io/graphql-over-http/draft/
"""

import asyncio
from functools import partial
from http import HTTPStatus

import strawberry
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.transport import parameters
from gateway.transport.body import read_bounded
from gateway.transport.console import console_page, graphiql_page
from gateway.transport.events import send_events
from gateway.transport.execution import ContextFor, Execution, Operation, Payload
from gateway.transport.limits import Limits
from gateway.transport.masking import request_errors
from gateway.transport.media_types import ResponseType, is_json, negotiate
from gateway.transport.refusals import DocumentInvalid, OperationTimeout, RequestRefused
from gateway.transport.responses import send_json
from gateway.transport.subscriptions import SubscriptionSlots
from gateway.transport.websocket import WebSocketSession


class GraphQLEndpoint:
    """An ASGI application that serves a Strawberry schema.

    `context_for` makes the context of one operation, and of each event of a subscription; it reads the caller's
    key from the `Authorization` header of the connection, where a key sent in the payload of `connection_init` is
    put too. It may raise `Unauthenticated`, or any other `RequestRefused`. With `development` there is GraphiQL
    for browsers, and introspection and suggestions are answered.

    Requests carry a bearer token and never a cookie, so another site's page has nothing to forge them with:
    that is why GET is allowed without a further header. POST takes application/json only, which a form
    cannot send.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        context_for: ContextFor,
        *,
        limits: Limits | None = None,
        development: bool = False,
    ) -> None:
        self._context_for = context_for
        self._limits = limits or Limits()
        self._pages = (graphiql_page(), console_page()) if development else None
        self._execution = Execution(schema, self._limits, development=development)
        self._slots = SubscriptionSlots(self._limits.subscriptions_per_process_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            websocket = WebSocket(scope, receive, send)
            await WebSocketSession(websocket, self._execution, self._context_for, self._limits, self._slots).run()
            return
        request = Request(scope, receive)
        html = self._pages is not None and request.method == "GET"
        media_type = negotiate(",".join(request.headers.getlist("accept")), html=html)
        try:
            await self._serve(request, media_type, send)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            payload = {"errors": request_errors(error)}
            headers = error.headers if isinstance(error, RequestRefused) else None
            await send_json(send, media_type, _status(error, media_type), payload, headers)

    async def _serve(self, request: Request, media_type: ResponseType | None, send: Send) -> None:
        if request.method not in ("GET", "POST"):
            raise _method_not_allowed("Only GET and POST are accepted", "GET, POST")
        if media_type is None:
            raise _not_acceptable("The answer is one of: " + ", ".join(ResponseType))
        if media_type is ResponseType.HTML and self._pages is not None:
            await self._pages["console" in request.query_params](request.scope, request.receive, send)
            return
        body = await self._body(request) if request.method == "POST" else None
        if media_type is ResponseType.EVENTS:
            await self._stream(request, body, send)
        else:
            await send_json(send, media_type, HTTPStatus.OK, await self._answer(request, body))

    async def _answer(self, request: Request, body: bytes | None) -> Payload:
        seconds_max = self._limits.request_seconds_max
        try:
            async with asyncio.timeout(seconds_max) as deadline:
                # Who is calling is asked first: error messages tell about the schema.
                context = await self._context_for(request)
                operation = self._operation(request, body)
                if operation.type is OperationType.SUBSCRIPTION:
                    raise _not_acceptable(f"Subscriptions need {ResponseType.EVENTS}, or a WebSocket")
                return await self._execution.answer(operation, context)
        except TimeoutError:
            if deadline.expired():
                raise OperationTimeout(seconds_max) from None
            raise

    async def _stream(self, request: Request, body: bytes | None, send: Send) -> None:
        with self._slots.held():
            async with asyncio.timeout(self._limits.request_seconds_max):
                context = await self._context_for(request)
            operation = self._operation(request, body)
            answers = self._execution.answers(operation, context, partial(self._context_for, request))
            await send_events(request.receive, send, answers, self._limits)

    def _operation(self, request: Request, body: bytes | None) -> Operation:
        if body is not None:
            return self._execution.operation(parameters.from_json(body))
        operation = self._execution.operation(parameters.from_query_string(request.scope["query_string"]))
        if operation.type is OperationType.MUTATION:
            raise _method_not_allowed("Mutations are sent by POST", "POST")
        return operation

    async def _body(self, request: Request) -> bytes:
        headers = request.headers
        encoding = headers.get("content-encoding", "identity").lower()
        if not is_json(headers.get("content-type", "")) or encoding != "identity":
            raise RequestRefused(
                "The request body must be application/json in UTF-8, not compressed",
                status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                code="UNSUPPORTED_MEDIA_TYPE",
            )
        return await read_bounded(request, self._limits.body_bytes_max, self._limits.body_seconds_max)


def _not_acceptable(message: str) -> RequestRefused:
    return RequestRefused(message, status=HTTPStatus.NOT_ACCEPTABLE, code="NOT_ACCEPTABLE")


def _method_not_allowed(message: str, allowed: str) -> RequestRefused:
    return RequestRefused(
        message, status=HTTPStatus.METHOD_NOT_ALLOWED, code="METHOD_NOT_ALLOWED", headers={"allow": allowed}
    )


def _status(error: Exception, media_type: ResponseType | None) -> HTTPStatus:
    if isinstance(error, RequestRefused):
        return error.status
    if isinstance(error, DocumentInvalid):
        # A client that asks for the older type takes any status but 200 for a failure of the network.
        return HTTPStatus.OK if media_type is ResponseType.JSON else HTTPStatus.BAD_REQUEST
    return HTTPStatus.INTERNAL_SERVER_ERROR
