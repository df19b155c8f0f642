"""What a decision is about: one revision of a plan that the gates allowed, and the votes on it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.blocks.actions import ButtonValue, Care
from tools.contracts.council import CouncilOutcome
from tools.contracts.decision import DecisionVerdict
from tools.contracts.plan import Plan
from tools.contracts.verdict import ApprovalRequirement, GateReport


@dataclass(frozen=True)
class Vote:
    """A decision that counted."""

    user: str
    verdict: DecisionVerdict
    at: datetime | None = None
    """None: not known here; the ledger knows."""
    reason: str = ""
    behalf: str = ""
    """Who lent them the role; empty: it is their own."""
    lent_until: datetime | None = None


@dataclass(frozen=True)
class Offer:
    """One revision of a plan, put to people. Raises ValueError for a plan that the gates did not allow."""

    plan: Plan
    report: GateReport
    council: CouncilOutcome
    requester: str
    """Slack user id, or `alert:<fingerprint>`."""
    nonce: str
    deadline: datetime
    environment_size: int | None
    """Assets in the plan's environment; None: unknown."""
    cost_usd: float | None
    """Of the task so far; None: unknown."""
    answers_usd: float | None
    """Of that, what the models' answers and votes cost; None: unknown."""
    simulated: bool
    rest: bool = False
    """Whether its canary ran already, without approval: what is on offer is what comes after it."""
    include_dissent: bool = True
    """Whether the card tells who disputes what and why (ADR-006), or only how much is disputed."""
    votes: list[Vote] = field(default_factory=list[Vote])
    """Decisions that counted so far, oldest first."""
    shapers: list[str] = field(default_factory=list[str])
    """Who changed by a reply what is planned: they cannot approve it either."""

    def __post_init__(self) -> None:
        if not self.report.allowed or self.report.policy_digest is None:
            raise ValueError("a plan that the gates did not allow cannot be offered for approval")
        if self.report.plan_digest != (digest := self.plan.digest):
            raise ValueError(f"the gates judged {self.report.plan_digest}, not this plan ({digest})")

    @property
    def requirement(self) -> ApprovalRequirement:
        if self.report.requirement is None:
            raise ValueError("an allowed plan has an approval requirement")
        return self.report.requirement

    @property
    def plan_digest(self) -> str:
        """The plan's, and the one that the gates judged: they are the same, or there would be no offer."""
        return self.report.plan_digest

    @property
    def button_value(self) -> ButtonValue:
        """What a click on this card's buttons binds."""
        return ButtonValue(
            task_id=self.plan.task_id,
            revision=self.plan.revision,
            plan_digest=self.plan_digest,
            policy_digest=self.report.policy_digest or "",
            target=self.plan.target,
            nonce=self.nonce,
            expires_at=self.deadline.astimezone(UTC).isoformat(),
            care=self.care,
        )

    @property
    def care(self) -> Care | None:
        """What an approval has to be told first, where the policy asks for step-up."""
        if not self.requirement.step_up:
            return None
        return Care.of(assets=len(self.plan.asset_ids), reasons=self.requirement.step_up_reasons)
