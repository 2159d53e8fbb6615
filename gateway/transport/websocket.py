"""GraphQL over WebSocket, protocol graphql-transport-ws.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from contextlib import aclosing
from functools import partial
from typing import Any

import orjson
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.transport import parameters
from gateway.transport.execution import ContextFor, Execution
from gateway.transport.limits import Limits
from gateway.transport.masking import request_errors
from gateway.transport.refusals import RequestRefused
from gateway.transport.subscriptions import SubscriptionSlots, TooManySubscriptions

PROTOCOL = "graphql-transport-ws"
OPERATION_ID_CHARACTERS_MAX = 128


class _Closing(Exception):
    """Ends the session with a close code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        # A close frame holds 125 bytes, two of them for the code.
        self.reason = reason.encode()[:123].decode(errors="ignore")


class WebSocketSession:
    """One connection: its operations run at the same time, each asking for its next answer once the last is sent.

    Nothing is buffered for a client that does not read; after `send_seconds_max` its connection is closed.
    """

    def __init__(
        self,
        websocket: WebSocket,
        execution: Execution,
        context_for: ContextFor,
        limits: Limits,
        slots: SubscriptionSlots,
    ) -> None:
        self._websocket = websocket
        self._execution = execution
        self._context_for = context_for
        self._limits = limits
        self._slots = slots
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """Serve the connection until it ends; never raises for what a client does."""
        try:
            await self._serve()
        except WebSocketDisconnect:
            return
        except _Closing as closing:
            await self._close(closing)

    async def _serve(self) -> None:
        offered = PROTOCOL in self._websocket.scope["subprotocols"]
        await self._websocket.accept(subprotocol=PROTOCOL if offered else None)
        if not offered:
            raise _Closing(4406, f"Subprotocol not acceptable: only {PROTOCOL} is spoken")
        connection = await self._initialised()
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._handle(await self._message(), connection, tasks)
        except* (_Closing, WebSocketDisconnect) as group:
            # One cause ends the session; what fails after it is its consequence.
            ending = group.exceptions[0]
        raise ending

    async def _initialised(self) -> HTTPConnection:
        try:
            async with asyncio.timeout(self._limits.connection_init_seconds_max):
                message = await self._message()
                if message.get("type") != "connection_init":
                    raise _Closing(4401, "Unauthorized")
                connection = _with_key(self._websocket, message.get("payload"))
                # Made to see whether the caller is known; each operation gets a context of its own.
                await self._context_for(connection)
        except TimeoutError:
            raise _Closing(4408, "Connection initialisation timeout") from None
        except (_Closing, WebSocketDisconnect):
            raise
        except Exception as error:
            code = 4403 if isinstance(error, RequestRefused) else 4500
            raise _Closing(code, request_errors(error)[0]["message"]) from error
        await self._send({"type": "connection_ack"})
        return connection

    async def _message(self) -> dict[str, Any]:
        # A silent client may stay: the server's own pings find out whether it is still there.
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            data = orjson.loads(message.get("text") or b"")
        except orjson.JSONDecodeError:
            raise _Closing(4400, "Messages are JSON text") from None
        if not isinstance(data, dict):
            raise _Closing(4400, "Messages are JSON objects")
        return data

    async def _handle(self, message: dict[str, Any], connection: HTTPConnection, tasks: asyncio.TaskGroup) -> None:
        match message.get("type"):
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message, connection, tasks)
            case "complete":
                # Given up at once: the client may use the id again before the task has ended.
                operation = self._operations.pop(_operation_id(message), None)
                if operation is not None:
                    operation.cancel()
            case "connection_init":
                raise _Closing(4429, "Too many initialisation requests")
            case _:
                raise _Closing(4400, "Unknown type of message")

    def _subscribe(self, message: dict[str, Any], connection: HTTPConnection, tasks: asyncio.TaskGroup) -> None:
        operation_id = _operation_id(message)
        if operation_id in self._operations:
            raise _Closing(4409, f"Subscriber for {operation_id} already exists")
        operation = self._operate(operation_id, message.get("payload"), connection)
        self._operations[operation_id] = task = tasks.create_task(operation)
        task.add_done_callback(lambda ended: self._forget(operation_id, ended))

    def _forget(self, operation_id: str, ended: asyncio.Task[None]) -> None:
        if self._operations.get(operation_id) is ended:
            del self._operations[operation_id]

    async def _operate(self, operation_id: str, payload: object, connection: HTTPConnection) -> None:
        try:
            if len(self._operations) > self._limits.subscriptions_per_connection_max:
                raise TooManySubscriptions("This connection has as many operations as it may")
            with self._slots.held():
                operation = self._execution.operation(parameters.from_mapping(payload))
                async with asyncio.timeout(self._limits.request_seconds_max):
                    context = await self._context_for(connection)
                context_again = partial(self._context_for, connection)
                async with aclosing(self._execution.answers(operation, context, context_again)) as answers:
                    async for answer in answers:
                        if "data" not in answer:
                            await self._send({"id": operation_id, "type": "error", "payload": answer["errors"]})
                            return
                        await self._send({"id": operation_id, "type": "next", "payload": answer})
                await self._send({"id": operation_id, "type": "complete"})
        except (_Closing, WebSocketDisconnect):
            raise
        except Exception as error:
            await self._send({"id": operation_id, "type": "error", "payload": request_errors(error)})

    async def _send(self, message: dict[str, Any]) -> None:
        text = orjson.dumps(message).decode()
        try:
            async with asyncio.timeout(self._limits.send_seconds_max), self._sending:
                await self._websocket.send({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise _Closing(1011, "The client does not read") from None

    async def _close(self, closing: _Closing) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds_max):
                await self._websocket.close(closing.code, closing.reason)
        except (TimeoutError, WebSocketDisconnect):
            return  # the server drops the connection when the application returns


def _operation_id(message: dict[str, Any]) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not 0 < len(operation_id) <= OPERATION_ID_CHARACTERS_MAX:
        raise _Closing(4400, f"'id' must be a string of 1 to {OPERATION_ID_CHARACTERS_MAX} characters")
    return operation_id


def _with_key(websocket: WebSocket, payload: object) -> HTTPConnection:
    """The connection, with the key that browsers cannot send as a header taken from the payload."""
    scope = dict(websocket.scope)
    if isinstance(payload, dict):
        for name, value in payload.items():
            if name.lower() == "authorization" and isinstance(value, str):
                others = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
                scope["headers"] = [*others, (b"authorization", value.encode("latin-1", "replace"))]
    return HTTPConnection(scope)
