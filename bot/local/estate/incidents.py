"""The sample estate's alerts, logs and changes, as the connector protocols of `tools.connectors.incident`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import tables
from bot.local.estate.connection import EstateFile
from bot.local.estate.cursors import timed_page
from bot.local.estate.incident_tables import alert_calls, alerts, change_events, logs
from tools.connectors.base import EstateError
from tools.connectors.incident import AlertQuery, ChangeQuery, LogQuery, Span
from tools.contracts.incident import Alert, ChangeEvent, LogLine


class SampleIncidents(EstateFile):
    """Implements `AlertSource`, `LogSource` and `ChangeSource`."""

    async def alerts(
        self, org: str, query: AlertQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[Alert], str | None]:
        row = alerts.c
        statement = select(alerts).where(row.org_id == org)
        if query.environment is not None:
            statement = statement.where(row.environment == query.environment)
        statement = _narrowed(
            _spanned(statement, row.raised_at, query.raised),
            (row.id, query.ids),
            (row.severity, query.severities),
            (row.status, query.statuses),
            (row.source, query.sources),
            (row.asset_id, query.asset_ids),
            (row.site, query.sites),
        )
        async with self._reading() as connection:
            return await timed_page(connection, statement, Alert, at="raised_at", limit=limit, cursor=cursor)

    async def acknowledge_alert(self, org: str, alert_id: str, *, by: str, idempotency_key: str) -> Alert:
        """One transaction: the alert and the record of the call change together, or nothing does."""
        if not idempotency_key:
            raise EstateError("A change needs an idempotency key. Nothing was changed.")
        async with self._writing() as connection:
            alert = await _alert(connection, org, alert_id)
            if await _called_before(connection, org, alert_id, by=by, key=idempotency_key):
                return alert
            if alert.status == "resolved":
                raise EstateError(f"Alert {alert_id!r} is resolved already. Nothing was changed.")
            at = self._now()
            await connection.execute(
                insert(alert_calls).values(org_id=org, idempotency_key=idempotency_key, alert_id=alert_id, by=by, at=at)
            )
            if alert.status == "open":
                await connection.execute(
                    update(alerts)
                    .where(alerts.c.org_id == org, alerts.c.id == alert_id)
                    .values(status="acknowledged", acknowledged_at=at, acknowledged_by=by)
                )
            return await _alert(connection, org, alert_id)

    async def logs(
        self, org: str, query: LogQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[LogLine], str | None]:
        row = logs.c
        statement = _spanned(select(logs).where(row.org_id == org), row.at, query.written)
        if query.environment is not None:
            asset = tables.assets.c
            statement = statement.where(
                row.asset_id.in_(select(asset.id).where(asset.org_id == org, asset.environment == query.environment))
            )
        if query.contains is not None:
            # instr, not LIKE: a stranger's text may hold a wildcard.
            statement = statement.where(func.instr(func.lower(row.message), query.contains.lower()) > 0)
        statement = _narrowed(
            statement, (row.asset_id, query.asset_ids), (row.level, query.levels), (row.unit, query.units)
        )
        async with self._reading() as connection:
            return await timed_page(connection, statement, LogLine, at="at", limit=limit, cursor=cursor)

    async def change_events(
        self, org: str, query: ChangeQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[ChangeEvent], str | None]:
        """What was drawn, and what Gavel's own rollouts did since."""
        both = union_all(select(change_events).where(change_events.c.org_id == org), _rollouts(org)).subquery()
        row = both.c
        statement = _spanned(select(both), row.at, query.made)
        if query.environment is not None:
            statement = statement.where(row.environment == query.environment)
        statement = _narrowed(
            statement,
            (row.asset_id, query.asset_ids),
            (row.site, query.sites),
            (row.kind, query.kinds),
            (row.reference, query.references),
        )
        async with self._reading() as connection:
            return await timed_page(connection, statement, ChangeEvent, at="at", limit=limit, cursor=cursor)


def _spanned(statement: Select[Any], at: ColumnElement[Any], span: Span) -> Select[Any]:
    if span.start is not None:
        statement = statement.where(at >= span.start)
    return statement if span.end is None else statement.where(at <= span.end)


def _narrowed(statement: Select[Any], *conditions: tuple[ColumnElement[Any], list[Any]]) -> Select[Any]:
    for column, allowed in conditions:
        if allowed:
            statement = statement.where(column.in_(allowed))
    return statement


def _rollouts(org: str) -> Select[*tuple[Any, ...]]:
    """The journal's changes in the shape of `change_events`."""
    change, asset = tables.changes.c, tables.assets.c
    columns: list[ColumnElement[Any]] = [
        change.org_id,
        func.printf("%s#%d", change.idempotency_key, change.position).label("id"),
        change.at,
        literal("image").label("kind"),
        change.idempotency_key.label("reference"),
        asset.environment,
        asset.site,
        change.asset_id,
        literal("gavel").label("actor"),
        func.printf("%s: %s", change.kind, change.message).label("summary"),
    ]
    of_asset = (asset.org_id == change.org_id) & (asset.id == change.asset_id)
    return select(*columns).join_from(tables.changes, tables.assets, of_asset).where(change.org_id == org)


async def _alert(connection: AsyncConnection, org: str, alert_id: str) -> Alert:
    found = await connection.execute(select(alerts).where(alerts.c.org_id == org, alerts.c.id == alert_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise EstateError(f"The sample estate has no alert {alert_id!r}. Nothing was changed.")
    return Alert.model_validate(dict(row))


async def _called_before(connection: AsyncConnection, org: str, alert_id: str, *, by: str, key: str) -> bool:
    call = alert_calls.c
    known = await connection.execute(
        select(call.alert_id, call.by).where(call.org_id == org, call.idempotency_key == key)
    )
    earlier = known.one_or_none()
    if earlier is not None and tuple(earlier) != (alert_id, by):
        raise EstateError(f"The key {key!r} was used for another change. Nothing was changed.")
    return earlier is not None
