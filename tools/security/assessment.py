"""Which known vulnerabilities the packages of images have, and of which packages that cannot be told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tools.advisories.matching import Judgement, judge
from tools.advisories.severity import severity_of, worst_first
from tools.advisories.versions import UnknownEcosystem, UnreadableVersion, base_of, compare_versions, knows
from tools.base import ToolContext
from tools.connectors.advisories import Coverage
from tools.connectors.rows import require_own
from tools.contracts.advisory import Advisory, Package, Severity
from tools.contracts.estate import Asset, Image
from tools.drift.versions import families_of
from tools.security.sources import package_source


@dataclass(frozen=True)
class Finding:
    """One vulnerability in one package of one image, whatever number of databases have a record of it."""

    vulnerability: str
    """Its CVE number, else the advisory's own id."""
    cve_id: str | None
    advisory_ids: tuple[str, ...]
    image_id: str
    package: Package
    fixed_version: str | None
    """The highest that any of the records asks for; None: no fix is published."""
    severity: Severity
    summary: str
    """Of the record that rates it worst. A stranger's text."""


@dataclass(frozen=True)
class Doubt:
    """What was not judged, and why. It may be vulnerable."""

    image_id: str
    package: Package | None
    """None: the image as a whole."""
    reason: str
    vulnerability: str | None = None
    """None: whatever is known against the package."""


@dataclass(frozen=True)
class Assessment:
    packages: dict[str, list[Package]]
    """Of each image whose packages are known."""
    findings: tuple[Finding, ...]
    """Worst first."""
    doubts: tuple[Doubt, ...]
    coverage: tuple[Coverage, ...]
    """What the packages were compared with."""

    def of(self, image_id: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.image_id == image_id]


@dataclass(frozen=True)
class Placed:
    """Assets by the image they run."""

    images: dict[str, Image]
    users: dict[str, list[str]]
    """Image id → asset ids, in the order given."""
    unknown: list[str]
    """Assets on an image that the estate does not know."""


async def placed(assets: Iterable[Asset], context: ToolContext) -> Placed:
    families = await families_of(context)
    images: dict[str, Image] = {}
    users: dict[str, list[str]] = {}
    unknown: list[str] = []
    for asset in assets:
        family = families.get(asset.image_family or "")
        image = family.by_version(asset.image_version) if family is not None else None
        if image is None:
            unknown.append(asset.id)
            continue
        images[image.id] = image
        users.setdefault(image.id, []).append(asset.id)
    return Placed(images, users, unknown)


async def assess(image_ids: Collection[str], context: ToolContext) -> Assessment:
    """Raises `EstateError` when packages or CVE data cannot be read: nothing is then said of anything."""
    org = context.caller.org
    asked = sorted(set(image_ids))
    rows = await package_source(context).image_packages(org, asked) if asked else []
    known = {row.image_id: row.packages for row in require_own(rows, org=org, source=context.estate.name)}
    packages = {(package.ecosystem, package.name) for image_id in asked for package in known.get(image_id, [])}
    advisories = await context.advisories.about(packages) if packages else []
    ecosystems = {place for ecosystem, _ in packages for place in (ecosystem, base_of(ecosystem))}
    coverage = await context.advisories.coverage(ecosystems) if ecosystems else []
    covered = {row.ecosystem for row in coverage}
    findings: list[Finding] = []
    doubts: list[Doubt] = []
    for image_id in asked:
        if image_id not in known:
            doubts.append(Doubt(image_id, None, "Its packages are not known."))
        for package in known.get(image_id, []):
            found, doubt = _judged(image_id, package, advisories, covered=covered)
            findings.extend(found)
            doubts.extend(doubt)
    findings.sort(key=lambda finding: (worst_first(finding.severity), _key(finding)))
    return Assessment(known, tuple(findings), tuple(doubts), tuple(coverage))


def _key(finding: Finding) -> tuple[str, str, str, str]:
    return finding.vulnerability, finding.image_id, finding.package.ecosystem, finding.package.name


def row_key(finding: Finding) -> str:
    """Unique within an assessment."""
    return "\n".join(_key(finding))


def _judged(
    image_id: str, package: Package, advisories: list[Advisory], *, covered: set[str]
) -> tuple[list[Finding], list[Doubt]]:
    if not knows(package.ecosystem):
        return [], [Doubt(image_id, package, f"There are no version rules for {package.ecosystem}.")]
    if not covered & {package.ecosystem, base_of(package.ecosystem)}:
        return [], [Doubt(image_id, package, f"No CVE data of {package.ecosystem} is loaded.")]
    affected: dict[str, list[tuple[Advisory, Judgement]]] = {}
    doubts: list[Doubt] = []
    for advisory in advisories:
        judgement = judge(advisory, package)
        if judgement.state == "affected":
            affected.setdefault(advisory.cve or advisory.id, []).append((advisory, judgement))
        elif judgement.state == "unknown":
            name = advisory.cve or advisory.id
            doubts.append(Doubt(image_id, package, f"{name}: {judgement.reason}", vulnerability=name))
    findings = [
        _finding(image_id, package, vulnerability, records) for vulnerability, records in sorted(affected.items())
    ]
    return findings, doubts


def _finding(image_id: str, package: Package, vulnerability: str, records: list[tuple[Advisory, Judgement]]) -> Finding:
    rated = [(severity_of(advisory, judgement.affected), advisory) for advisory, judgement in records]
    severity, worst = min(rated, key=lambda row: (worst_first(row[0]), row[1].id))
    return Finding(
        vulnerability=vulnerability,
        cve_id=worst.cve,
        advisory_ids=tuple(sorted(advisory.id for advisory, _ in records)),
        image_id=image_id,
        package=package,
        fixed_version=_highest(package.ecosystem, [judgement.fixed_version for _, judgement in records]),
        severity=severity,
        summary=worst.summary or worst.details,
    )


def _highest(ecosystem: str, versions: list[str | None]) -> str | None:
    highest: str | None = None
    for version in versions:
        if version is None:
            continue
        try:
            if highest is None or compare_versions(ecosystem, version, highest) > 0:
                highest = version
        except (UnknownEcosystem, UnreadableVersion):
            continue
    return highest
