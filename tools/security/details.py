"""`get_cve_details`: what the databases say of one vulnerability, and where it is here."""

from __future__ import annotations

from tools.advisories.matching import package_key
from tools.advisories.severity import severity_of, worst_first
from tools.base import ToolContext, ToolError
from tools.connectors.base import AssetQuery
from tools.contracts.advisory import Advisory, AffectedPackage, Severity
from tools.fields import clipped
from tools.lookup import all_assets
from tools.security.assessment import Assessment, assess, placed
from tools.security.models import AffectedRow, GetCveDetailsInput, GetCveDetailsOutput, RecordRow

SHOWN_RECORDS = 20
SHOWN_AFFECTED = 40
DETAILS_CHARS = 2000


async def get_cve_details(given: GetCveDetailsInput, context: ToolContext) -> GetCveDetailsOutput:
    records = await context.advisories.named(given.cve_id)
    if not records:
        raise ToolError(
            f"The CVE data here has no {given.cve_id!r}: that says nothing of whether anything is affected."
            " `gavel cve import` loads more; list_cve_alerts shows what a scanner found."
        )
    assets = await all_assets(context.estate, context.caller.org, AssetQuery(environment=given.environment))
    where = await placed(assets, context)
    assessment = await assess(where.images, context)
    ids = {advisory.id for advisory in records}
    hit = sorted({finding.image_id for finding in assessment.findings if ids & set(finding.advisory_ids)})
    asset_ids = sorted(asset_id for image_id in hit for asset_id in where.users[image_id])
    ordered = sorted(records, key=lambda advisory: (worst_first(severity_of(advisory)), advisory.id))
    names = sorted({name for advisory in records for name in advisory.names})
    cve = next((advisory.cve for advisory in ordered if advisory.cve is not None), ordered[0].id)
    worst, held = severity_of(ordered[0]), _held_by(assessment)
    return GetCveDetailsOutput(
        cve_id=cve,
        also_known_as=[name for name in names if name != cve][:50],
        severity=worst.rating,
        cvss_score=worst.score,
        cvss_vector=_vector(worst),
        records=[_record(advisory, held) for advisory in ordered[:SHOWN_RECORDS]],
        records_total=len(ordered),
        affected_image_ids=hit[:200],
        affected_assets=len(asset_ids),
        affected_asset_ids=asset_ids[:500],
        doubtful_image_ids=_doubtful(assessment, ordered)[:200],
    )


def _held_by(assessment: Assessment) -> set[tuple[str, str]]:
    """(ecosystem, package key) of everything that the images in use hold."""
    return {
        (package.ecosystem, package_key(package.ecosystem, package.name))
        for packages in assessment.packages.values()
        for package in packages
    }


def _record(advisory: Advisory, held: set[tuple[str, str]]) -> RecordRow:
    severity = severity_of(advisory)
    relevant_first = sorted(advisory.affected, key=lambda affected: (not _is_held(affected, held), affected.ecosystem))
    return RecordRow(
        advisory_id=advisory.id,
        published=advisory.published,
        modified=advisory.modified,
        withdrawn=advisory.withdrawn,
        severity=severity.rating,
        cvss_score=severity.score,
        cvss_vector=_vector(severity),
        summary=clipped(advisory.summary),
        details=clipped(advisory.details, at_most=DETAILS_CHARS),
        affected=[affected_row(advisory, affected) for affected in relevant_first[:SHOWN_AFFECTED]],
        affected_total=len(advisory.affected),
        references=[reference.url for reference in advisory.references[:10]],
    )


def _is_held(affected: AffectedPackage, held: set[tuple[str, str]]) -> bool:
    return (affected.ecosystem, package_key(affected.ecosystem, affected.name)) in held


def affected_row(advisory: Advisory, affected: AffectedPackage) -> AffectedRow:
    severity = severity_of(advisory, affected)
    fixed = [event.version for timeline in affected.ranges for event in timeline.events if event.kind == "fixed"]
    return AffectedRow(
        ecosystem=affected.ecosystem,
        package=affected.name,
        fixed_versions=list(dict.fromkeys(fixed))[:20],
        severity=severity.rating,
        cvss_score=severity.score,
    )


def _doubtful(assessment: Assessment, records: list[Advisory]) -> list[str]:
    """Images of which it cannot be told whether they have this vulnerability."""
    names = {advisory.cve or advisory.id for advisory in records}
    packages = {affected.name for advisory in records for affected in advisory.affected}
    return sorted(
        {
            doubt.image_id
            for doubt in assessment.doubts
            if doubt.vulnerability in names
            or doubt.package is None
            or (doubt.vulnerability is None and doubt.package.name in packages)
        }
    )


def _vector(severity: Severity) -> str | None:
    return severity.basis if severity.score is not None else None
