"""Gate 4: who must approve (`ql.ai.approval`), and what may run without anybody's yes (`ql.ai.autonomy`).

No roles, no quorum or no answer: refused. What may run alone is said in so many words, or it is nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from policies.autonomy import PACKAGE as AUTONOMY
from policies.autonomy import AutonomyCheck, Judgement
from policies.decisions import ask
from policies.engine import PolicyEngine
from policies.gate import Finding, JudgeContext
from policies.schema import CONTRACTS, Output
from tools.contracts.common import JsonObject
from tools.contracts.plan import Plan
from tools.contracts.verdict import ApprovalRequirement, Refusal

PACKAGE = "ql.ai.approval"

NOT_REQUIRED = "not required: a report changes nothing"


@dataclass(frozen=True)
class ApprovalGate:
    engine: PolicyEngine
    autonomy: AutonomyCheck
    contracts: Mapping[str, Output] = field(default_factory=lambda: CONTRACTS)
    name: Literal["approval"] = "approval"

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        """See :class:`policies.gate.Gate`. A report is not approved: its contract holds no action."""
        if context.subject == "report":
            return Finding([], engine=NOT_REQUIRED)
        contract = self.contracts.get(context.contract)
        if contract is None or not issubclass(contract, Plan):
            return await self._required(plan, context, alone=None)
        typed = contract.model_validate(plan)
        # Asked beside the other question; where that one is answered with a no, nobody waits for this answer.
        alone = asyncio.create_task(
            self.autonomy.judge(typed, caller=context.caller, risk_level=context.spec.risk_level, now=context.now),
            name="how much may run alone",
        )
        try:
            return await self._required(plan, context, alone=alone)
        finally:
            alone.cancel()
            await asyncio.wait([alone])
            if not alone.cancelled():
                alone.exception()

    async def _required(
        self, plan: JsonObject, context: JudgeContext, *, alone: asyncio.Task[Judgement] | None
    ) -> Finding:
        """`alone`: what may run without approval. None: of such a contract that cannot be told."""
        document = approval_document(plan, context)
        documents: dict[str, JsonObject] = {PACKAGE: document}
        decision, refusals = await ask(self.engine, PACKAGE, document, gate="approval")
        if not refusals and decision.get("excluded") != [context.caller.user]:
            refusals = [_refusal("requester", "the policy does not exclude the person who asked from approving")]
        if refusals:
            return Finding(refusals, engine=self.engine.name, documents=documents)
        try:
            requirement = ApprovalRequirement.model_validate(decision.get("requirement"))
        except ValidationError as error:
            reason = f"the policy named nobody who may approve: {error.errors()[0]['msg']}"
            return Finding([_refusal("no_requirement", reason)], engine=self.engine.name, documents=documents)
        if alone is None:
            reason = f"there is no contract {context.contract!r}: what may run alone cannot be told"
            return Finding([_refusal("contract", reason)], engine=self.engine.name, documents=documents)
        judged = await alone
        documents[AUTONOMY] = judged.document
        return Finding(
            judged.refusals,
            engine=self.engine.name,
            requirement=None if judged.refusals else requirement,
            autonomy=judged.autonomy,
            documents=documents,
        )


def approval_document(plan: JsonObject, context: JudgeContext) -> JsonObject:
    """What `ql.ai.approval` is asked."""
    council = context.council
    return {
        "caller": {"org": context.caller.org, "user": context.caller.user},
        "task": {"risk_level": context.spec.risk_level},
        "plan": {key: plan.get(key) for key in ("org", "environment", "asset_ids")},
        "council": {
            "mode": council.requested_mode,
            "consensus": council.consensus,
            "dissent": len(council.dissent),
            "opposed": council.opposed,
            "unheard": len(council.unheard),
            "agreement": council.agreement,
            "degraded": council.degraded,
        },
        "approval_expiry_seconds": context.approval_expiry_seconds,
    }


def _refusal(rule: str, reason: str) -> Refusal:
    return Refusal(gate="approval", rule=f"approval.{rule}", reason=reason, repairable=False)
