"""Layer 4's say on a single tool call (package `gavel.tools`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from policies.engine import PolicyEngine, PolicyUndefined, is_list
from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject

PACKAGE = "gavel.tools"


class PolicyAuthorizer:
    """A :class:`tools.base.ToolAuthorizer`."""

    def __init__(self, engine: PolicyEngine, *, now: Callable[[], datetime]) -> None:
        """`now` gives the time with its zone."""
        self._engine = engine
        self._now = now

    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        """Reasons to refuse; empty means allowed. Raises :class:`policies.engine.PolicyUnavailable`."""
        try:
            decision = await self._engine.decide(PACKAGE, tool_input(tool, call, now=self._now()))
        except PolicyUndefined as error:
            return [str(error)]
        return sorted(entry["reason"] for entry in decision["deny"])


def tool_input(tool: Tool, call: ToolCall, *, now: datetime) -> JsonObject:
    """What `gavel.tools` decides on. Of the parameters it sees the assets alone."""
    return {
        "now": now.isoformat(),
        "task_id": call.task_id,
        "caller": {"org": call.caller.org, "user": call.caller.user, "roles": list(call.caller.roles)},
        "tool": {"name": tool.name, "risk": tool.risk, "scope": tool.scope},
        "call": {
            "tool": call.tool,
            "environment": call.environment,
            "allowed_tools": sorted(call.allowed_tools),
            "asset_ids": _assets(call.params),
        },
        "grant": None if call.grant is None else call.grant.model_dump(mode="json"),
    }


def _assets(params: JsonObject) -> object:
    """The assets a call names: `asset_ids`, and `asset_id` where a tool takes one. Not a list: left for the policy."""
    many = params.get("asset_ids", [])
    one = [params["asset_id"]] if "asset_id" in params else []
    return [*many, *one] if is_list(many) else many
