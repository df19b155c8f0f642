"""What the security tools take and give. Their JSON Schemas are what models, gates and the dispatcher see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.advisory import Rating
from tools.contracts.common import Contract, Environment, RiskLevel
from tools.contracts.vulnerability import CveAlertStatus
from tools.fields import AssetIds, Id, Label, Moment, Names, Paged, PageOutput, Text

Count = Annotated[int, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
CvssScore = Annotated[float, Field(ge=0, le=10)]
Vector = Annotated[str, Field(max_length=400)]
Vulnerability = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}$")]
"""A CVE number, or the id of an advisory that has none."""
Ecosystem = Annotated[str, Field(min_length=1, max_length=120)]
PackageName = Annotated[str, Field(min_length=1, max_length=300)]
Version = Annotated[str, Field(min_length=1, max_length=200)]
SomeAssets = Annotated[list[Id], Field(min_length=1, max_length=500)]
Reach = Literal["internet", "peer", "internal"]
"""From where a port can be reached: anywhere; named public networks; private networks only."""
Exposure = Literal["none", "low", "medium", "high", "critical"]


class CoverageRow(Contract):
    """What the packages of an ecosystem were compared with."""

    ecosystem: Ecosystem
    advisories: Count
    imported_at: Moment


class DoubtRow(Contract):
    """What was not judged. It may be vulnerable."""

    image_id: Id
    package: PackageName | None
    """Null: the whole image."""
    version: Version | None
    reason: Text


class SeverityCounts(Contract):
    critical: Count
    high: Count
    medium: Count
    low: Count
    none: Count
    unrated: Count
    """Nobody has rated them: they may be of any severity."""


class ScanVulnerabilitiesInput(Paged):
    asset_ids: SomeAssets
    minimum_severity: Rating | None = None
    """Leaves milder ones out. Those that nobody has rated stay in."""


class FindingRow(Contract):
    vulnerability: Vulnerability
    cve_id: Annotated[str, Field(max_length=40)] | None
    advisory_ids: list[Vulnerability] = Field(max_length=50)
    severity: Rating | None
    cvss_score: CvssScore | None
    cvss_vector: Vector | None
    ecosystem: Ecosystem
    package: PackageName
    installed_version: Version
    fixed_version: Version | None
    """Null: no fix is published."""
    image_id: Id
    asset_ids: AssetIds
    """Those asked about that run the image."""
    summary: Text
    """A stranger's text."""


class ScanVulnerabilitiesOutput(PageOutput):
    findings: list[FindingRow] = Field(max_length=200)
    """Worst first: one row for each vulnerability, package and image."""
    scanned_assets: Count
    scanned_images: Count
    affected_assets: Count
    totals: SeverityCounts
    """Vulnerabilities (not rows) in all pages."""
    unknown_image_assets: AssetIds
    """On an image that the estate does not know: not scanned."""
    doubts: list[DoubtRow] = Field(max_length=100)
    """The first of what could not be judged."""
    doubts_total: Count
    compared_with: list[CoverageRow] = Field(max_length=100)


class CheckExposureInput(Paged):
    asset_ids: SomeAssets
    reach: Reach | None = None
    """Only ports that can be reached from at least there: `peer` leaves internal ones out."""


class ExposureRow(Contract):
    asset_id: Id
    port: Annotated[int, Field(ge=0, le=65535)]
    protocol: Literal["tcp", "udp"]
    service: Label
    source: Label
    """CIDR of who may connect."""
    reach: Reach
    management: bool
    """A port for administration or data, which should not be reached from the internet."""
    exposure: Exposure
    """The worst vulnerability behind the port, one step worse from the internet and one milder from inside."""
    vulnerabilities: list[Vulnerability] = Field(max_length=50)
    """Worst first, of the packages that answer on the port."""
    vulnerabilities_total: Count
    worst_severity: Rating | None
    doubtful: bool
    """Some package behind the port could not be judged, or its image is not known."""


