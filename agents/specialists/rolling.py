"""What agents that roll images out do alike: a model's choices become phases, through the tools, and then a plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from agents.orchestrator.brief import NO_CHANGE, Deliberation
from agents.orchestrator.consensus import PhaseItem
from agents.specialists.base import Conclusion
from agents.specialists.investigation import ToolDesk
from agents.specialists.receipts import ClaimReceipts
from agents.specialists.rolling_text import rollout_items, rollout_sentence
from tools.contracts.common import JsonObject, digest_of
from tools.contracts.council import CouncilOutcome, MemberReport
from tools.contracts.members.rollout import RolloutChoices
from tools.contracts.outputs import AnyPlan
from tools.contracts.progress import NoteProgress
from tools.contracts.rollout import Simulation
from tools.drift.models import GeneratePatchPlanOutput, SimulateRolloutOutput
from tools.patch.models import CalculateRiskScoreOutput


@dataclass(frozen=True)
class Expansion:
    """One proposal, as the planning tool and simulate_rollout answered it."""

    choices: RolloutChoices
    plan: GeneratePatchPlanOutput
    simulation: Simulation | None
    risk: CalculateRiskScoreOutput | None = None
    """For agents that have the change's risk calculated."""

    @property
    def items(self) -> list[PhaseItem]:
        return rollout_items(self.plan)


@dataclass
class RollingStudy(ABC):
    """A :class:`agents.specialists.study.Study`. Expands each distinct proposal once, whoever makes it."""

    desk: ToolDesk
    expansions: dict[str, Expansion] = field(default_factory=dict[str, Expansion])
    """Member → its expanded proposal."""
    notes: list[str] = field(default_factory=list[str])
    _done: dict[str, Expansion | None] = field(default_factory=dict[str, Expansion | None], init=False)
    """Digest of the choices → what they came to: a council that follows one model's answer calls no tool again."""

    plan_tool: ClassVar[str]
    """The plan-only tool that turns choices into phases."""
    plan_output: ClassVar[type[GeneratePatchPlanOutput]]

    @abstractmethod
    def unjudgeable(self) -> str | None:
        """See :class:`agents.specialists.study.Study`."""

    @abstractmethod
    def proposal_of(self, report: MemberReport) -> RolloutChoices | None:
        """What a member proposes; None: to change nothing."""

    @abstractmethod
    def admit(self, choices: RolloutChoices) -> tuple[RolloutChoices | None, list[str]]:
        """The choices without assets that the evidence does not hold, and a sentence for each thing left out.

        None: nothing remains.
        """

    @abstractmethod
    def compose(self, expansion: Expansion) -> AnyPlan:
        """The plan, from what the tools returned and nothing else. See :meth:`parts`."""

    @property
    @abstractmethod
    def healthy(self) -> bool:
        """Whether the results show that nothing needs doing. No data is never healthy."""

    @abstractmethod
    def reason(self, *, nothing_to_do: bool, agreed: bool) -> str:
        """Why there is no plan. `agreed`: some member's answer stood."""

    async def expand(self, reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
        """Member → phases. A member whose proposal cannot be expanded is left out, and a note says why."""
        items: dict[str, Sequence[PhaseItem]] = {}
        for member in sorted(reports):
            wanted = self.proposal_of(reports[member])
            if wanted is None:
                items[member] = [NO_CHANGE]
                continue
            choices, problems = self.admit(wanted)
            for problem in problems:
                self._note(f"{member} {problem}.")
            if choices is None:
                continue
            key = digest_of(choices.model_dump(mode="json", exclude={"summary"}))
            if key not in self._done:
                self._done[key] = await self._expand(member, choices)
            if (expansion := self._done[key]) is not None:
                self.expansions[member] = expansion
                items[member] = expansion.items
        return items

    async def _expand(self, member: str, choices: RolloutChoices) -> Expansion | None:
        result = await self.desk.call(self.plan_tool, choices.model_dump(mode="json", exclude={"summary"}))
        if result.failure is not None:
            self._note(f"{member}'s proposal made no plan: {result.failure.message[:300]}")
            return None
        plan = self.plan_output.model_validate(result.output)
        run = await self.desk.call("simulate_rollout", {"plan_id": plan.plan_id})
        if run.failure is not None:
            self._note(f"{member}'s plan could not be simulated: {run.failure.message[:300]}")
            return Expansion(choices, plan, None, await self.risk_of(plan))
        simulation = SimulateRolloutOutput.model_validate(run.output).simulation
        return Expansion(choices, plan, simulation, await self.risk_of(plan))

    async def risk_of(self, plan: GeneratePatchPlanOutput) -> CalculateRiskScoreOutput | None:
        """Of the change itself; None where this agent has no tool for it."""
        return None

    def conclude(self, result: Deliberation, receipts: ClaimReceipts) -> Conclusion:
        """A plan only if all phases and actions of the chosen proposal carried: without one it is another rollout."""
        expansion = self.expansions.get(result.best or "")
        if expansion is not None and all(item.key in result.carried_phase_keys for item in expansion.items):
            return Conclusion("plan", plan=self.compose(expansion))
        chosen = [item.key for item in result.phases.get(result.best or "", ())]
        nothing = chosen == [NO_CHANGE.key] and self.healthy
        return Conclusion(
            "nothing_to_do" if nothing else "inconclusive",
            reason=self.reason(nothing_to_do=nothing, agreed=result.best is not None),
        )

    def unjudged(self, reason: str, council: CouncilOutcome) -> Conclusion:
        """An empty answer is not taken for a healthy estate."""
        return Conclusion("inconclusive", reason=reason)

    def parts(self, expansion: Expansion) -> JsonObject:
        """The fields that all rollout plans share, as the tools returned them."""
        work, plan, book = self.desk.assignment, expansion.plan, self.desk.book
        return {
            "org": work.caller.org,
            "task_id": work.spec.id,
            "revision": work.revision,
            # Written here and not by a model: the person who approves reads it.
            "summary": self.sentence(expansion),
            "environment": plan.environment,
            "asset_ids": [expectation.asset_id for expectation in plan.expectations],
            "phases": plan.phases,
            "rollback": plan.rollback,
            "maintenance_window": plan.maintenance_window,
            "expectations": plan.expectations,
            "evidence": book.cited(),
            "target_image": plan.target_image,
            "version_comparison": plan.version_comparison,
            "simulation": expansion.simulation,
        }

    def sentence(self, expansion: Expansion) -> str:
        """What the plan does, for the person who approves it."""
        return rollout_sentence(expansion.choices, expansion.plan)

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.desk.assignment.progress.emit(NoteProgress(text))
