"""The output of an agent that finds out and changes nothing. A report has no actions: nothing in it is executed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract, Environment, RiskLevel, TaskType, digest_of
from tools.contracts.plan import AssetId, Evidence
from tools.contracts.statement import Statement

Conclusion = Literal["findings", "healthy", "inconclusive"]
"""`healthy` is code's to say, from whole results; no data is never healthy."""

FindingKind = Literal["fact", "cause", "risk", "gap"]


class Finding(Contract):
    """One thing that was found, as the models' votes and the receipts left it."""

    id: str
    statement: Statement
    kind: FindingKind
    severity: RiskLevel | None = None
    """None: nothing says how bad it is."""
    asset_ids: list[AssetId] = []
    agreement: float | None = None
    """Of those who took a stance, the share for it; None: nobody voted, because one model answered alone or because
    code read it from a result."""
    supporters: int = Field(default=0, ge=0)
    """Members behind it."""
    single_source: bool = False
    """Only one member, or one family of them, stands behind it."""


class Recommendation(Contract):
    """What a person could do about it. A suggestion in words: no tool, no command."""

    statement: Statement
    task_type: TaskType | None = None
    """The kind of task that would do it, where Gavel has one."""
    asset_ids: list[AssetId] = Field(default=[], max_length=200)


class Handover(Contract):
    """Work for another agent: one follow-up task, with its own council, gates and approval."""

    task_type: TaskType
    goal: str = Field(min_length=1, max_length=400)
    asset_ids: list[AssetId] = Field(default=[], max_length=200)
    reason: Statement


class Report(Contract):
    """What every report has. Each kind is a subclass in this package with a `kind` of its own."""

    org: str
    task_id: str
    revision: int = Field(ge=1)
    environment: Environment
    conclusion: Conclusion
    summary: Statement
    findings: list[Finding] = Field(max_length=60)
    recommendations: list[Recommendation] = Field(max_length=20)
    disputed: list[Finding] = Field(max_length=60)
    """Said by some, and not carried."""
    missing: list[str] = Field(max_length=20)
    """What would settle what is open. Holds no figures and no names but those of tools."""
    evidence: list[Evidence]
    handover: Handover | None = None

    @property
    def digest(self) -> str:
        """`sha256:…` over the canonical JSON of the whole report."""
        return digest_of(self)
