"""`acknowledge_alert`: somebody has taken an alert on. It changes the alert and no machine."""

from __future__ import annotations

from tools.base import ToolContext, ToolError
from tools.connectors.incident import AlertQuery
from tools.connectors.rows import require_own
from tools.contracts.change import AssetOutcome
from tools.incident.models import AcknowledgeAlertInput, AcknowledgeAlertOutput
from tools.incident.reading import alert_source


async def acknowledge_alert(given: AcknowledgeAlertInput, context: ToolContext) -> AcknowledgeAlertOutput:
    return await _acknowledge(given, context, production=True)


async def acknowledge_alert_nonprod(given: AcknowledgeAlertInput, context: ToolContext) -> AcknowledgeAlertOutput:
    return await _acknowledge(given, context, production=False)


async def _acknowledge(
    given: AcknowledgeAlertInput, context: ToolContext, *, production: bool
) -> AcknowledgeAlertOutput:
    """The call's id is the idempotency key: the same call again changes nothing."""
    org, source = context.caller.org, alert_source(context)
    found, _ = await source.alerts(org, AlertQuery(ids=[given.alert_id]), limit=2, cursor=None)
    alert = next(iter(require_own(found, org=org, source=context.estate.name)), None)
    if alert is None:
        raise ToolError(
            f"Nothing was changed. This org has no alert {given.alert_id!r}; use an id that query_alerts returned."
        )
    if alert.environment is None or alert.environment != given.environment:
        raise ToolError(
            f"Nothing was changed. Alert {alert.id!r} is of {alert.environment or 'no known environment'},"
            f" not of {given.environment or 'a named environment'}."
        )
    if (alert.environment == "production") is not production:
        kind = "production" if production else "development and staging"
        raise ToolError(f"Nothing was changed. This tool acknowledges alerts of {kind} only.")
    about = [alert.asset_id] if alert.asset_id else []
    if given.asset_ids != about:
        raise ToolError(
            f"Nothing was changed. Alert {alert.id!r} is about {alert.asset_id or 'no single asset'}:"
            f" `asset_ids` must be {about}."
        )
    after = await source.acknowledge_alert(org, alert.id, by=context.caller.user, idempotency_key=context.call_id)
    outcomes = [
        AssetOutcome(asset_id=asset_id, ok=True, image_version=None, message=f"Alert {alert.id} is {after.status}.")
        for asset_id in about
    ]
    return AcknowledgeAlertOutput(
        outcomes=outcomes,
        changed=len(outcomes),
        failed=0,
        alert_id=after.id,
        status=after.status,
        acknowledged_at=after.acknowledged_at,
        acknowledged_by=after.acknowledged_by,
    )
