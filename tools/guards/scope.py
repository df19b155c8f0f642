"""Org and environment come from the caller and the task. Parameters can narrow them and never widen them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tools.base import Tool, ToolCall
from tools.connectors.base import Estate, EstateError
from tools.contracts.common import JsonObject
from tools.guards.base import CallRefused, ToolGuard, changes_state
from tools.guards.shapes import is_list
from tools.lookup import assets_by_id, listed


@dataclass(frozen=True)
class WithinScope(ToolGuard):
    """Refuses a call that names assets or an environment outside the caller's org or the task's environment.

    A call that names no environment, where the tool takes one, is narrowed to the task's.
    """

    estate: Estate

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        if changes_state(tool):
            _require_matching_risk(call, tool)
        scoped = _within_environment(call, tool)
        await self._require_own_assets(scoped, tool)
        return await super().run(scoped, tool)

    async def _require_own_assets(self, call: ToolCall, tool: Tool) -> None:
        asset_ids = named_assets(call)
        if not asset_ids:
            return
        try:
            known = await assets_by_id(self.estate, call.caller.org, asset_ids)
        except EstateError as error:
            raise CallRefused("tool_error", f"{tool.name} was not run. {error}") from error
        # Another org's asset and one that never was get the same answer: it tells nothing of another tenant.
        if unknown := [asset_id for asset_id in asset_ids if asset_id not in known]:
            raise CallRefused(
                "out_of_scope",
                f"{tool.name} was not run. Not in this org's estate: {listed(unknown)}."
                " Use ids exactly as query_assets returned them.",
            )
        outside = [
            f"{asset_id} ({known[asset_id].environment})"
            for asset_id in asset_ids
            if call.environment is not None and known[asset_id].environment != call.environment
        ]
        if outside:
            raise CallRefused(
                "out_of_scope",
                f"{tool.name} was not run. This task is about {call.environment}; not: {listed(outside)}.",
            )


def named_assets(call: ToolCall) -> list[str]:
    """The asset ids in a call's parameters, each once, in order."""
    named: object = call.params.get("asset_ids")
    return list(dict.fromkeys(str(asset_id) for asset_id in named)) if is_list(named) else []


def _require_matching_risk(call: ToolCall, tool: Tool) -> None:
    production = tool.risk == "state_change_prod"
    if call.environment is None or (call.environment == "production") is not production:
        raise CallRefused(
            "out_of_scope",
            f"{tool.name} was not run. It changes {'production' if production else 'non-production'} only,"
            f" and this task is about {call.environment or 'no single environment'}.",
        )


def _within_environment(call: ToolCall, tool: Tool) -> ToolCall:
    if call.environment is None or "environment" not in tool.input.model_fields:
        return call
    named = call.params.get("environment")
    if named is None:
        return replace(call, params={**call.params, "environment": call.environment})
    if named != call.environment:
        raise CallRefused(
            "out_of_scope",
            f"{tool.name} was not run. This task is about {call.environment}; ask for that, not {str(named)[:32]!r}.",
        )
    return call
