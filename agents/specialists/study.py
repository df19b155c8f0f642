"""One round's evidence, as one kind of agent reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from agents.orchestrator.brief import Deliberation
from agents.orchestrator.consensus import PhaseItem
from agents.specialists.base import Conclusion
from agents.specialists.receipts import ClaimReceipts
from tools.contracts.council import CouncilOutcome, MemberReport


class Study(Protocol):
    """One round's evidence, as one kind of agent reads it. Made after the investigation, for this round only."""

    @property
    def notes(self) -> list[str]:
        """What code left out of the members' answers, a sentence each."""
        ...

    def unjudgeable(self) -> str | None:
        """Why the models need not be asked, e.g. because nothing was found that they could judge."""
        ...

    async def expand(self, reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
        """See :data:`agents.orchestrator.brief.Expand`."""
        ...

    def conclude(self, result: Deliberation, receipts: ClaimReceipts) -> Conclusion:
        """The output, from what carried. Code has the last word on what may be called healthy."""
        ...

    def unjudged(self, reason: str, council: CouncilOutcome) -> Conclusion:
        """The output where no model was asked."""
        ...