class CheckExposureOutput(PageOutput):
    exposures: list[ExposureRow] = Field(max_length=200)
    """Worst first."""
    checked_assets: Count
    internet_assets: Count
    """Assets with a port that can be reached from the internet."""
    no_known_port: AssetIds
    """The source has no port of them: not known, rather than closed."""


class ListCveAlertsInput(Paged):
    environment: Environment | None = None
    status: CveAlertStatus | None = None
    minimum_severity: Rating | None = None
    cve_id: Vulnerability | None = None


class CveAlertRow(Contract):
    cve_id: Vulnerability
    severity: Rating | None
    package: PackageName
    status: CveAlertStatus
    detected_at: Moment
    image_ids: Names
    asset_ids: AssetIds
    """In the environment asked about; at most 500."""
    assets_total: Count


class ListCveAlertsOutput(PageOutput):
    alerts: list[CveAlertRow] = Field(max_length=200)


class GetCveDetailsInput(Contract):
    cve_id: Vulnerability
    environment: Environment | None = None


class AffectedRow(Contract):
    ecosystem: Ecosystem
    package: PackageName
    fixed_versions: list[Version] = Field(max_length=20)
    severity: Rating | None
    cvss_score: CvssScore | None


class RecordRow(Contract):
    """What one database says."""

    advisory_id: Vulnerability
    published: Moment | None
    modified: Moment
    withdrawn: Moment | None
    severity: Rating | None
    cvss_score: CvssScore | None
    cvss_vector: Vector | None
    summary: Text
    details: Annotated[str, Field(max_length=2000)]
    affected: list[AffectedRow] = Field(max_length=40)
    """Packages that images here hold come first."""
    affected_total: Count
    references: list[Annotated[str, Field(max_length=500)]] = Field(max_length=10)


class GetCveDetailsOutput(Contract):
    cve_id: Vulnerability
    also_known_as: list[Vulnerability] = Field(max_length=50)
    severity: Rating | None
    """The worst of all records."""
    cvss_score: CvssScore | None
    cvss_vector: Vector | None
    records: list[RecordRow] = Field(max_length=20)
    records_total: Count
    affected_image_ids: list[Id] = Field(max_length=200)
    """Images in use here that hold it."""
    affected_assets: Count
    affected_asset_ids: AssetIds
    """At most 500."""
    doubtful_image_ids: list[Id] = Field(max_length=200)
    """Images in use whose packages could not all be judged by this vulnerability."""


class CalculateBlastRadiusInput(Contract):
    asset_ids: SomeAssets


class CapacityRow(Contract):
    service: Label
    site: Label | None
    environment: Environment
    lost: Count
    running: Count
    """Before the loss."""
    left_percent: Percent


class DependentRow(Contract):
    service: Label
    environment: Environment
    path: list[Label] = Field(max_length=20)
    """From the service that is hit to this one."""
    kind: Literal["hard", "soft"]
    """`hard`: it fails when the first of the path does; `soft`: it goes on worse."""
    assets: Count
    """Its running assets in the environment."""


class CalculateBlastRadiusOutput(Contract):
    direct_assets: Count
    direct_percent: Percent
    """Of the running assets of the environments they are in."""
    reachable_assets: Count
    """Running assets of every service that depends on a hit one, directly or not, besides the direct ones."""
    critical_assets: Count
    """Direct assets in production that hold data (tier `data`), or whose service loses all of a site."""
    services: list[Label] = Field(max_length=200)
    sites: list[Label] = Field(max_length=200)
    platforms: list[Label] = Field(max_length=5)
    owners: list[Label] = Field(max_length=200)
    """Whom to tell: of the assets hit and of the services that depend on them."""
    capacity: list[CapacityRow] = Field(max_length=300)
    """The worst first."""
    dependents: list[DependentRow] = Field(max_length=200)
    level: RiskLevel
    reasons: list[Text] = Field(max_length=10)
    """Why it is this level and no lower."""
