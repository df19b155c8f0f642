"""What agents do alike whose plans change something other than machines: a model's choice becomes a plan, by tools."""

from __future__ import annotations

from abc import abstractmethod

from agents.orchestrator.consensus import PhaseItem
from agents.specialists.choosing import ChoosingStudy
from agents.specialists.rolling_text import action_item
from tools.contracts.common import Contract, JsonObject, canonical_json
from tools.contracts.outputs import AnyPlan
from tools.contracts.plan import Phase


class NotPlannable(Exception):
    """A choice that no plan comes of. The message says why."""


class OperatingStudy(ChoosingStudy[Contract, AnyPlan]):
    """Makes a plan of each distinct choice."""

    @abstractmethod
    async def plan(self, proposal: Contract) -> AnyPlan:
        """The plan, from what the tools return and nothing else. Raises :class:`NotPlannable`."""

    async def make(self, member: str, choice: Contract) -> AnyPlan | None:
        try:
            return await self.plan(choice)
        except NotPlannable as why:
            self.note(f"{member}'s proposal made no plan: {why}"[:400])
            return None

    def items(self, made: AnyPlan) -> list[PhaseItem]:
        return phase_items(made)

    def plan_of(self, made: AnyPlan) -> AnyPlan:
        return made.model_copy(update={"evidence": self.desk.book.cited()})

    async def asked(self, tool: str, params: JsonObject) -> JsonObject:
        """A tool's output. Raises :class:`NotPlannable` with its error."""
        result = await self.desk.call(tool, params)
        if result.output is None:
            raise NotPlannable(result.failure.message[:300] if result.failure else f"{tool} did not answer.")
        return result.output

    def parts(self) -> JsonObject:
        """The fields that every plan has from its assignment."""
        work = self.desk.assignment
        return {
            "org": work.caller.org,
            "task_id": work.spec.id,
            "revision": work.revision,
            "environment": work.spec.environment,
            "evidence": self.desk.book.cited(),
        }


def phase_items(plan: AnyPlan) -> list[PhaseItem]:
    """Each phase, and each action in it."""
    items: list[PhaseItem] = []
    for phase in plan.phases:
        key = _key(phase)
        items.append(PhaseItem(key=key, text=_text(phase)))
        items += [action_item(action, phase, of=key) for action in phase.actions]
    return items


def _key(phase: Phase) -> str:
    """Equal for equal phases: everything but the name."""
    return canonical_json(phase.model_dump(mode="json", exclude={"name"})).decode()


def _text(phase: Phase) -> str:
    """One sentence for voting members and for the thread."""
    if phase.type == "wait":
        return f"Wait {phase.wait_seconds} s before going on."
    checks = ", ".join(check.kind for check in phase.resource_checks) or "no check"
    named = list(
        dict.fromkeys(
            [
                *(resource for action in phase.actions for resource in action.resource_ids),
                *(check.resource_id for check in phase.resource_checks),
            ]
        )
    )
    if not phase.actions:
        return f"Verify [{', '.join(named)}]: {checks}."
    tools = ", ".join(action.tool for action in phase.actions)
    moved = f" with {len(phase.asset_ids)} machines" if phase.asset_ids else ""
    return f"{phase.name}: {tools} on [{', '.join(named)}]{moved}, then check {checks}."
