"""`gavel tools list|show|call`. A call goes through the one dispatcher, in the name of whoever typed it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.base import Tool, ToolResult
from tools.contracts.common import Environment, JsonObject, ToolRisk
from tools.guards.shapes import is_object
from tools.mcp.names import PREFIX, registry_name
from tools.registry import ToolRegistry, build_registry

if TYPE_CHECKING:
    from bot.settings_mcp import McpTool

EXIT_REFUSED = 1
"""The call was refused or failed. Why is on stderr (with `--json`: in the object)."""
EXIT_NOT_CALLED = 2
"""The call could not be made: a wrong parameter file, an unknown name, a part that is away."""

AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Name = Annotated[str, typer.Argument(help="The tool, as `list` names it.", show_default=False)]


@dataclass(frozen=True)
class ServersTool:
    """A tool of an MCP server as it is declared: whether the server has it, `gavel doctor` asks."""

    name: str
    """As agents call it."""
    server: str
    declared: McpTool

    def summary(self) -> JsonObject:
        said = self.declared
        return {
            "name": self.name,
            "risk": said.risk,
            "scope": said.scope,
            "idempotent": said.idempotent,
            "server": self.server,
            "agents": said.agents,
            "environments": said.environments,
        }


def tools_app() -> typer.Typer:
    """The sub-app. `show` needs no configuration, `list` reads which MCP tools are declared in it; `call` opens what
    this installation has."""
    app = typer.Typer(help="The tools that agents work with.", no_args_is_help=True)
    registry = build_registry()

    @app.command(name="list")
    def list_(
        risk: Annotated[ToolRisk | None, typer.Option("--risk", help="Only tools of this risk.")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Name every tool, its risk and its scope; those of MCP servers as they are declared. With `--json`, one object
        a line."""
        tools = [tool for name in registry.names() if (tool := registry.get(name)) is not None]
        declared = [each for each in _of_servers() if risk in (None, each.declared.risk)]
        _print_list([tool for tool in tools if risk in (None, tool.risk)], declared, as_json=as_json)

    @app.command()
    def show(name: Name, as_json: AsJson = False) -> None:
        """Show what one tool does, takes and gives."""
        _print_tool(_tool(registry, name), registry, as_json=as_json)

    @app.command()
    def call(
        name: Name,
        params: Annotated[
            str, typer.Argument(help="Parameters as a JSON object; `@FILE` reads a file, `-` reads stdin.")
        ] = "{}",
        environment: Annotated[
            Environment | None, typer.Option("--environment", "-e", help="Ask about this environment only.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Call a tool that reads or plans. What changes state is refused: only an approved plan's execution may.

        The call is recorded in the ledger, like every other. Exit 1 when it was refused or failed.
        """
        tool = _tool(registry, name)
        given = _params(params)
        result = asyncio.run(_call(registry, tool.name, given, environment))
        _print_result(result, as_json=as_json)
        if not result.ok:
            raise typer.Exit(EXIT_REFUSED)

    return app


async def _call(registry: ToolRegistry, name: str, params: JsonObject, environment: Environment | None) -> ToolResult:
    # Late: SQLAlchemy and the policy engine are of no use to `list`, `show` and `--help`.
    from bot.terminal import open_terminal, terminal_inputs

    inputs = await asyncio.to_thread(terminal_inputs)
    async with open_terminal(inputs, registry) as terminal:
        return await terminal.call(name, params, environment=environment)


def _of_servers() -> list[ServersTool]:
    # Late: `--help` needs no settings.
    from bot.settings import load_settings

    return [
        ServersTool(registry_name(server, tool), server, declared)
        for server, of in sorted(load_settings().mcp.servers.items())
        for tool, declared in sorted(of.tools.items())
    ]


def _tool(registry: ToolRegistry, name: str) -> Tool:
    tool = registry.get(name)
    if tool is None and name.startswith(f"{PREFIX}__"):
        _refuse(
            f"{name[:64]!r} is a tool of an MCP server: tasks call it, a terminal does not. `gavel doctor` says what "
            "its server has."
        )
    if tool is None:
        _refuse(f"There is no tool {name[:64]!r}. `gavel tools list` names all {len(registry.names())}.")
    return tool


def _params(text: str) -> JsonObject:
    """Raises `typer.Exit` for what is no JSON object."""
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        _refuse(f"The parameters could not be read ({error}). Nothing was called.")
    try:
        value: object = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        _refuse(f"The parameters are no JSON ({error}). Nothing was called.")
    if not is_object(value):
        _refuse('The parameters must be a JSON object, such as {"limit": 5}. Nothing was called.')
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"gavel: {sentence}", err=True)
    raise typer.Exit(EXIT_NOT_CALLED)


def _summary(tool: Tool) -> JsonObject:
    return {
        "name": tool.name,
        "risk": tool.risk,
        "scope": tool.scope,
        "idempotent": tool.idempotent,
        "timeout_seconds": tool.timeout_seconds,
        "description": tool.description,
    }


def _print_list(tools: list[Tool], declared: list[ServersTool], *, as_json: bool) -> None:
    if as_json:
        for tool in tools:
            typer.echo(json.dumps(_summary(tool)))
        for each in declared:
            typer.echo(json.dumps(each.summary()))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("tool", "risk", "scope"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what")
    colors = {"read_only": "green", "plan_only": "cyan", "state_change_nonprod": "yellow", "state_change_prod": "red"}
    for tool in tools:
        first, _, _ = tool.description.partition(". ")
        table.add_row(tool.name, Text(tool.risk, style=colors[tool.risk]), tool.scope, Text(first.rstrip(".")))
    for each in declared:
        risk, what = each.declared.risk, f"Of MCP server {each.server}, given to {', '.join(each.declared.agents)}"
        table.add_row(each.name, Text(risk, style=colors[risk]), each.declared.scope, Text(what))
    Console().print(table)


def _print_tool(tool: Tool, registry: ToolRegistry, *, as_json: bool) -> None:
    schemas: JsonObject = {"input": registry.input_schema(tool.name), "output": registry.output_schema(tool.name)}
    if as_json:
        typer.echo(json.dumps({**_summary(tool), **schemas}))
        return
    again = "safe to repeat" if tool.idempotent else "not safe to repeat"
    typer.echo(f"{tool.name}: {tool.risk}, scope {tool.scope}, at most {tool.timeout_seconds:g} s, {again}")
    typer.echo(f"\n{tool.description}")
    for name, schema in schemas.items():
        typer.echo(f"\n{name}:\n{json.dumps(schema, indent=2)}")


def _print_result(result: ToolResult, *, as_json: bool) -> None:
    failure = result.failure
    if as_json:
        told: JsonObject = {
            "tool": result.call.tool,
            "ok": result.ok,
            "output": result.output,
            "failure": None if failure is None else {"kind": failure.kind, "message": failure.message},
            "digest": result.digest,
            "call_id": result.call.id,
            "duration_ms": round(result.duration_ms, 1),
        }
        typer.echo(json.dumps(told))
    elif failure is not None:
        typer.echo(f"gavel: {printable(failure.message)}", err=True)
    else:
        typer.echo(printable(json.dumps(result.output, indent=2, ensure_ascii=False)))


def printable(text: str) -> str:
    """A tool's answer holds strangers' text: no control character may move the cursor or fake a line."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
