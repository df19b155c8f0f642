"""Layer 4's say on a single tool call (`ql.ai.tools`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from policies.decisions import ask
from policies.engine import PolicyEngine, is_list
from policies.gate import Clock
from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject


@dataclass(frozen=True)
class PolicyAuthorizer:
    """Implements `tools.base.ToolAuthorizer`."""

    engine: PolicyEngine
    now: Clock

    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        """Reasons to refuse; empty means allowed. Raises `PolicyUnavailable`."""
        document: JsonObject = {
            "now": self.now().astimezone(UTC).isoformat(),
            "task_id": call.task_id,
            "caller": {"org": call.caller.org, "user": call.caller.user, "roles": list(call.caller.roles)},
            "tool": {
                "name": tool.name,
                "risk": tool.risk,
                "scope": tool.scope,
                "server": tool.origin.server if tool.origin is not None else None,
            },
            "call": {
                "tool": call.tool,
                "environment": call.environment,
                "allowed_tools": sorted(call.allowed_tools),
                "asset_ids": _assets(call.params),
            },
            "grant": call.grant.model_dump(mode="json") if call.grant else None,
        }
        _, refusals = await ask(self.engine, "ql.ai.tools", document, gate="policy")
        return [refusal.reason for refusal in refusals]


def _assets(params: JsonObject) -> object:
    """`asset_ids`, and `asset_id` where a tool takes one. What is no list goes on as it is: the policy refuses it."""
    many: object = params.get("asset_ids", [])
    one = [params["asset_id"]] if "asset_id" in params else []
    return [*many, *one] if is_list(many) else many
