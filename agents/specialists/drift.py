"""The drift agent (ADR-007): what has left its golden image, and a rollout that brings it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agents.specialists.capability import Capability
from agents.specialists.investigation import ToolDesk
from agents.specialists.rolling import Expansion, RollingStudy
from agents.specialists.scope import Scope, scope_of
from agents.specialists.specialist import SpecialistAgent
from agents.specialists.study import Study
from tools.contracts.council import MemberReport
from tools.contracts.members.rollout import DriftMemberReport, DriftProposal, RolloutChoices
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.drift.models import GeneratePatchPlanOutput


@dataclass(frozen=True)
class DriftAgent(SpecialistAgent):
    capability: ClassVar[Capability] = Capability(
        task_type="drift_remediation",
        agent="drift",
        can="find servers that have drifted from their golden image and plan how to bring them back",
        tools=(
            "get_drift_status",
            "query_assets",
            "get_golden_image",
            "compare_versions",
            "check_health",
            "generate_patch_plan",
            "simulate_rollout",
        ),
    )
    contract: ClassVar[type[MemberReport]] = DriftMemberReport
    synthesis: ClassVar[str] = "drift.synthesis"

    def study(self, desk: ToolDesk) -> Study:
        return DriftStudy(desk)


class DriftStudy(RollingStudy):
    """Reads a comparison with golden images."""

    plan_tool: ClassVar[str] = "generate_patch_plan"
    plan_output: ClassVar[type[GeneratePatchPlanOutput]] = GeneratePatchPlanOutput

    def __init__(self, desk: ToolDesk) -> None:
        super().__init__(desk)
        self.scope: Scope = scope_of(desk.assignment.spec, desk.book)

    def unjudgeable(self) -> str | None:
        """An inventory that is empty or could not be read."""
        if self.scope.rows:
            return None
        if any(result.ok for result in self.desk.book.results if result.call.tool == "query_assets"):
            environment = self.desk.assignment.spec.environment
            return f"No asset matches what was asked for in {environment}. Nothing was changed; check the wording."
        return "The inventory could not be read, so nothing is known and nothing was changed."

    def proposal_of(self, report: MemberReport) -> RolloutChoices | None:
        return report.proposal if isinstance(report, DriftMemberReport) else None

    def admit(self, choices: RolloutChoices) -> tuple[RolloutChoices | None, list[str]]:
        if not isinstance(choices, DriftProposal):
            return None, ["proposed another kind of rollout"]
        return self.scope.admit(choices)

    def compose(self, expansion: Expansion) -> DriftRemediationPlan:
        return DriftRemediationPlan.model_validate(self.parts(expansion))

    @property
    def healthy(self) -> bool:
        return self.scope.healthy

    def reason(self, *, nothing_to_do: bool, agreed: bool) -> str:
        count = len(self.scope.rows)
        if nothing_to_do:
            return f"Nothing to change: all running assets of the {count} in scope are on their golden image."
        if not agreed:
            return "The models did not agree on a plan, so none is offered and nothing was changed."
        if self.scope.unexamined and not self.scope.drifted:
            left = len(self.scope.unexamined)
            return f"{left} of {count} assets could not be compared with a golden image, so this is not called healthy."
        if not self.scope.complete:
            return "The inventory was not read to its end, so this is not called healthy. Nothing was changed."
        return f"{len(self.scope.drifted)} of {count} assets have drifted, but no proposal stood. Nothing was changed."
