"""Which tools there are, and which of them this caller's agent or phase may call."""

from __future__ import annotations

from dataclasses import dataclass

from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject
from tools.guards.base import CallRefused, ToolGuard, ToolHandler
from tools.registry import ToolRegistry


@dataclass(frozen=True)
class KnownTool:
    """Finds the tool. The link between the guards before and after a tool is known."""

    inner: ToolHandler
    registry: ToolRegistry

    async def handle(self, call: ToolCall) -> JsonObject:
        tool = self.registry.get(call.tool)
        if tool is None:
            raise CallRefused(
                "unknown_tool",
                f"There is no tool {call.tool[:64]!r}; nothing was run. Yours: {_names(call)}.",
            )
        return await self.inner.run(call, tool)


@dataclass(frozen=True)
class AllowedTool(ToolGuard):
    """Refuses a tool that is not the agent's own (or the phase's), whatever the registry holds."""

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        if tool.name not in call.allowed_tools:
            raise CallRefused("not_allowed", f"{tool.name} may not be called here. Yours: {_names(call)}.")
        return await super().run(call, tool)


def _names(call: ToolCall) -> str:
    return ", ".join(sorted(call.allowed_tools)) or "none"
