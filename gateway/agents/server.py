"""The Model Context Protocol: which tools there are, and calling one in the name of a client.

https://modelcontextprotocol.io/specification/latest/server/tools
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from pydantic import ValidationError

from gateway.agents.tool import Tool
from gateway.inventory.access import Forbidden, Principal
from gateway.rest.answers import Answer
from gateway.rest.problems import invalid_body, problem_of

PRINCIPAL = "principal"
"""Where the endpoint leaves, in the request's state, who asks."""

INSTRUCTIONS = """\
The one true stock count of a business. Quantities are whole units. What is available can be promised to a new buyer.
Hold before you promise anything to anybody: only a hold keeps units from others, until it expires. Confirm it once
it is paid; release it if it is not wanted any more. Errors say by `code` what is wrong, by `field` where, and by
`retryable` whether the same call may succeed later."""


class AgentTools:
    """Lists and calls the tools, each client's own: those that its API key has the scope for."""

    def __init__(self, tools: Sequence[Tool[Any]]) -> None:
        self._tools: Mapping[str, Tool[Any]] = {tool.name: tool for tool in tools}

    def server(self, version: str) -> Server[Any]:
        return Server(
            "inventory-gateway",
            title="Inventory gateway",
            version=version,
            instructions=INSTRUCTIONS,
            on_list_tools=self.listed,
            on_call_tool=self.called,
        )

    async def listed(
        self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        principal = _principal(context)
        return ListToolsResult(
            tools=[tool.description_for_clients() for tool in self._tools.values() if tool.is_for(principal)]
        )

    async def called(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, "There is no tool with this name.")
        try:
            answer = await self._answer(tool, _principal(context), params.arguments or {})
        except ValidationError as error:
            return _result(invalid_body(error).problem, is_error=True)
        except Exception as error:
            return _result(problem_of(error), is_error=True)
        return _result(answer)

    async def _answer(self, tool: Tool[Any], principal: Principal, arguments: Mapping[str, Any]) -> Answer:
        if not tool.is_for(principal):
            raise Forbidden(tool.scope)
        # Written by the standard library: it has no limit to numbers, which the form then refuses by name.
        return await tool.work(principal, tool.form.model_validate_json(json.dumps(arguments)))


def _principal(context: ServerRequestContext[Any]) -> Principal:
    assert context.request is not None, "the endpoint passes every request on"
    principal = getattr(context.request.state, PRINCIPAL)
    assert isinstance(principal, Principal)
    return principal


def _result(answer: Answer, *, is_error: bool = False) -> CallToolResult:
    content = answer.model_dump(mode="json", by_alias=True, exclude_none=is_error)
    # Clients of the older protocol read the text, newer ones the structure.
    text = TextContent(type="text", text=orjson.dumps(content).decode())
    return CallToolResult(content=[text], structured_content=content, is_error=is_error)
