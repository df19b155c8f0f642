"""`list_cve_alerts`: what the org's own scanner has found, as it keeps it."""

from __future__ import annotations

from tools.base import ToolContext
from tools.connectors.rows import require_own
from tools.connectors.vulnerability import CveAlertQuery
from tools.security.models import CveAlertRow, ListCveAlertsInput, ListCveAlertsOutput
from tools.security.sources import cve_alert_source


async def list_cve_alerts(given: ListCveAlertsInput, context: ToolContext) -> ListCveAlertsOutput:
    query = CveAlertQuery(
        cve=given.cve_id,
        status=given.status,
        minimum_severity=given.minimum_severity,
        environment=given.environment,
    )
    org = context.caller.org
    found, cursor = await cve_alert_source(context).cve_alerts(org, query, limit=given.limit, cursor=given.cursor)
    rows = [
        CveAlertRow(
            cve_id=alert.cve,
            severity=alert.severity,
            package=alert.package,
            status=alert.status,
            detected_at=alert.detected_at,
            image_ids=alert.image_ids[:50],
            asset_ids=alert.asset_ids[:500],
            assets_total=len(alert.asset_ids),
        )
        for alert in require_own(found, org=org, source=context.estate.name)
    ]
    return ListCveAlertsOutput(alerts=rows, returned=len(rows), next_cursor=cursor)
