"""The compliance agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from tools.contracts.common import Contract, Environment
from tools.contracts.compliance import ControlSeverity, MeasuredBy
from tools.contracts.outputs.report import Report
from tools.contracts.plan import AssetId
from tools.contracts.sourced import SourcedRow

ControlVerdict = Literal["compliant", "compliant_with_exemptions", "non_compliant", "stale", "no_data"]
FrameworkVerdict = Literal["compliant", "non_compliant", "incomplete"]


class ControlJudged(Contract):
    framework: str
    control_id: str
    title: str
    severity: ControlSeverity
    measured_by: MeasuredBy
    environment: Environment
    verdict: ControlVerdict
    reason: str
    affected_count: int = Field(ge=0)
    exempted_count: int = Field(ge=0)
    audited_at: AwareDatetime | None


class ControlEvidenced(SourcedRow):
    """One control, its verdict and the record that bears it out, as `generate_compliance_evidence` put it."""

    control: ControlJudged
    affected_assets: list[AssetId] = Field(max_length=500)
    exemptions: list[str] = Field(max_length=500)
    attestation: str | None
    record_digest: str


class FrameworkJudged(SourcedRow):
    """A framework over all its controls: one without data counts as one that does not hold."""

    framework: str
    version: str
    verdict: FrameworkVerdict
    controls: int = Field(ge=1)
    holding: int = Field(ge=0)
    non_compliant: int = Field(ge=0)
    stale: int = Field(ge=0)
    no_data: int = Field(ge=0)
    score_pct: float = Field(ge=0, le=100)


class ControlNamed(Contract):
    framework: str
    control_id: str
    verdict: ControlVerdict


class MeasuredNow(Contract):
    measured_at: AwareDatetime
    by: MeasuredBy
    basis: str
    affected_count: int = Field(ge=0)
    verdict: ControlVerdict


class ControlMeasured(SourcedRow):
    """One control measured from the estate, as `check_control` did it: past what the audit said."""

    control: ControlNamed
    measured: MeasuredNow | None
    agrees: bool | None
    """Whether the measurement says the same of compliance as the record. None without a measurement."""


class EvidenceDocument(SourcedRow):
    """The document that an auditor is given, by its digest."""

    evidence_id: str
    generated_at: AwareDatetime
    verdict: FrameworkVerdict
    gaps: list[str] = Field(max_length=400)
    digest: str


class ComplianceReport(Report):
    """Which controls hold, which do not, of which nothing is known, and on what evidence."""

    kind: Literal["ComplianceReport"] = "ComplianceReport"
    documents: list[EvidenceDocument] = Field(default=[], max_length=20)
    """Empty only in a report that is inconclusive: nothing is attested without evidence."""
    frameworks: list[FrameworkJudged] = Field(default=[], max_length=50)
    controls: list[ControlEvidenced] = Field(default=[], max_length=400)
    measured: list[ControlMeasured] = Field(default=[], max_length=100)
