"""The re-check before an approved plan starts and before each of its phases (`ql.ai.execution`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from policies.autonomy import AutonomyCheck
from policies.decisions import ask
from policies.engine import PolicyEngine, PolicyUndefined
from tools.contracts.common import JsonObject, RiskLevel
from tools.contracts.identity import Caller
from tools.contracts.plan import Phase, Plan
from tools.contracts.verdict import ApprovalRequirement, Refusal


@dataclass(frozen=True)
class ExecutionCheck:
    """The policies' say on an approved plan, now."""

    engine: PolicyEngine
    autonomy: AutonomyCheck

    async def recheck(
        self,
        plan: Plan,
        *,
        phase: Phase | None,
        requester: Caller,
        risk_level: RiskLevel,
        approvers: Sequence[Caller],
        requirement: ApprovalRequirement,
        approved_policy_digest: str,
        unattended: bool,
        now: datetime,
    ) -> list[Refusal]:
        """Reasons not to run; empty means go on. `approvers` with the roles they hold now.

        `unattended`: the phase runs because the policies waived its approval, which is judged again, blockers and
        all. Raises `PolicyUnavailable`, `EstateError` and `LedgerUnavailable`.
        """
        try:
            loaded, alone, freezes = await asyncio.gather(
                self.engine.digest(),
                self.autonomy.judge(plan, caller=requester, risk_level=risk_level, now=now),
                self.autonomy.history.freezes(plan.org, now=now),
            )
        except PolicyUndefined as error:
            return [Refusal(gate="policy", rule="policy.undefined", reason=str(error), repairable=False)]
        if alone.autonomy is None:
            return alone.refusals
        whole = plan.model_dump(mode="json", include={"kind", "org", "environment", "maintenance_window"})
        document: JsonObject = {
            "now": now.astimezone(UTC).isoformat(),
            "freezes": freezes,
            "phase": phase.name if phase else None,
            "phase_index": plan.phases.index(phase) if phase in plan.phases else None,
            "requester": requester.user,
            "approvers": [
                {"org": approver.org, "user": approver.user, "roles": list(approver.roles)} for approver in approvers
            ],
            "plan": whole,
            "requirement": requirement.model_dump(mode="json"),
            "policy_digest": {"approved": approved_policy_digest, "loaded": loaded},
            "autonomy": {
                "mode": alone.autonomy.mode,
                "relied_on": unattended,
                "unattended_phases": alone.autonomy.unattended_phases,
                "blockers": list(alone.autonomy.blockers),
            },
        }
        _, refusals = await ask(self.engine, "ql.ai.execution", document, gate="policy")
        return refusals
