"""The re-check before an approved plan starts and before each of its phases (`ql.ai.execution`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from policies.decisions import ask
from policies.engine import PolicyEngine, PolicyUndefined
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.contracts.plan import Phase, Plan
from tools.contracts.verdict import ApprovalRequirement, Refusal


@dataclass(frozen=True)
class ExecutionCheck:
    """The policies' say on an approved plan, now."""

    engine: PolicyEngine

    async def recheck(
        self,
        plan: Plan,
        *,
        phase: Phase | None,
        requester: str,
        approvers: Sequence[Caller],
        requirement: ApprovalRequirement,
        approved_policy_digest: str,
        now: datetime,
    ) -> list[Refusal]:
        """Reasons not to run; empty means go on. `approvers` with the roles they hold now. Raises
        `PolicyUnavailable`."""
        try:
            loaded = await self.engine.digest()
        except PolicyUndefined as error:
            return [Refusal(gate="policy", rule="policy.undefined", reason=str(error), repairable=False)]
        whole = plan.model_dump(mode="json", include={"org", "environment", "maintenance_window"})
        document: JsonObject = {
            "now": now.astimezone(UTC).isoformat(),
            "phase": phase.name if phase else None,
            "requester": requester,
            "approvers": [
                {"org": approver.org, "user": approver.user, "roles": list(approver.roles)} for approver in approvers
            ],
            "plan": whole,
            "requirement": requirement.model_dump(mode="json"),
            "policy_digest": {"approved": approved_policy_digest, "loaded": loaded},
        }
        _, refusals = await ask(self.engine, "ql.ai.execution", document, gate="policy")
        return refusals
