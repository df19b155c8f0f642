"""From a model's choices to phases, through the tools; and from the chosen phases to the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.consensus import PhaseItem
from agents.specialists.evidence import EvidenceBook
from agents.specialists.investigation import ToolDesk
from agents.specialists.scope import Scope
from tools.contracts.common import canonical_json, digest_of
from tools.contracts.council import MemberReport
from tools.contracts.plan import DriftProposal, DriftRemediationPlan, HealthCheck, Phase, Simulation
from tools.contracts.progress import NoteProgress
from tools.drift.models import GeneratePatchPlanOutput, SimulateRolloutOutput

SHOWN_ASSETS = 40
"""Asset ids a voting member reads in one phase. Code has checked all of them by then."""


@dataclass(frozen=True)
class Expansion:
    """One proposal, as generate_patch_plan and simulate_rollout answered it."""

    proposal: DriftProposal
    plan: GeneratePatchPlanOutput
    simulation: Simulation | None

    @property
    def items(self) -> list[PhaseItem]:
        return [
            PhaseItem(key=phase_key(phase, self.plan), text=phase_text(phase, self.plan)) for phase in self.plan.phases
        ]


@dataclass
class Expander:
    """Expands each distinct proposal once, whoever makes it, and keeps what the votes will choose from."""

    desk: ToolDesk
    scope: Scope
    expansions: dict[str, Expansion] = field(default_factory=dict[str, Expansion])
    """Member → its expanded proposal."""
    notes: list[str] = field(default_factory=list[str])

    async def expand(self, reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
        """Member → phases. A member whose proposal cannot be expanded is left out, and a note says why."""
        done: dict[str, Expansion | None] = {}
        for member in sorted(reports):
            report = reports[member]
            if report.proposal is None:
                continue
            proposal, problems = self.scope.admit(report.proposal)
            for problem in problems:
                self._note(f"{member} {problem}.")
            if proposal is None:
                continue
            choices = digest_of(proposal.model_dump(mode="json", exclude={"summary"}))
            if choices not in done:
                done[choices] = await self._expand(member, proposal)
            expansion = done[choices]
            if expansion is not None:
                self.expansions[member] = expansion
        return {member: expansion.items for member, expansion in self.expansions.items()}

    async def _expand(self, member: str, proposal: DriftProposal) -> Expansion | None:
        result = await self.desk.call("generate_patch_plan", proposal.model_dump(mode="json", exclude={"summary"}))
        if result.failure is not None:
            self._note(f"{member}'s proposal made no plan: {result.failure.message[:300]}")
            return None
        plan = GeneratePatchPlanOutput.model_validate(result.output)
        run = await self.desk.call("simulate_rollout", {"plan_id": plan.plan_id})
        if run.failure is not None:
            self._note(f"{member}'s plan could not be simulated: {run.failure.message[:300]}")
            return Expansion(proposal, plan, None)
        return Expansion(proposal, plan, SimulateRolloutOutput.model_validate(run.output).simulation)

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.desk.assignment.progress.emit(NoteProgress(text))


def phase_key(phase: Phase, plan: GeneratePatchPlanOutput) -> str:
    """Equal for equal phases: everything but the name."""
    return canonical_json(
        {
            "type": phase.type,
            "assets": sorted(phase.asset_ids),
            "image": plan.target_image.id,
            "wait": phase.wait_seconds,
            "checks": [check.model_dump(mode="json") for check in phase.health_checks],
        }
    ).decode()


def phase_text(phase: Phase, plan: GeneratePatchPlanOutput) -> str:
    """One sentence for voting members and for the thread."""
    if phase.type == "wait":
        return f"Wait {phase.wait_seconds} s before going on."
    more = len(phase.asset_ids) - SHOWN_ASSETS
    listed = f"[{', '.join(phase.asset_ids[:SHOWN_ASSETS])}]" + (f" and {more} more" if more > 0 else "")
    count = f"{len(phase.asset_ids)} asset{'' if len(phase.asset_ids) == 1 else 's'}"
    checks = ", ".join(_check_text(check) for check in phase.health_checks) or "no check"
    if phase.type == "verify":
        return f"Verify {count} {listed}: {checks}."
    image = f"{plan.target_image.family} {plan.target_image.version}"
    return f"{phase.type.capitalize()}: {count} ({phase.batch_percent:g} %) {listed} to {image}, then check {checks}."


def _check_text(check: HealthCheck) -> str:
    return check.kind if check.threshold is None else f"{check.kind} {check.threshold:g} %"


def compose(expansion: Expansion, desk: ToolDesk, book: EvidenceBook) -> DriftRemediationPlan:
    """The plan: phases, fingerprints, comparison and simulation as the tools returned them, and nothing else."""
    work, plan, proposal = desk.assignment, expansion.plan, expansion.proposal
    versions = sorted({row.current_version for row in plan.version_comparison})
    came_from = ", ".join(versions[:3]) + (" and others" if len(versions) > 3 else "")
    assets = [expectation.asset_id for expectation in plan.expectations]
    return DriftRemediationPlan(
        org=work.caller.org,
        task_id=work.spec.id,
        revision=work.revision,
        # Written here and not by a model: the person who approves reads it.
        summary=(
            f"Bring {len(assets)} drifted {plan.environment} assets from {came_from} to {plan.target_image.family} "
            f"{plan.target_image.version}: {min(proposal.canary_size, len(assets))} first, a pause of "
            f"{proposal.wait_seconds} s, then at most {proposal.max_batch_percent:g} % at a time."
        )[:600],
        environment=plan.environment,
        asset_ids=assets,
        phases=plan.phases,
        rollback=plan.rollback,
        maintenance_window=plan.maintenance_window,
        expectations=plan.expectations,
        evidence=book.cited(),
        target_image=plan.target_image,
        version_comparison=plan.version_comparison,
        simulation=expansion.simulation,
    )
