"""Asked before an approved plan starts and before each of its phases (package `gavel.execution`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from policies.engine import PolicyEngine, PolicyUndefined
from policies.gate import policy_refusals
from tools.contracts.identity import Caller
from tools.contracts.plan import Phase, Plan
from tools.contracts.verdict import ApprovalRequirement, Refusal

PACKAGE = "gavel.execution"


async def recheck(
    engine: PolicyEngine,
    plan: Plan,
    *,
    phase: Phase | None,
    requester: str,
    approvers: Sequence[Caller],
    requirement: ApprovalRequirement,
    approved_policy_digest: str,
    now: datetime,
) -> list[Refusal]:
    """Why the plan (None) or its next phase may not start now; empty means that it may.

    `approvers` with the roles they hold now, `requester` as the user who asked. Raises
    :class:`policies.engine.PolicyUnavailable` when the engine is away: then nothing may start.
    """
    try:
        loaded = await engine.digest()
        decision = await engine.decide(
            PACKAGE,
            {
                "now": now.isoformat(),
                "phase": None if phase is None else phase.name,
                "requester": requester,
                "approvers": [
                    {"org": approver.org, "user": approver.user, "roles": list(approver.roles)}
                    for approver in approvers
                ],
                "plan": plan.model_dump(mode="json", include={"org", "environment", "maintenance_window"}),
                "requirement": {"roles": list(requirement.roles), "quorum": requirement.quorum},
                "policy_digest": {"approved": approved_policy_digest, "loaded": loaded},
            },
        )
    except PolicyUndefined as error:
        return [Refusal(gate="policy", rule="policy.undefined", reason=str(error), repairable=False)]
    return policy_refusals("policy", decision)
