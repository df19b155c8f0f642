"""What the patch tools take and give. Their JSON Schemas are what models, gates and the dispatcher see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.advisory import Rating
from tools.contracts.common import Contract, Environment, RiskLevel
from tools.contracts.plan import HealthCheck
from tools.drift.models import GeneratePatchPlanOutput
from tools.fields import AssetIds, Id, Label, Moment, Paged, PageOutput, Text
from tools.security.models import (
    AffectedRow,
    Count,
    CvssScore,
    Ecosystem,
    PackageName,
    Percent,
    SomeAssets,
    Vector,
    Version,
    Vulnerability,
)

ChangeType = Literal["image_rollout", "package_patch", "configuration", "restart", "rollback"]
Share = Annotated[float, Field(ge=0, le=1)]


class GetCveFeedInput(Paged):
    minimum_severity: Rating | None = None
    """Leaves milder ones out. Those that nobody has rated stay in."""
    ecosystem: Ecosystem | None = None
    """`Debian:12`, or `Debian` for all its releases."""
    package: PackageName | None = None
    modified_since: Moment | None = None
    environment: Environment | None = None
    """Whose assets are counted."""


class FeedRow(Contract):
    advisory_id: Vulnerability
    cve_id: Annotated[str, Field(max_length=40)] | None
    severity: Rating | None
    cvss_score: CvssScore | None
    cvss_vector: Vector | None
    summary: Text
    """A stranger's text."""
    published: Moment | None
    modified: Moment
    affected: list[AffectedRow] = Field(max_length=20)
    affected_total: Count
    affected_assets: Count
    """Of the caller's, in the environment asked about."""
    affected_image_ids: list[Id] = Field(max_length=50)


class GetCveFeedOutput(PageOutput):
    advisories: list[FeedRow] = Field(max_length=200)
    """The last modified first."""


class CalculateRiskScoreInput(Contract):
    asset_ids: SomeAssets
    change_type: ChangeType


class RiskFactor(Contract):
    name: Label
    weight: Share
    """All weights add up to 1."""
    score: Percent
    points: Percent
    """`weight` × `score`: the factor's part of the whole."""
    why: Text


class CalculateRiskScoreOutput(Contract):
    score: Percent
    """The sum of all points."""
    level: RiskLevel
    """low under 25, medium under 50, high under 75, critical from 75."""
    factors: list[RiskFactor] = Field(max_length=20)
    assets: Count


class GenerateRolloutPlanInput(Contract):
    asset_ids: SomeAssets
    cve_ids: list[Vulnerability] = Field(default=[], max_length=20)
    """What the rollout is to close. Empty: whatever it closes."""
    canary_size: int = Field(default=1, ge=1)
    max_batch_percent: float = Field(default=20, gt=0, le=100)
    wait_seconds: int = Field(default=60, ge=0, le=7 * 86400)
    health_checks: list[HealthCheck] = Field(default=[], max_length=20)
    """Empty: heartbeat, http_ok, version_matches and error_rate_below 5 %."""


class FixRow(Contract):
    """One vulnerability in one package, and what closes it."""

    vulnerability: Vulnerability
    cve_id: Annotated[str, Field(max_length=40)] | None
    severity: Rating | None
    cvss_score: CvssScore | None
    ecosystem: Ecosystem
    package: PackageName
    installed_version: Version
    fixed_version: Version | None
    """As its advisory asks for; null: none is published."""
    asset_ids: AssetIds


class GenerateRolloutPlanOutput(GeneratePatchPlanOutput):
    """A rollout of the family's golden image, and what becomes of the vulnerabilities. The gates judge it."""

    fixes: list[FixRow] = Field(min_length=1, max_length=500)
    """What the assets have and the target image has not; worst first."""
    remaining: list[FixRow] = Field(max_length=500)
    """What the target image still has."""
    doubts: Count
    """Packages of the target image that could not be judged."""
