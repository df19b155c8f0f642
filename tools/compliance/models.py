"""What the compliance tools take and give. Their JSON Schemas are what models, gates and the dispatcher see."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.compliance.evaluation import FrameworkVerdict, Verdict
from tools.contracts.common import Contract, Environment
from tools.contracts.compliance import ControlSeverity, MeasuredBy
from tools.fields import Id, Label, Moment, Paged, PageOutput, Text

Digest = Annotated[str, Field(max_length=80)]
AffectedAssets = Annotated[list[Id], Field(max_length=500)]
"""The first 500 in id order; the count beside it is of all."""
MaxAge = Annotated[int, Field(ge=1, le=400)]


class GetComplianceStatusInput(Paged):
    framework: Id | None = None
    environment: Environment | None = None
    max_age_days: MaxAge = 90
    """An audit result that is older counts as stale."""


class ControlRow(Contract):
    framework: Id
    control_id: Id
    title: Text
    severity: ControlSeverity
    measured_by: MeasuredBy
    environment: Environment
    verdict: Verdict
    reason: Text
    affected_count: int = Field(ge=0)
    exempted_count: int = Field(ge=0)
    audited_at: Moment | None
    """Of the audit, or of the attestation."""
    audit_score: float | None
    """Percent, as the audit gave it; null without one."""


class FrameworkRow(Contract):
    framework: Id
    version: Label
    verdict: FrameworkVerdict
    """`compliant` only when every control holds; `incomplete` when some lack fresh data and none failed."""
    controls: int = Field(ge=1)
    holding: int = Field(ge=0)
    non_compliant: int = Field(ge=0)
    stale: int = Field(ge=0)
    no_data: int = Field(ge=0)
    score_pct: float = Field(ge=0, le=100)
    """Controls that hold, of all: one without data counts as one that does not."""


class GetComplianceStatusOutput(PageOutput):
    computed_at: Moment
    frameworks: list[FrameworkRow] = Field(max_length=50)
    """Of all their controls, whatever the page."""
    controls: list[ControlRow] = Field(max_length=200)


class CheckControlInput(Contract):
    control_id: Id
    framework: Id | None = None
    """Needed where several frameworks have a control of this id."""
    environment: Environment | None = None
    max_age_days: MaxAge = 90


class Measurement(Contract):
    """The control measured now, from the estate rather than from the audit."""

    measured_at: Moment
    by: MeasuredBy
    basis: Text
    affected_count: int = Field(ge=0)
    """Exempt assets are left out."""
    affected_assets: AffectedAssets
    newly_affected: AffectedAssets
    """That the audit did not name."""
    no_longer_affected: AffectedAssets
    verdict: Verdict


class CheckControlOutput(Contract):
    control: ControlRow
    recommendation: Text
    affected_assets: AffectedAssets
    """By the audit, without exempt ones."""
    exempted_assets: AffectedAssets
    attested_by: Label | None
    attestation: Text | None
    measured: Measurement | None
    """Null where nothing but people's word can show the control to hold."""
    agrees: bool | None
    """Whether the measurement says the same of compliance as the record. Null without a measurement."""


class StatedResult(Contract):
    """What somebody says of a control."""

    framework: Id
    control_id: Id
    verdict: Verdict


class GenerateComplianceEvidenceInput(Contract):
    frameworks: Annotated[list[Id], Field(min_length=1, max_length=10)]
    results: Annotated[list[StatedResult], Field(max_length=200)] = []
    """Verdicts to be attested. One that the records do not bear out is refused."""
    environment: Environment | None = None
    max_age_days: MaxAge = 90


class ControlEvidence(Contract):
    control: ControlRow
    affected_assets: AffectedAssets
    exemptions: list[Id] = Field(max_length=500)
    attestation: Id | None
    record_digest: Digest
    """Of the control, the result and whatever else the verdict rests on."""


class FrameworkEvidence(Contract):
    summary: FrameworkRow
    controls: list[ControlEvidence] = Field(max_length=400)


class GenerateComplianceEvidenceOutput(Contract):
    evidence_id: Id
    generated_at: Moment
    verdict: FrameworkVerdict
    """Of all the frameworks together."""
    frameworks: list[FrameworkEvidence] = Field(max_length=10)
    gaps: list[Text] = Field(max_length=400)
    """Controls that lack fresh data: what an auditor would ask for first."""
    digest: Digest
    """Of everything above but the moment and the id."""
