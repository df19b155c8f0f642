"""The fourth gate: who must say yes (package `gavel.approval`). No answer, or an empty one, is a refusal."""

from __future__ import annotations

from pydantic import ValidationError

from policies.engine import PolicyEngine
from policies.gate import Finding, JudgeContext, policy_refusals
from tools.contracts.common import JsonObject
from tools.contracts.verdict import ApprovalRequirement, GateName, Refusal

PACKAGE = "gavel.approval"


class ApprovalGate:
    """Asks the engine for the requirement and checks that somebody could meet it."""

    name: GateName = "approval"

    def __init__(self, engine: PolicyEngine) -> None:
        self._engine = engine

    @property
    def engine(self) -> str:
        return self._engine.name

    async def judge(self, plan: JsonObject, context: JudgeContext, /) -> Finding:
        """See :class:`policies.gate.Gate`. Gives the requirement exactly when it refuses nothing."""
        decision = await self._engine.decide(PACKAGE, approval_input(plan, context))
        refusals = policy_refusals("approval", decision)
        if refusals:
            return Finding(refusals)
        if decision.get("excluded") != [context.caller.user]:
            return _refused("approval.requester", "The policy does not exclude the person who asked from approving.")
        try:
            requirement = ApprovalRequirement.model_validate(decision.get("requirement"))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            return _refused(
                "approval.requirement", f"The policy gives no usable requirement ({place}: {first['msg']})."
            )
        return Finding(requirement=requirement)


def approval_input(plan: JsonObject, context: JudgeContext) -> JsonObject:
    """What `gavel.approval` decides on."""
    council = context.council
    return {
        "caller": {"org": context.caller.org, "user": context.caller.user},
        "task": {"risk_level": context.spec.risk_level},
        "plan": {key: plan[key] for key in ("org", "environment", "asset_ids") if key in plan},
        "council": {
            "mode": council.mode,
            "consensus": council.consensus,
            "dissent": len(council.dissent),
            "agreement": council.agreement,
            "degraded": council.degraded,
        },
        "approval_expiry_seconds": context.approval_expiry_seconds,
    }


def _refused(rule: str, reason: str) -> Finding:
    return Finding([Refusal(gate="approval", rule=rule, reason=reason, repairable=False)])
