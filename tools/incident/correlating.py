"""`correlate_events`: reads alerts, errors and changes of one stretch of time and says what came before what."""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.base import ToolContext, ToolError
from tools.connectors.base import AssetQuery
from tools.connectors.incident import AlertQuery, ChangeQuery, LogQuery, Span
from tools.connectors.rows import every_row, require_own
from tools.contracts.incident import Alert
from tools.fields import clipped
from tools.incident.correlation import Elsewhere, Picture, Place, Related, likely_cause
from tools.incident.models import (
    AlertCorrelation,
    AssetOnset,
    CorrelateEventsInput,
    CorrelateEventsOutput,
    RelatedChange,
)
from tools.incident.reading import alert_source, change_source, log_source, span_of
from tools.lookup import all_assets, listed

LOOKED_AT = timedelta(hours=6)
MAX_ALERTS = 1_000
MAX_LINES = 10_000
MAX_EVENTS = 5_000
PAGE = 500
MAX_CHANGES = 20
"""Of one alert, in the answer."""
MAX_ONSETS = 50


async def correlate_events(given: CorrelateEventsInput, context: ToolContext) -> CorrelateEventsOutput:
    start, end = span_of(given.start, given.end, context, by_default=LOOKED_AT)
    anchors, cursor = await _anchors(given, context, start=start, end=end)
    lookback = timedelta(minutes=given.lookback_minutes)
    # An alert that was named may be older than `start`: what came before it is read all the same.
    first = min([start, *(alert.raised_at for alert in anchors)]) - lookback
    picture = await _picture(given, context, anchors=anchors, span=Span(start=first, end=end), lookback=lookback)
    onsets = sorted(picture.onsets().items(), key=lambda onset: (onset[1], onset[0]))
    earliest = onsets[0][1] if onsets else start
    return CorrelateEventsOutput(
        start=start,
        end=end,
        correlations=[_correlation(alert, picture) for alert in anchors],
        order_of_onsets=[
            AssetOnset(asset_id=asset_id, onset_at=at, seconds_after_first=_seconds(at - earliest))
            for asset_id, at in onsets[:MAX_ONSETS]
        ],
        more_onsets=max(0, len(onsets) - MAX_ONSETS),
        error_lines=len(picture.lines),
        change_events=len(picture.events),
        returned=len(anchors),
        next_cursor=cursor,
    )


async def _anchors(
    given: CorrelateEventsInput, context: ToolContext, *, start: datetime, end: datetime
) -> tuple[list[Alert], str | None]:
    """The alerts to explain. Raises `ToolError` when one that was named is not there."""
    org, source = context.caller.org, alert_source(context)
    wanted = list(dict.fromkeys(given.alert_ids))
    query = AlertQuery(
        ids=wanted,
        environment=given.environment,
        asset_ids=given.asset_ids,
        raised=Span() if wanted else Span(start=start, end=end),
    )
    limit = max(given.limit, len(wanted))
    found, cursor = await source.alerts(org, query, limit=limit, cursor=None if wanted else given.cursor)
    anchors = list(require_own(found, org=org, source=context.estate.name))
    if missing := [alert_id for alert_id in wanted if alert_id not in {alert.id for alert in anchors}]:
        raise ToolError(
            f"Nothing was correlated. No such alerts among those asked about: {listed(missing)}."
            " Use ids exactly as query_alerts returned them."
        )
    if late := [alert.id for alert in anchors if alert.raised_at > end]:
        raise ToolError(f"Nothing was correlated. Raised after `end`: {listed(late)}.")
    return anchors, cursor


