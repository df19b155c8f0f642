"""The second gate: what the organisation's policies say of the plan (package `gavel.plan`)."""

from __future__ import annotations

from policies.engine import PolicyEngine, is_list, is_object
from policies.gate import Finding, JudgeContext, ToolCatalog, policy_refusals
from tools.contracts.common import JsonObject
from tools.contracts.verdict import GateName

PACKAGE = "gavel.plan"


class PolicyGate:
    """Asks the engine. It adds nothing to its answer and takes nothing away."""

    name: GateName = "policy"

    def __init__(self, engine: PolicyEngine, catalog: ToolCatalog) -> None:
        self._engine = engine
        self._catalog = catalog

    @property
    def engine(self) -> str:
        return self._engine.name

    async def judge(self, plan: JsonObject, context: JudgeContext, /) -> Finding:
        """See :class:`policies.gate.Gate`."""
        decision = await self._engine.decide(PACKAGE, plan_input(plan, context, self._catalog))
        return Finding(policy_refusals("policy", decision))


def plan_input(plan: JsonObject, context: JudgeContext, catalog: ToolCatalog) -> JsonObject:
    """What `gavel.plan` decides on. `tools` holds the risks of the tools the plan names, from the registry."""
    named = {name: catalog.get(name) for name in sorted(_tools_named(plan))}
    return {
        "org": context.caller.org,
        "now": context.now.isoformat(),
        "caller": {"user": context.caller.user, "roles": list(context.caller.roles)},
        "task": {"environment": context.spec.environment},
        "tools": {name: tool.risk for name, tool in named.items() if tool is not None},
        "plan": plan,
    }


def _tools_named(value: object) -> set[str]:
    """Every `tool` at any depth, so that a tool is found wherever a contract puts its actions."""
    if is_object(value):
        own = value.get("tool")
        inner = {name for item in value.values() for name in _tools_named(item)}
        return inner | {own} if isinstance(own, str) else inner
    if is_list(value):
        return {name for item in value for name in _tools_named(item)}
    return set()
