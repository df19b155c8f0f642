"""When what one model answered is put before a council (ADR-006; ADR-007, principle 2): risk, doubt, or a gate's no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tools.contracts.common import Environment, RiskLevel
from tools.contracts.council import MemberReport

_RISKS: tuple[RiskLevel, ...] = ("low", "medium", "high", "critical")


class Spending(Protocol):
    """Who says whether a task may cost more than it does already."""

    async def may_spend(self, *, org: str, user: str, task_id: str) -> str | None:
        """Whether a council may be asked. None: yes. Else why not, in one sentence for the thread."""
        ...


class Unlimited:
    """No budget is set."""

    async def may_spend(self, *, org: str, user: str, task_id: str) -> str | None:
        return None


@dataclass(frozen=True)
class Answered:
    """What one model's answer came to, as code sees it."""

    environment: Environment
    risk: RiskLevel
    """Of the task."""
    changes: int | None
    """How many assets and resources its plan would change; None: it has no plan."""
    confidence: float | None
    """The mean of what the model states of its claims, from 0 to 1; None: it makes none."""
    unproven: int = 0
    """Claims that cite what is not in the evidence."""
    inconclusive: bool = False


@dataclass(frozen=True)
class EscalationRules:
    """What asks for a council. The first rule that does is told."""

    environments: frozenset[Environment] = frozenset({"production"})
    """A plan that changes something in one of these."""
    max_assets: int = 20
    """A plan that changes more than this."""
    risk: RiskLevel = "critical"
    """A task of this risk or a higher one, whatever comes of it."""
    min_confidence: float = 0.6

    def reason(self, answer: Answered) -> str | None:
        """Why a council must judge the answer, in a sentence for the thread; None: it stands."""
        found = self._found(answer)
        return None if found is None else f"{found}, so the council judges it."

    def _found(self, answer: Answered) -> str | None:
        if answer.changes and answer.environment in self.environments:
            return f"One model proposed this; {answer.environment} risk is {answer.risk}"
        if answer.changes is not None and answer.changes > self.max_assets:
            return f"One model proposed to change {answer.changes:,} things, more than {self.max_assets:,}"
        if _RISKS.index(answer.risk) >= _RISKS.index(self.risk):
            return f"One model answered, and the risk of the task is {answer.risk}"
        if answer.unproven:
            claims = "claim cites" if answer.unproven == 1 else "claims cite"
            return f"One model answered, and {answer.unproven} of its {claims} what is not in the evidence"
        if answer.confidence is not None and answer.confidence < self.min_confidence:
            return f"One model answered, and is only {answer.confidence:.0%} sure of what it states"
        if answer.inconclusive:
            return "One model answered, and came to no conclusion"
        return None


REFUSED = "The gates refused the last proposal, so the council judges its repair."


@dataclass(frozen=True)
class Escalation:
    """The rules and the purse."""

    rules: EscalationRules = field(default_factory=EscalationRules)
    spending: Spending = field(default_factory=Unlimited)


def confidence_of(reports: Sequence[MemberReport]) -> float | None:
    """The mean of the stated confidences. What models state is no probability, but a low one is a sign."""
    stated = [claim.confidence for report in reports for claim in report.claims]
    return sum(stated) / len(stated) if stated else None
