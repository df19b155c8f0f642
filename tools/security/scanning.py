"""`scan_vulnerabilities`: the packages of what runs, against the CVE data."""

from __future__ import annotations

from tools.advisories.severity import at_least
from tools.base import ToolContext, ToolError
from tools.contracts.advisory import Rating
from tools.fields import clipped
from tools.lookup import callers_assets, listed
from tools.paging import page_of
from tools.security.assessment import Assessment, Doubt, Finding, Placed, assess, placed, row_key
from tools.security.models import (
    CoverageRow,
    DoubtRow,
    FindingRow,
    ScanVulnerabilitiesInput,
    ScanVulnerabilitiesOutput,
    SeverityCounts,
)

SHOWN_DOUBTS = 100


async def scan_vulnerabilities(given: ScanVulnerabilitiesInput, context: ToolContext) -> ScanVulnerabilitiesOutput:
    asked = list(dict.fromkeys(given.asset_ids))
    known = await callers_assets(asked, context)
    if missing := [asset_id for asset_id in asked if asset_id not in known]:
        raise ToolError(f"Nothing was scanned. These assets are not in the estate: {listed(missing)}.")
    where = await placed([known[asset_id] for asset_id in asked], context)
    assessment = await assess(where.images, context)
    wanted = [finding for finding in assessment.findings if _severe(finding.severity.rating, given.minimum_severity)]
    page, cursor = page_of(wanted, row_key, limit=given.limit, cursor=given.cursor)
    return ScanVulnerabilitiesOutput(
        findings=[finding_row(finding, where) for finding in page],
        returned=len(page),
        next_cursor=cursor,
        scanned_assets=len(asked) - len(where.unknown),
        scanned_images=len(where.images),
        affected_assets=len({asset_id for finding in wanted for asset_id in where.users[finding.image_id]}),
        totals=counted(wanted),
        unknown_image_assets=where.unknown,
        doubts=[doubt_row(doubt) for doubt in assessment.doubts[:SHOWN_DOUBTS]],
        doubts_total=len(assessment.doubts),
        compared_with=coverage_rows(assessment),
    )


def _severe(rating: Rating | None, minimum: Rating | None) -> bool:
    return minimum is None or at_least(rating, minimum)


def finding_row(finding: Finding, where: Placed) -> FindingRow:
    return FindingRow(
        vulnerability=finding.vulnerability,
        cve_id=finding.cve_id,
        advisory_ids=list(finding.advisory_ids[:50]),
        severity=finding.severity.rating,
        cvss_score=finding.severity.score,
        cvss_vector=finding.severity.basis if finding.severity.score is not None else None,
        ecosystem=finding.package.ecosystem,
        package=finding.package.name,
        installed_version=finding.package.version,
        fixed_version=finding.fixed_version,
        image_id=finding.image_id,
        asset_ids=where.users.get(finding.image_id, []),
        summary=clipped(finding.summary),
    )


def counted(findings: list[Finding]) -> SeverityCounts:
    """Each vulnerability once, by the worst rating that any package of it has."""
    worst: dict[str, Rating | None] = {}
    for finding in findings:  # worst first
        worst.setdefault(finding.vulnerability, finding.severity.rating)
    ratings = list(worst.values())
    return SeverityCounts(
        critical=ratings.count("critical"),
        high=ratings.count("high"),
        medium=ratings.count("medium"),
        low=ratings.count("low"),
        none=ratings.count("none"),
        unrated=ratings.count(None),
    )


def doubt_row(doubt: Doubt) -> DoubtRow:
    return DoubtRow(
        image_id=doubt.image_id,
        package=doubt.package.name if doubt.package else None,
        version=doubt.package.version if doubt.package else None,
        reason=clipped(doubt.reason),
    )


def coverage_rows(assessment: Assessment) -> list[CoverageRow]:
    return [
        CoverageRow(ecosystem=row.ecosystem, advisories=row.advisories, imported_at=row.imported_at)
        for row in assessment.coverage[:100]
    ]
