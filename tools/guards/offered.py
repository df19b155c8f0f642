"""A tool that a server offers is for whom the operator named, and for nobody else."""

from __future__ import annotations

from dataclasses import dataclass

from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject
from tools.guards.base import CallRefused, ToolGuard


@dataclass(frozen=True)
class Offered(ToolGuard):
    """Refuses a call of another org, or of a task about another environment, whatever its agent was given."""

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        origin = tool.origin
        if origin is not None and not origin.open_to(org=call.caller.org, environment=call.environment):
            raise CallRefused(
                "not_allowed",
                f"{tool.name} was not run: it is not offered here"
                f" ({call.environment or 'no single environment'}). Answer from your other tools.",
            )
        return await super().run(call, tool)
