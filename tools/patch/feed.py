"""`get_cve_feed`: what has been published, and how much of it is here."""

from __future__ import annotations

from tools.advisories.severity import severity_of
from tools.base import ToolContext
from tools.connectors.advisories import FeedQuery
from tools.connectors.base import AssetQuery
from tools.contracts.advisory import Advisory
from tools.fields import clipped
from tools.lookup import all_assets
from tools.patch.models import FeedRow, GetCveFeedInput, GetCveFeedOutput
from tools.security.assessment import Placed, assess, placed
from tools.security.details import affected_row

SHOWN_AFFECTED = 20


async def get_cve_feed(given: GetCveFeedInput, context: ToolContext) -> GetCveFeedOutput:
    query = FeedQuery(
        minimum_rating=given.minimum_severity,
        ecosystem=given.ecosystem,
        package=given.package,
        modified_since=given.modified_since,
    )
    found, cursor = await context.advisories.feed(query, limit=given.limit, cursor=given.cursor)
    assets = await all_assets(context.estate, context.caller.org, AssetQuery(environment=given.environment))
    where = await placed(assets, context)
    images_of: dict[str, set[str]] = {}
    for finding in (await assess(where.images, context)).findings:
        for advisory_id in finding.advisory_ids:
            images_of.setdefault(advisory_id, set()).add(finding.image_id)
    rows = [_row(advisory, images_of.get(advisory.id, set()), where) for advisory in found]
    return GetCveFeedOutput(advisories=rows, returned=len(rows), next_cursor=cursor)


def _row(advisory: Advisory, image_ids: set[str], where: Placed) -> FeedRow:
    severity = severity_of(advisory)
    return FeedRow(
        advisory_id=advisory.id,
        cve_id=advisory.cve,
        severity=severity.rating,
        cvss_score=severity.score,
        cvss_vector=severity.basis if severity.score is not None else None,
        summary=clipped(advisory.summary or advisory.details),
        published=advisory.published,
        modified=advisory.modified,
        affected=[affected_row(advisory, affected) for affected in advisory.affected[:SHOWN_AFFECTED]],
        affected_total=len(advisory.affected),
        affected_assets=sum(len(where.users[image_id]) for image_id in image_ids),
        affected_image_ids=sorted(image_ids)[:50],
    )
