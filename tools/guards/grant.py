"""A tool that changes state cannot be reached without an execution grant, whatever a model says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject
from tools.grants import grant_is_authentic
from tools.guards.base import CallRefused, ToolGuard, changes_state
from tools.guards.scope import named_assets
from tools.lookup import listed
from tools.resources import named_resources


@dataclass(frozen=True)
class Granted(ToolGuard):
    """Asks state-changing calls for a signed, unexpired grant that names this org, task, tool and these assets and
    resources."""

    key: bytes
    now: Callable[[], datetime]

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        if changes_state(tool):
            lacking = self._lacking(call, tool)
            if lacking:
                raise CallRefused(
                    "no_grant",
                    f"{tool.name} was not run and nothing was changed: {lacking}."
                    " Only an approved plan's execution may change state.",
                )
        return await super().run(call, tool)

    def _lacking(self, call: ToolCall, tool: Tool) -> str:
        """Why the grant does not cover the call; empty when it does."""
        grant = call.grant
        if grant is None:
            return "the call has no execution grant"
        if not grant_is_authentic(grant, self.key):
            return "its execution grant has no valid signature"
        # A moment without a zone cannot be compared with one that has: it is no deadline.
        if grant.expires_at.tzinfo is None or grant.expires_at <= self.now():
            return f"its execution grant expired at {grant.expires_at.isoformat()}"
        if grant.org != call.caller.org or grant.task_id != call.task_id:
            return "its execution grant is for another org or task"
        if grant.environment != call.environment:
            return f"its execution grant is for {grant.environment}, not {call.environment}"
        if not grant.approvers and not (grant.waiver and tool.risk == "state_change_nonprod"):
            return "its execution grant names nobody who approved"
        if tool.name not in grant.tools:
            return f"its execution grant does not name {tool.name}"
        if ungranted := [asset_id for asset_id in named_assets(call) if asset_id not in grant.asset_ids]:
            return f"its execution grant does not name {listed(ungranted)}"
        if ungranted := [name for name in named_resources(call.params) if name not in grant.resource_ids]:
            return f"its execution grant does not name {listed(ungranted)}"
        return ""
