"""Read-only incident tools: alerts, log lines and changes as their sources keep them."""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.base import ToolContext, ToolError
from tools.connectors.base import EstateError
from tools.connectors.incident import (
    AlertQuery,
    AlertSource,
    ChangeQuery,
    ChangeSource,
    LogQuery,
    LogSource,
    Span,
)
from tools.connectors.rows import require_own
from tools.contracts.incident import Alert, ChangeEvent, LogLine
from tools.fields import clipped
from tools.incident.models import (
    AlertRow,
    ChangeRow,
    GetChangeHistoryInput,
    GetChangeHistoryOutput,
    LogRow,
    QueryAlertsInput,
    QueryAlertsOutput,
    QueryLogsInput,
    QueryLogsOutput,
)

LOGS_BY_DEFAULT = timedelta(hours=1)
CHANGES_BY_DEFAULT = timedelta(days=1)


async def query_alerts(given: QueryAlertsInput, context: ToolContext) -> QueryAlertsOutput:
    if given.start is not None and given.end is not None and given.start > given.end:
        raise ToolError("Nothing was searched: `start` is after `end`.")
    query = AlertQuery(
        environment=given.environment,
        severities=[given.severity] if given.severity else [],
        statuses=[given.status] if given.status else [],
        sources=[given.source] if given.source else [],
        asset_ids=given.asset_ids,
        sites=given.sites,
        raised=Span(start=given.start, end=given.end),
    )
    org, source = context.caller.org, alert_source(context)
    found, cursor = await source.alerts(org, query, limit=given.limit, cursor=given.cursor)
    rows = [alert_row(alert) for alert in require_own(found, org=org, source=context.estate.name)]
    return QueryAlertsOutput(alerts=rows, returned=len(rows), next_cursor=cursor)


async def query_logs(given: QueryLogsInput, context: ToolContext) -> QueryLogsOutput:
    start, end = span_of(given.start, given.end, context, by_default=LOGS_BY_DEFAULT)
    query = LogQuery(
        environment=given.environment,
        asset_ids=given.asset_ids,
        levels=given.levels,
        units=given.units,
        contains=given.contains,
        written=Span(start=start, end=end),
    )
    org, source = context.caller.org, log_source(context)
    found, cursor = await source.logs(org, query, limit=given.limit, cursor=given.cursor)
    rows = [_log_row(line) for line in require_own(found, org=org, source=context.estate.name)]
    return QueryLogsOutput(start=start, end=end, lines=rows, returned=len(rows), next_cursor=cursor)


async def get_change_history(given: GetChangeHistoryInput, context: ToolContext) -> GetChangeHistoryOutput:
    start, end = span_of(given.start, given.end, context, by_default=CHANGES_BY_DEFAULT)
    query = ChangeQuery(
        environment=given.environment,
        asset_ids=given.asset_ids,
        sites=given.sites,
        kinds=given.kinds,
        references=given.references,
        made=Span(start=start, end=end),
    )
    org, source = context.caller.org, change_source(context)
    found, cursor = await source.change_events(org, query, limit=given.limit, cursor=given.cursor)
    rows = [_change_row(event) for event in require_own(found, org=org, source=context.estate.name)]
    return GetChangeHistoryOutput(start=start, end=end, changes=rows, returned=len(rows), next_cursor=cursor)


def span_of(
    start: datetime | None, end: datetime | None, context: ToolContext, *, by_default: timedelta
) -> tuple[datetime, datetime]:
    """The time to look at. Raises `ToolError` for one that ends before it starts."""
    last = context.now() if end is None else end
    first = last - by_default if start is None else start
    if first > last:
        raise ToolError("Nothing was searched: `start` is after `end`.")
    return first, last


def alert_source(context: ToolContext) -> AlertSource:
    """Raises `EstateError` when the estate's source has no alerts: none kept is not none raised."""
    if isinstance(context.estate, AlertSource):
        return context.estate
    raise EstateError(f"{context.estate.name} keeps no alerts. Nothing was searched or changed.")


def log_source(context: ToolContext) -> LogSource:
    if isinstance(context.estate, LogSource):
        return context.estate
    raise EstateError(f"{context.estate.name} keeps no logs. Nothing was searched.")


def change_source(context: ToolContext) -> ChangeSource:
    if isinstance(context.estate, ChangeSource):
        return context.estate
    raise EstateError(f"{context.estate.name} keeps no history of changes. Nothing was searched.")


def alert_row(alert: Alert) -> AlertRow:
    return AlertRow(
        id=alert.id,
        severity=alert.severity,
        title=clipped(alert.title),
        description=clipped(alert.description),
        source=clipped(alert.source, at_most=200),
        environment=alert.environment,
        site=alert.site,
        asset_id=alert.asset_id,
        status=alert.status,
        raised_at=alert.raised_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
        resolved_at=alert.resolved_at,
    )


def _log_row(line: LogLine) -> LogRow:
    return LogRow(
        id=line.id,
        asset_id=line.asset_id,
        at=line.at,
        level=line.level,
        unit=clipped(line.unit, at_most=200),
        message=clipped(line.message),
    )


def _change_row(event: ChangeEvent) -> ChangeRow:
    return ChangeRow(
        id=event.id,
        at=event.at,
        kind=event.kind,
        reference=clipped(event.reference, at_most=200),
        environment=event.environment,
        site=event.site,
        asset_id=event.asset_id,
        actor=clipped(event.actor, at_most=200),
        summary=clipped(event.summary),
    )
