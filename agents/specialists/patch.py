"""The patch agent (ADR-007): what is vulnerable, and a rollout of the image that closes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agents.specialists.capability import Capability
from agents.specialists.investigation import ToolDesk
from agents.specialists.patch_scope import PatchScope, patch_scope_of
from agents.specialists.rolling import Expansion, RollingStudy
from agents.specialists.rolling_text import pace
from agents.specialists.specialist import SpecialistAgent
from agents.specialists.study import Study
from tools.contracts.council import MemberReport
from tools.contracts.members.rollout import PatchMemberReport, PatchProposal, RolloutChoices
from tools.contracts.outputs.patch import PatchRolloutPlan
from tools.drift.models import GeneratePatchPlanOutput
from tools.patch.models import CalculateRiskScoreOutput, GenerateRolloutPlanOutput


@dataclass(frozen=True)
class PatchAgent(SpecialistAgent):
    capability: ClassVar[Capability] = Capability(
        task_type="patch_rollout",
        agent="patch",
        can="find servers with known vulnerabilities and plan the rollout that closes them",
        tools=(
            "query_assets",
            "scan_vulnerabilities",
            "get_cve_feed",
            "get_cve_details",
            "get_golden_image",
            "calculate_risk_score",
            "check_health",
            "generate_rollout_plan",
            "simulate_rollout",
        ),
    )
    contract: ClassVar[type[MemberReport]] = PatchMemberReport
    synthesis: ClassVar[str] = "patch.synthesis"

    def study(self, desk: ToolDesk) -> Study:
        return PatchStudy(desk)


class PatchStudy(RollingStudy):
    """Reads scans: which of the task's assets have a known vulnerability."""

    plan_tool: ClassVar[str] = "generate_rollout_plan"
    plan_output: ClassVar[type[GeneratePatchPlanOutput]] = GenerateRolloutPlanOutput

    def __init__(self, desk: ToolDesk) -> None:
        super().__init__(desk)
        self.scope: PatchScope = patch_scope_of(desk.assignment.spec, desk.book)

    def unjudgeable(self) -> str | None:
        """An inventory that is empty or could not be read, or assets that nobody could scan."""
        read = {result.call.tool for result in self.desk.book.succeeded}
        environment = self.desk.assignment.spec.environment
        if not self.scope.inventory.rows and "query_assets" in read:
            return f"No asset matches what was asked for in {environment}. Nothing was changed; check the wording."
        if not self.scope.inventory.rows:
            return "The inventory could not be read, so nothing is known and nothing was changed."
        if "scan_vulnerabilities" not in read:
            return "No asset could be scanned, so it is not known what is vulnerable. Nothing was changed."
        return None

    def proposal_of(self, report: MemberReport) -> RolloutChoices | None:
        return report.proposal if isinstance(report, PatchMemberReport) else None

    def admit(self, choices: RolloutChoices) -> tuple[RolloutChoices | None, list[str]]:
        if not isinstance(choices, PatchProposal):
            return None, ["proposed another kind of rollout"]
        return self.scope.admit(choices)

    async def risk_of(self, plan: GeneratePatchPlanOutput) -> CalculateRiskScoreOutput | None:
        """How much could go wrong with this rollout; None, and a note, where it could not be calculated."""
        assets = [expectation.asset_id for expectation in plan.expectations]
        params = {"asset_ids": assets, "change_type": "image_rollout"}
        result = await self.desk.call("calculate_risk_score", params)
        if result.failure is not None:
            self.note(f"The risk of the rollout could not be calculated: {result.failure.message[:300]}")
            return None
        return CalculateRiskScoreOutput.model_validate(result.output)

    def compose(self, expansion: Expansion) -> PatchRolloutPlan:
        plan = _written(expansion)
        risk = expansion.risk
        return PatchRolloutPlan.model_validate(
            {
                **self.parts(expansion),
                "fixes": [row.model_dump() for row in plan.fixes],
                "remaining": [row.model_dump() for row in plan.remaining],
                "doubts": plan.doubts,
                "risk": risk.model_dump(include={"score", "level", "factors"}) if risk is not None else None,
            }
        )

    def sentence(self, expansion: Expansion) -> str:
        plan = _written(expansion)
        image = f"{plan.target_image.family} {plan.target_image.version}"
        worst = plan.fixes[0]
        left = f" and leaves {len(plan.remaining)}" if plan.remaining else ""
        return (
            f"Bring {len(plan.expectations)} vulnerable {plan.environment} assets to {image}, which closes"
            f" {len(plan.fixes)} known vulnerabilities of packages (worst: {worst.vulnerability} in {worst.package}"
            f"){left}: {pace(expansion.choices, plan)}."
        )[:600]

    @property
    def healthy(self) -> bool:
        return self.scope.healthy

    def reason(self, *, nothing_to_do: bool, agreed: bool) -> str:
        count = len(self.scope.inventory.rows)
        what = f" ({', '.join(sorted(self.scope.wanted)[:5])})" if self.scope.wanted else ""
        if nothing_to_do:
            return f"Nothing to patch: no running asset of the {count} in scope has a known vulnerability{what}."
        if not agreed:
            return "The models did not agree on a plan, so none is offered and nothing was changed."
        if self.scope.unexamined and not self.scope.affected:
            left = len(self.scope.unexamined)
            return f"{left} of {count} assets could not be scanned, so this is not called healthy. Nothing was changed."
        if not self.scope.affected:
            return "Not everything was read and judged, so this is not called healthy. Nothing was changed."
        return (
            f"{len(self.scope.affected)} of {count} assets are vulnerable, but no proposal stood. Nothing was changed."
        )


def _written(expansion: Expansion) -> GenerateRolloutPlanOutput:
    """Raises `TypeError` for another tool's answer: `plan_output` says whose it is."""
    if not isinstance(expansion.plan, GenerateRolloutPlanOutput):
        raise TypeError(f"generate_rollout_plan's answer was expected, got {type(expansion.plan).__name__}")
    return expansion.plan
