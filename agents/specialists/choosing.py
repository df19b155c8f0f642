"""What agents that plan do alike: members choose, each distinct choice is worked out once, and one may stand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agents.orchestrator.brief import NO_CHANGE, Deliberation
from agents.orchestrator.consensus import PhaseItem
from agents.specialists.base import Conclusion
from agents.specialists.investigation import ToolDesk
from agents.specialists.receipts import ClaimReceipts
from tools.contracts.common import Contract, digest_of
from tools.contracts.council import CouncilOutcome, MemberReport
from tools.contracts.outputs import AnyPlan
from tools.contracts.progress import NoteProgress

Choice = TypeVar("Choice", bound=Contract)
Made = TypeVar("Made")
"""What the tools make of a choice."""


@dataclass
class ChoosingStudy(ABC, Generic[Choice, Made]):
    """A :class:`agents.specialists.study.Study`."""

    desk: ToolDesk
    made: dict[str, Made] = field(default_factory=dict, init=False)
    """Member → what its choice came to."""
    notes: list[str] = field(default_factory=list[str], init=False)
    _done: dict[str, Made | None] = field(default_factory=dict, init=False)
    """Digest of the choice → what it came to: a council that follows one model's answer calls no tool again."""

    @abstractmethod
    def unjudgeable(self) -> str | None:
        """See :class:`agents.specialists.study.Study`."""

    @abstractmethod
    def proposal_of(self, report: MemberReport) -> Choice | None:
        """What a member proposes; None: to change nothing."""

    @abstractmethod
    async def make(self, member: str, choice: Choice) -> Made | None:
        """By the tools and nothing else. None: nothing comes of it, and a note says why."""

    @abstractmethod
    def items(self, made: Made) -> list[PhaseItem]:
        """As it is voted on."""

    @abstractmethod
    def plan_of(self, made: Made) -> AnyPlan:
        """The plan that it is, once all of it carried."""

    @property
    @abstractmethod
    def healthy(self) -> bool:
        """Whether the results show that nothing needs doing. No data is never healthy."""

    @abstractmethod
    def reason(self, *, nothing_to_do: bool, agreed: bool) -> str:
        """Why there is no plan. `agreed`: some member's answer stood."""

    def admitted(self, member: str, choice: Choice) -> Choice | None:
        """The choice without what the evidence does not hold, and a note for each thing left out. None: nothing
        remains."""
        return choice

    async def expand(self, reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
        """Member → phases. A member whose choice comes to nothing is left out, and a note says why."""
        items: dict[str, Sequence[PhaseItem]] = {}
        for member in sorted(reports):
            wanted = self.proposal_of(reports[member])
            if wanted is None:
                items[member] = [NO_CHANGE]
                continue
            choice = self.admitted(member, wanted)
            if choice is None:
                continue
            key = digest_of(choice.model_dump(mode="json", exclude={"summary"}))
            if key not in self._done:
                self._done[key] = await self.make(member, choice)
            if (made := self._done[key]) is not None:
                self.made[member] = made
                items[member] = self.items(made)
        return items

    def conclude(self, result: Deliberation, receipts: ClaimReceipts) -> Conclusion:
        """A plan only if all phases and actions of the chosen one carried: without one of them it is another plan."""
        made = self.made.get(result.best or "")
        if made is not None and all(item.key in result.carried_phase_keys for item in self.items(made)):
            return Conclusion("plan", plan=self.plan_of(made))
        chosen = [item.key for item in result.phases.get(result.best or "", ())]
        nothing = chosen == [NO_CHANGE.key] and self.healthy
        return Conclusion(
            "nothing_to_do" if nothing else "inconclusive",
            reason=self.reason(nothing_to_do=nothing, agreed=result.best is not None),
        )

    def unjudged(self, reason: str, council: CouncilOutcome) -> Conclusion:
        """An empty answer is not taken for a healthy estate."""
        return Conclusion("inconclusive", reason=reason)

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.desk.assignment.progress.emit(NoteProgress(text))
