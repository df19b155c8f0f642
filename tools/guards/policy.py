"""Layer 4's say on a single call."""

from __future__ import annotations

from dataclasses import dataclass

from tools.base import Tool, ToolAuthorizer, ToolCall
from tools.contracts.common import JsonObject
from tools.guards.base import CallRefused, ToolGuard


@dataclass(frozen=True)
class PolicyAllows(ToolGuard):
    """Asks the policies. An engine that cannot be asked has not said yes."""

    authorizer: ToolAuthorizer

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        try:
            reasons = await self.authorizer.authorize(tool, call)
        except Exception as error:
            raise CallRefused(
                "unavailable",
                f"{tool.name} was not run: the policies could not be asked ({error or type(error).__name__})."
                " Try again when they can be.",
            ) from error
        if reasons:
            raise CallRefused("policy", f"{tool.name} was not run: {'; '.join(reasons)}.")
        return await super().run(call, tool)
