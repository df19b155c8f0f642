"""Gate 4: who must approve (`ql.ai.approval`). No roles, no quorum or no answer: refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from policies.decisions import ask
from policies.engine import PolicyEngine
from policies.gate import Finding, JudgeContext
from tools.contracts.common import JsonObject
from tools.contracts.verdict import ApprovalRequirement, Refusal


@dataclass(frozen=True)
class ApprovalGate:
    engine: PolicyEngine
    name: Literal["approval"] = "approval"

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        council = context.council
        document: JsonObject = {
            "caller": {"org": context.caller.org, "user": context.caller.user},
            "task": {"risk_level": context.spec.risk_level},
            "plan": {key: plan.get(key) for key in ("org", "environment", "asset_ids")},
            "council": {
                "mode": council.requested_mode,
                "consensus": council.consensus,
                "dissent": len(council.dissent),
                "agreement": council.agreement,
                "degraded": council.degraded,
            },
            "approval_expiry_seconds": context.approval_expiry_seconds,
        }
        decision, refusals = await ask(self.engine, "ql.ai.approval", document, gate="approval")
        if refusals:
            return Finding(refusals, engine=self.engine.name)
        if decision.get("excluded") != [context.caller.user]:
            reason = "the policy does not exclude the person who asked from approving"
            refusal = Refusal(gate="approval", rule="approval.requester", reason=reason, repairable=False)
            return Finding([refusal], engine=self.engine.name)
        try:
            requirement = ApprovalRequirement.model_validate(decision.get("requirement"))
        except ValidationError as error:
            reason = f"the policy named nobody who may approve: {error.errors()[0]['msg']}"
            refusal = Refusal(gate="approval", rule="approval.no_requirement", reason=reason, repairable=False)
            return Finding([refusal], engine=self.engine.name)
        return Finding([], engine=self.engine.name, requirement=requirement)
