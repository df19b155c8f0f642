"""What agents do alike whose plans change something other than machines: a model's choice becomes a plan, by tools."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.brief import NO_CHANGE, Deliberation
from agents.orchestrator.consensus import PhaseItem
from agents.specialists.base import Conclusion
from agents.specialists.investigation import ToolDesk
from agents.specialists.receipts import ClaimReceipts
from agents.specialists.rolling_text import action_item
from tools.contracts.common import Contract, JsonObject, canonical_json, digest_of
from tools.contracts.council import CouncilOutcome, MemberReport
from tools.contracts.outputs import AnyPlan
from tools.contracts.plan import Phase
from tools.contracts.progress import NoteProgress


class NotPlannable(Exception):
    """A choice that no plan comes of. The message says why."""


@dataclass
class OperatingStudy(ABC):
    """A :class:`agents.specialists.study.Study`. Makes a plan of each distinct choice once, whoever makes it."""

    desk: ToolDesk
    plans: dict[str, AnyPlan] = field(default_factory=dict[str, AnyPlan])
    """Member → what its choice came to."""
    notes: list[str] = field(default_factory=list[str])
    _done: dict[str, AnyPlan | None] = field(default_factory=dict[str, AnyPlan | None], init=False)
    """Digest of the choice → the plan: a council that follows one model's answer calls no tool again."""

    @abstractmethod
    def unjudgeable(self) -> str | None:
        """See :class:`agents.specialists.study.Study`."""

    @abstractmethod
    def proposal_of(self, report: MemberReport) -> Contract | None:
        """What a member proposes; None: to change nothing."""

    @abstractmethod
    async def plan(self, proposal: Contract) -> AnyPlan:
        """The plan, from what the tools return and nothing else. Raises :class:`NotPlannable`."""

    @property
    @abstractmethod
    def healthy(self) -> bool:
        """Whether the results show that nothing needs doing. No data is never healthy."""

    @abstractmethod
    def reason(self, *, nothing_to_do: bool, agreed: bool) -> str:
        """Why there is no plan. `agreed`: some member's answer stood."""

    async def expand(self, reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
        """Member → phases. A member whose choice comes to no plan is left out, and a note says why."""
        items: dict[str, Sequence[PhaseItem]] = {}
        for member in sorted(reports):
            wanted = self.proposal_of(reports[member])
            if wanted is None:
                items[member] = [NO_CHANGE]
                continue
            key = digest_of(wanted.model_dump(mode="json", exclude={"summary"}))
            if key not in self._done:
                self._done[key] = await self._planned(member, wanted)
            if (plan := self._done[key]) is not None:
                self.plans[member] = plan
                items[member] = phase_items(plan)
        return items

    async def _planned(self, member: str, proposal: Contract) -> AnyPlan | None:
        try:
            return await self.plan(proposal)
        except NotPlannable as why:
            text = f"{member}'s proposal made no plan: {why}"[:400]
            self.notes.append(text)
            self.desk.assignment.progress.emit(NoteProgress(text))
            return None

    async def asked(self, tool: str, params: JsonObject) -> JsonObject:
        """A tool's output. Raises :class:`NotPlannable` with its error."""
        result = await self.desk.call(tool, params)
        if result.output is None:
            raise NotPlannable(result.failure.message[:300] if result.failure else f"{tool} did not answer.")
        return result.output

    def conclude(self, result: Deliberation, receipts: ClaimReceipts) -> Conclusion:
        """A plan only if every phase and every action of the chosen one carried."""
        plan = self.plans.get(result.best or "")
        if plan is not None and all(item.key in result.carried_phase_keys for item in phase_items(plan)):
            return Conclusion("plan", plan=plan.model_copy(update={"evidence": self.desk.book.cited()}))
        chosen = [item.key for item in result.phases.get(result.best or "", ())]
        nothing = chosen == [NO_CHANGE.key] and self.healthy
        return Conclusion(
            "nothing_to_do" if nothing else "inconclusive",
            reason=self.reason(nothing_to_do=nothing, agreed=result.best is not None),
        )

    def unjudged(self, reason: str, council: CouncilOutcome) -> Conclusion:
        """An empty answer is not taken for a healthy estate."""
        return Conclusion("inconclusive", reason=reason)

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
        items.append(PhaseItem(key=_key(phase), text=_text(phase)))
        items += [action_item(action, phase) for action in phase.actions]
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
