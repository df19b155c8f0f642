"""An MCP server that says what a test chooses."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from mcp_types import Tool as WireTool

from tests.unit.mcp.lab import over_http
from tools.mcp.declared import Address

NOTHING: dict[str, Any] = {"type": "object", "properties": {}}


def find(**changes: Any) -> WireTool:
    return WireTool.model_validate({"name": "find", "description": "Finds.", "input_schema": NOTHING, **changes})


def said(text: str = "ok", **changes: Any) -> CallToolResult:
    return CallToolResult.model_validate({"content": [TextContent(text=text)], **changes})


@dataclass
class Liar:
    """An MCP server whose tools and answers a test chooses, and changes while it runs."""

    tools: list[WireTool] = field(default_factory=lambda: [find()])
    answer: CallToolResult | InputRequiredResult = field(default_factory=said)
    before: Callable[[ServerRequestContext[Any]], Awaitable[None]] | None = None
    called: list[str] = field(default_factory=list[str])

    @asynccontextmanager
    async def reached(self) -> AsyncGenerator[Address]:
        async def listed(
            _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
        ) -> ListToolsResult:
            return ListToolsResult(tools=self.tools)

        async def called(
            context: ServerRequestContext[Any], params: CallToolRequestParams
        ) -> CallToolResult | InputRequiredResult:
            self.called.append(params.name)
            if self.before is not None:
                await self.before(context)
            return self.answer

        async with over_http(Server("liar", on_list_tools=listed, on_call_tool=called)) as address:
            yield address
