"""What the steps of one deliberation share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.orchestrator.brief import Brief
from agents.orchestrator.consensus import PhaseItem
from agents.orchestrator.electorate import Electorate
from agents.orchestrator.reliability import Learned
from agents.orchestrator.roll import Roll
from tools.contracts.common import Mode
from tools.contracts.council import MemberReport


@dataclass(frozen=True)
class Turn:
    """One brief, put to the models once."""

    brief: Brief
    requested: Mode
    roll: Roll
    electorate: Electorate
    learned: Learned
    given: Mapping[str, MemberReport]
    """Member → what it answered to this very brief before."""
    escalated: str | None

    async def phases(self, reports: Mapping[str, MemberReport]) -> dict[str, Sequence[PhaseItem]]:
        """What each member proposes, as the agent expands it."""
        expanded = await self.brief.expand(reports)
        return {name: list(expanded[name]) for name in reports if expanded.get(name)}