async def _picture(
    given: CorrelateEventsInput, context: ToolContext, *, anchors: list[Alert], span: Span, lookback: timedelta
) -> Picture:
    """All of the environment's alerts, errors and changes: what a change did not harm says as much as what it did."""
    org, name = context.caller.org, context.estate.name
    alerts, logs, changes = alert_source(context), log_source(context), change_source(context)
    alert_query = AlertQuery(environment=given.environment, raised=span)
    log_query = LogQuery(environment=given.environment, levels=["error", "critical"], written=span)
    change_query = ChangeQuery(environment=given.environment, made=span)
    raised = await every_row(
        lambda cursor: alerts.alerts(org, alert_query, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="alerts",
        at_most=MAX_ALERTS,
    )
    lines = await every_row(
        lambda cursor: logs.logs(org, log_query, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="error lines",
        at_most=MAX_LINES,
    )
    events = await every_row(
        lambda cursor: changes.change_events(org, change_query, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="changes",
        at_most=MAX_EVENTS,
    )
    assets = await all_assets(context.estate, org, AssetQuery(environment=given.environment))
    here = {alert.asset_id for alert in anchors if alert.asset_id is not None}
    references = sorted({event.reference for event in events if event.asset_id in here})
    elsewhere = await _elsewhere(given, context, references=references, span=span)
    return Picture(
        alerts=list({alert.id: alert for alert in [*anchors, *raised]}.values()),
        lines=lines,
        events=events,
        elsewhere=elsewhere,
        places={
            asset.id: Place(
                site=asset.site, fleet=(asset.environment, asset.image_family) if asset.image_family else None
            )
            for asset in assets
        },
        lookback=lookback,
    )


async def _elsewhere(
    given: CorrelateEventsInput, context: ToolContext, *, references: list[str], span: Span
) -> Elsewhere:
    """What the same changes did in the org's other environments. It is counted, and nothing of it is named."""
    if given.environment is None or not references:
        return Elsewhere()
    org, name = context.caller.org, context.estate.name
    alerts, logs, changes = alert_source(context), log_source(context), change_source(context)
    change_query = ChangeQuery(references=references, made=span)
    events = await every_row(
        lambda cursor: changes.change_events(org, change_query, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="changes",
        at_most=MAX_EVENTS,
    )
    others = [event for event in events if event.environment not in (None, given.environment)]
    touched = sorted({event.asset_id for event in others if event.asset_id is not None})
    if not touched:
        return Elsewhere()
    alert_query = AlertQuery(asset_ids=touched, raised=span)
    log_query = LogQuery(asset_ids=touched, levels=["error", "critical"], written=span)
    raised = await every_row(
        lambda cursor: alerts.alerts(org, alert_query, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="alerts",
        at_most=MAX_ALERTS,
    )
    lines = await every_row(
        lambda cursor: logs.logs(org, log_query, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="error lines",
        at_most=MAX_LINES,
    )
    return Elsewhere(alerts=raised, lines=lines, events=others)


def _correlation(alert: Alert, picture: Picture) -> AlertCorrelation:
    onset = picture.onset_of(alert)
    related = picture.related_to(alert, onset.at)
    cause = likely_cause(related)
    line = onset.first_error
    return AlertCorrelation(
        alert_id=alert.id,
        severity=alert.severity,
        status=alert.status,
        asset_id=alert.asset_id,
        site=alert.site,
        raised_at=alert.raised_at,
        onset_at=onset.at,
        onset_from="log" if line else "alert",
        alert_lag_seconds=_seconds(alert.raised_at - onset.at),
        error_lines=onset.error_lines,
        first_error=clipped(line.message) if line else None,
        first_error_id=line.id if line else None,
        changes=[_related_change(one) for one in related[:MAX_CHANGES]],
        more_changes=max(0, len(related) - MAX_CHANGES),
        unrelated_changes_before=picture.unrelated_before(alert, onset.at),
        likely_cause=clipped(cause.event.reference, at_most=200) if cause else None,
        missing=_missing(alert, has_errors=line is not None, related=related),
    )


def _related_change(related: Related) -> RelatedChange:
    event = related.event
    return RelatedChange(
        reference=clipped(event.reference, at_most=200),
        kind=event.kind,
        actor=clipped(event.actor, at_most=200),
        summary=clipped(event.summary),
        change_id=event.id,
        at=event.at,
        relation=related.relation,
        lead_seconds=_seconds(related.lead),
        preceded=related.preceded,
        changed_assets=related.changed_assets,
        changed_then_ill=related.changed_then_ill,
        association=round(related.association, 4),
    )


def _missing(alert: Alert, *, has_errors: bool, related: list[Related]) -> list[str]:
    missing: list[str] = []
    if alert.asset_id is None:
        missing.append("The alert names no asset, so no log lines could be tied to it.")
    elif not has_errors:
        missing.append(f"No error line of {alert.asset_id} precedes the alert within the lookback.")
    if not any(one.preceded for one in related):
        missing.append("No recorded change of this asset, its site or its fleet precedes the onset in the lookback.")
    return missing


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 3)
