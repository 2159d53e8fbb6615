"""The address at which software agents are answered, over the protocol's Streamable HTTP.

https://modelcontextprotocol.io/specification/latest/basic/transports
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gateway.agents.server import PRINCIPAL, AgentTools
from gateway.authentication import Authentication
from gateway.rest.problems import refusal
from gateway.settings import Settings
from gateway.transport.refusals import OperationTimeout


class AgentEndpoint:
    """An ASGI application. It keeps no sessions, so that any process can answer any request."""

    def __init__(self, tools: AgentTools, authentication: Authentication, settings: Settings) -> None:
        self._server = tools.server(version("inventory-gateway"))
        self._authentication = authentication
        self._body_bytes_max = settings.body_bytes_max
        self._seconds_max = settings.request_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            async with asyncio.timeout(self._seconds_max):
                setattr(request.state, PRINCIPAL, await self._authentication.principal(request))
                await self._answer(scope, receive, send)
        except TimeoutError:
            await refusal(OperationTimeout(self._seconds_max))(scope, receive, send)
        except Exception as error:
            await refusal(error)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A manager can be run once only, and without sessions there is nothing to keep in it.
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=self._body_bytes_max
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)
