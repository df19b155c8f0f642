"""What agents that roll images out do alike: a model's choices become phases, through the tools, and then a plan."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ValidationError

from agents.orchestrator.consensus import PhaseItem
from agents.specialists.choosing import ChoosingStudy
from agents.specialists.rolling_text import rollout_items, rollout_sentence
from tools.base import ToolResult
from tools.contracts.common import JsonObject
from tools.contracts.members.rollout import RolloutChoices
from tools.contracts.outputs import AnyPlan
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


class RollingStudy(ChoosingStudy[RolloutChoices, Expansion]):
    """Expands each distinct proposal."""

    plan_tool: ClassVar[str]
    """The plan-only tool that turns choices into phases."""
    plan_output: ClassVar[type[GeneratePatchPlanOutput]]

    @abstractmethod
    def admit(self, choices: RolloutChoices) -> tuple[RolloutChoices | None, list[str]]:
        """The choices without assets that the evidence does not hold, and a sentence for each thing left out.

        None: nothing remains.
        """

    @abstractmethod
    def compose(self, expansion: Expansion) -> AnyPlan:
        """The plan, from what the tools returned and nothing else. See :meth:`parts`."""

    def admitted(self, member: str, choice: RolloutChoices) -> RolloutChoices | None:
        choices, problems = self.admit(choice)
        for problem in problems:
            self.note(f"{member} {problem}.")
        return choices

    def items(self, made: Expansion) -> list[PhaseItem]:
        return made.items

    def plan_of(self, made: Expansion) -> AnyPlan:
        return self.compose(made)

    async def make(self, member: str, choice: RolloutChoices) -> Expansion | None:
        if (known := self._made_by_the_lead(choice)) is not None:
            plan, simulation = known
            return Expansion(choice, plan, simulation, await self.risk_of(plan))
        result = await self.desk.call(self.plan_tool, choice.model_dump(mode="json", exclude={"summary"}))
        if result.failure is not None:
            self.note(f"{member}'s proposal made no plan: {result.failure.message[:300]}")
            return None
        plan = self.plan_output.model_validate(result.output)
        run = await self.desk.call("simulate_rollout", {"plan_id": plan.plan_id})
        if run.failure is not None:
            self.note(f"{member}'s plan could not be simulated: {run.failure.message[:300]}")
            return Expansion(choice, plan, None, await self.risk_of(plan))
        simulation = SimulateRolloutOutput.model_validate(run.output).simulation
        return Expansion(choice, plan, simulation, await self.risk_of(plan))

    def _made_by_the_lead(self, choice: RolloutChoices) -> tuple[GeneratePatchPlanOutput, Simulation] | None:
        """The plan of exactly these choices, and its simulation, where both were made just now while the evidence was
        gathered: asked again, the tools say the same. The estate is compared with it before anything runs.
        """
        answered = self.desk.answered
        simulated = {result.call.params.get("plan_id"): result for result in answered if _simulates(result)}
        for result in reversed(answered):
            if result.call.tool != self.plan_tool or not _is_choice(result.call.params, choice):
                continue
            plan = self.plan_output.model_validate(result.output)
            if (run := simulated.get(plan.plan_id)) is not None:
                return plan, SimulateRolloutOutput.model_validate(run.output).simulation
        return None

    async def risk_of(self, plan: GeneratePatchPlanOutput) -> CalculateRiskScoreOutput | None:
        """Of the change itself; None where this agent has no tool for it."""
        return None

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


def _simulates(result: ToolResult) -> bool:
    return result.call.tool == "simulate_rollout"


def _is_choice(params: JsonObject, choice: RolloutChoices) -> bool:
    """Whether a call's parameters state just what the choice does: every one of them, and nothing besides."""
    try:
        return type(choice).model_validate({**params, "summary": choice.summary}) == choice
    except ValidationError:
        return False
