"""Real MCP servers, over HTTP in this process or as child processes, and a real dispatcher in front of them."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.mcpserver import MCPServer
from starlette.types import ASGIApp

from bot.local.estate import SampleEstate
from bot.local.processes import EXEC_CHILD
from tests.unit.agents.bench import Entries
from tools.base import Tool, ToolAuthorizer, ToolCall, ToolFailure, ToolResult
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.dispatcher import Dispatcher, build_dispatcher
from tools.mcp.declared import Address, DeclaredServer, DeclaredTool, Program
from tools.mcp.opening import surveyed
from tools.mcp.surveying import Survey
from tools.origin import EVERYWHERE
from tools.registry import ToolRegistry

ORG, TASK = "T1", "T1-C1-1700000000.000100"
HERE = Path(__file__).parent
START_SECONDS = 60.0
"""This machine may be busy; nothing in here waits for it to pass."""


def declared_tool(name: str, **changes: Any) -> DeclaredTool:
    tool = DeclaredTool(
        name=name,
        risk="read_only",
        scope="org",
        agents=frozenset({"incident", "drift"}),
        environments=EVERYWHERE,
        idempotent=True,
        timeout_seconds=60,
    )
    return replace(tool, **changes)


def program(script: str, *args: str, **env: str) -> Program:
    """As the bot runs one: bound to this process."""
    bound = (sys.executable, "-I", "-S", str(EXEC_CHILD), str(os.getpid()))
    here = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE.parents[2]), **env}
    return Program((*bound, sys.executable, str(HERE / script), *args), here)


def server_of(reached: Program | Address, *tools: DeclaredTool | str, **changes: Any) -> DeclaredServer:
    chosen = tuple(declared_tool(tool) if isinstance(tool, str) else tool for tool in tools)
    server = DeclaredServer("metrics", reached, chosen, start_seconds=START_SECONDS)
    return replace(server, **changes)


@asynccontextmanager
async def listening(app: ASGIApp, *, port: int = 0) -> AsyncGenerator[str]:
    """Its address, without a path."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        task = asyncio.create_task(server.serve(sockets=[door]))
        try:
            while not server.started:
                assert not task.done()
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def over_http(server: MCPServer | Server[Any], *, port: int = 0) -> AsyncGenerator[Address]:
    async with listening(server.streamable_http_app(), port=port) as origin:
        yield Address(f"{origin}/mcp")


class Allows:
    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        return []


@dataclass
class Lab:
    """The dispatcher of one investigation, with the tools that were taken from servers."""

    surveys: list[Survey]
    registry: ToolRegistry
    dispatcher: Dispatcher
    entries: Entries
    calls: int = field(default=0)

    @property
    def names(self) -> list[str]:
        return self.registry.names()

    @property
    def left_out(self) -> dict[str, str]:
        return {left.tool: left.why for survey in self.surveys for left in survey.left_out}

    async def call(
        self, tool: str, /, *, server: str = "metrics", environment: str | None = None, **params: Any
    ) -> ToolResult:
        self.calls += 1
        return await self.dispatcher.dispatch(
            ToolCall(
                id=f"call-{self.calls}",
                tool=f"mcp__{server}__{tool}",
                params=params,
                caller=Caller(org=ORG, user="U1", roles=["operator"]),
                task_id=TASK,
                allowed_tools=frozenset(self.names),
                environment=environment,
            )
        )

    async def output(self, tool: str, /, **params: Any) -> JsonObject:
        result = await self.call(tool, **params)
        assert result.output is not None, result.failure
        return result.output

    async def failure(self, tool: str, /, **params: Any) -> ToolFailure:
        result = await self.call(tool, **params)
        assert result.failure is not None, result.output
        return result.failure


@asynccontextmanager
async def lab(*servers: DeclaredServer, authorizer: ToolAuthorizer | None = None) -> AsyncGenerator[Lab]:
    async with surveyed(servers) as surveys:
        registry, entries = ToolRegistry(), Entries()
        for tool in taken(surveys):
            registry.add(tool)
        dispatcher = build_dispatcher(
            registry=registry,
            estate=SampleEstate(Path("/nonexistent")),
            authorizer=authorizer or Allows(),
            recorder=entries,
            grant_key=b"k" * 32,
            now=lambda: datetime(2026, 11, 26, 12, tzinfo=UTC),
            redact=lambda text: text.replace("hunter2", "[redacted]"),
        )
        yield Lab(surveys, registry, dispatcher, entries)


def taken(surveys: Sequence[Survey]) -> list[Tool]:
    return [tool for survey in surveys for tool in survey.tools]
