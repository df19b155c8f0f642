"""The security agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contracts.advisory import Rating
from tools.contracts.common import Contract
from tools.contracts.outputs.blast import BlastRadius
from tools.contracts.outputs.report import Report
from tools.contracts.plan import AssetId
from tools.contracts.sourced import SourcedRow


class VulnerabilityFound(SourcedRow):
    """One vulnerability in one package of one image, as `scan_vulnerabilities` found it."""

    vulnerability: str
    cve_id: str | None
    severity: Rating | None
    """From the CVSS vector of the data; None: nobody has rated it."""
    cvss_score: float | None = Field(ge=0, le=10)
    cvss_vector: str | None
    ecosystem: str
    package: str
    installed_version: str
    fixed_version: str | None
    """None: no fix is published."""
    image_id: str
    asset_ids: list[AssetId] = Field(max_length=500)


class ExposedPort(SourcedRow):
    """A port that can be reached, and the worst of what answers there, as `check_exposure` computed it."""

    asset_id: AssetId
    port: int
    protocol: Literal["tcp", "udp"]
    service: str
    source: str
    """CIDR of who may connect."""
    reach: Literal["internet", "peer", "internal"]
    management: bool
    exposure: Literal["none", "low", "medium", "high", "critical"]
    vulnerabilities: list[str] = Field(max_length=50)
    worst_severity: Rating | None
    doubtful: bool


class SeverityTotals(Contract):
    critical: int
    high: int
    medium: int
    low: int
    none: int
    unrated: int
    """Nobody has rated them: they may be of any severity."""


class Compared(Contract):
    """What the packages of an ecosystem were compared with."""

    ecosystem: str
    advisories: int = Field(ge=0)


class Scan(SourcedRow):
    """One scan as a whole: what was looked at, what was found, what could not be judged."""

    scanned_assets: int = Field(ge=0)
    scanned_images: int = Field(ge=0)
    affected_assets: int = Field(ge=0)
    totals: SeverityTotals
    doubts_total: int = Field(ge=0)
    unknown_image_assets: list[AssetId] = Field(max_length=500)
    compared_with: list[Compared] = Field(max_length=100)


class SecurityReport(Report):
    """What is vulnerable, what can reach it, and how far it would go."""

    kind: Literal["SecurityReport"] = "SecurityReport"
    scans: list[Scan] = Field(default=[], max_length=40)
    vulnerabilities: list[VulnerabilityFound] = Field(default=[], max_length=200)
    """Worst first."""
    exposures: list[ExposedPort] = Field(default=[], max_length=200)
    """Worst first."""
    blast_radius: BlastRadius | None = None
    """Of the assets that are exposed worst. None: it was not computed."""
