"""Layer 4's say on a single tool call (`gavel.tools`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from policies.decisions import ask
from policies.engine import PolicyEngine
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
        named: object = call.params.get("asset_ids")
        document: JsonObject = {
            "now": self.now().astimezone(UTC).isoformat(),
            "task_id": call.task_id,
            "caller": {"org": call.caller.org, "user": call.caller.user, "roles": list(call.caller.roles)},
            "tool": {"name": tool.name, "risk": tool.risk, "scope": tool.scope},
            "call": {
                "tool": call.tool,
                "environment": call.environment,
                "allowed_tools": sorted(call.allowed_tools),
                "asset_ids": named if isinstance(named, list) else [],
            },
            "grant": call.grant.model_dump(mode="json") if call.grant else None,
        }
        _, refusals = await ask(self.engine, "gavel.tools", document, gate="policy")
        return [refusal.reason for refusal in refusals]
