"""The MCP servers of the settings, as the worker and `gavel doctor` reach them."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.local.processes import EXEC_CHILD, PASSED_ON
from bot.redaction import redacted
from bot.settings_mcp import McpServer, McpSettings, McpTool
from tools.base import Tool
from tools.mcp.declared import Address, DeclaredServer, DeclaredTool, HarmlessRisk, Program
from tools.mcp.opening import surveyed

if TYPE_CHECKING:
    from tools.mcp.surveying import Survey

log = logging.getLogger(__name__)

_HARMLESS: Mapping[str, HarmlessRisk] = {"read_only": "read_only", "plan_only": "plan_only"}


@dataclass(frozen=True)
class Declared:
    """What can be asked, and what cannot even be tried."""

    servers: list[DeclaredServer]
    unready: dict[str, str]
    """Name → why: a variable that is not set, a program that is not there."""


def declared(settings: McpSettings, environ: Mapping[str, str]) -> Declared:
    """Reads the tokens. Servers without a declared tool are asked, too: `gavel doctor` lists what they have."""
    servers: list[DeclaredServer] = []
    unready: dict[str, str] = {}
    for name, server in settings.servers.items():
        reached = _reached(server, environ)
        if isinstance(reached, str):
            unready[name] = reached
            continue
        servers.append(
            DeclaredServer(
                name=name,
                reached=reached,
                tools=tuple(_tool(tool, one, server) for tool, one in server.tools.items()),
                start_seconds=server.start_seconds,
                orgs=None if server.orgs is None else frozenset(server.orgs),
                tell_caller=server.tell_caller,
            )
        )
    return Declared(servers, unready)


def _reached(server: McpServer, environ: Mapping[str, str]) -> Program | Address | str:
    """A string says what is missing."""
    if server.url is not None:
        token = environ.get(server.token_env, "") if server.token_env is not None else None
        return f"{server.token_env} is not set" if token == "" else Address(server.url, token)
    path = shutil.which(server.command or "", path=environ.get("PATH"))
    if path is None:
        return f"there is no program {server.command}"
    if missing := [name for name in server.pass_env if not environ.get(name)]:
        return f"{', '.join(missing)} is not set"
    env = {name: environ[name] for name in (*PASSED_ON, *server.pass_env) if name in environ}
    env |= {name: value.get_secret_value() for name, value in server.env.items()}
    # It dies with this process, however this process ends.
    bound = (sys.executable, "-I", "-S", str(EXEC_CHILD), str(os.getpid()), os.path.abspath(path))
    return Program((*bound, *server.args), env)


def _tool(name: str, tool: McpTool, server: McpServer) -> DeclaredTool:
    return DeclaredTool(
        name=name,
        risk=_HARMLESS[tool.risk],
        scope=tool.scope,
        agents=frozenset(tool.agents),
        environments=frozenset(tool.environments),
        idempotent=tool.idempotent,
        timeout_seconds=tool.timeout_seconds or server.timeout_seconds,
        definition=tool.definition,
    )


@asynccontextmanager
async def server_tools(settings: McpSettings, environ: Mapping[str, str]) -> AsyncGenerator[list[Tool]]:
    """The tools that are declared and there, for a registry. What is left out is told in the log, and stays out until
    the next start."""
    asked = declared(settings, environ)
    for name, why in asked.unready.items():
        log.warning("No tool of the MCP server %s is taken: %s. See `gavel doctor`.", name, why)
    async with surveyed([server for server in asked.servers if server.tools]) as surveys:
        _tell(surveys)
        yield [tool for survey in surveys for tool in survey.tools]


def _tell(surveys: Sequence[Survey]) -> None:
    for survey in surveys:
        name = survey.server.name
        if survey.away:
            log.warning("No tool of the MCP server %s is taken: %s.", name, redacted(survey.away))
            continue
        log.info("Of the MCP server %s are taken: %s.", name, ", ".join(t.name for t in survey.tools) or "no tools")
        for left in survey.left_out:
            if left.undeclared:
                log.info("Of the MCP server %s is not taken: %s.", name, redacted(str(left)))
            else:
                log.warning("Of the MCP server %s is not taken: %s.", name, redacted(str(left)))
