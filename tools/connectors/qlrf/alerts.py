"""QL-RF's alerts, as `AlertSource`."""

from __future__ import annotations

from datetime import datetime

from tools.connectors.base import AssetQuery, EstateError
from tools.connectors.incident import AlertQuery
from tools.connectors.qlrf.client import segment
from tools.connectors.qlrf.errors import QlrfError
from tools.connectors.qlrf.inventory import ONE_BY_ONE, QlrfInventory
from tools.connectors.qlrf.paging import all_rows
from tools.connectors.qlrf.wire import WireAlert, WireSite
from tools.contracts.common import Environment
from tools.contracts.incident import Alert


class QlrfAlerts(QlrfInventory):
    """An alert's environment is that of its asset, else that of its site, else not known."""

    async def alerts(
        self, org: str, query: AlertQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[Alert], str | None]:
        self._require_org(org)
        if limit < 1:
            raise EstateError(f"A page holds at least 1 alert; got {limit}.")
        narrowed: dict[str, str] = {}
        if len(query.severities) == 1:
            narrowed["severity"] = query.severities[0]
        if len(query.statuses) == 1:
            narrowed["status"] = query.statuses[0]
        rows = await all_rows(self.client, "/alerts", "alerts", WireAlert, narrowed)
        found = await self._placed([row for row in rows if _may_match(row, query)])
        matching = [alert for alert in found if query.environment is None or alert.environment == query.environment]
        ordered = sorted(matching, key=lambda alert: (alert.raised_at, alert.id), reverse=True)
        after = ordered if cursor is None else [alert for alert in ordered if _place(alert) < _place_of(cursor)]
        page = after[:limit]
        return page, f"{page[-1].raised_at.isoformat()}|{page[-1].id}" if len(after) > limit else None

    async def acknowledge_alert(self, org: str, alert_id: str, *, by: str, idempotency_key: str) -> Alert:
        """QL-RF keeps no keys and names the token's owner. It is looked at first, so that a repeated call is none."""
        self._require_org(org)
        before = await self._one_alert(alert_id)
        if before.status == "resolved":
            raise EstateError(f"Alert {alert_id[:80]!r} is resolved already. Nothing was changed.")
        if before.status == "acknowledged":
            return before
        path = f"/alerts/{segment(alert_id)}/acknowledge"
        await self.client.post(path, {"acknowledgedBy": by})
        after = await self._one_alert(alert_id)
        if after.status != "acknowledged":
            raise QlrfError("failed", f"POST {path}", f"it said yes, and the alert is {after.status}.")
        return after

    async def _one_alert(self, alert_id: str) -> Alert:
        found, _ = await self.alerts(self.org, AlertQuery(ids=[alert_id]), limit=1, cursor=None)
        if not found:
            raise EstateError(f"QL-RF has no alert {alert_id[:80]!r}. Nothing was changed.")
        return found[0]

    async def sites_by_id(self) -> dict[str, WireSite]:
        rows = await all_rows(self.client, "/sites", "sites", WireSite)
        for row in rows:
            self._require_remote(row.org_id, "GET /sites")
        return {row.id: row for row in rows}

    async def _placed(self, rows: list[WireAlert]) -> list[Alert]:
        sites = await self.sites_by_id() if any(row.site_id for row in rows) else {}
        named = {row.asset_id for row in rows if row.asset_id}
        assets = await (self._by_id(sorted(named)) if len(named) <= ONE_BY_ONE else self._all(AssetQuery()))
        known: dict[str, Environment] = {asset.id: asset.environment for asset in assets}
        return [self._alert(row, sites, known) for row in rows]

    def _alert(self, row: WireAlert, sites: dict[str, WireSite], known: dict[str, Environment]) -> Alert:
        self._require_remote(row.org_id, "GET /alerts")
        environment = known.get(row.asset_id or "")
        site = sites.get(row.site_id or "")
        if environment is None and site is not None and site.environment is not None:
            environment = self._environment(site.environment, of=f"site {site.id[:80]}", asked="GET /sites")
        return Alert(
            id=row.id,
            org_id=self.org,
            severity=row.severity,
            title=row.title,
            description=row.description,
            source=row.source,
            environment=environment,
            site=row.site_id,
            asset_id=row.asset_id,
            status=row.status,
            raised_at=row.created_at,
            acknowledged_at=row.acknowledged_at,
            acknowledged_by=row.acknowledged_by,
            resolved_at=row.resolved_at,
        )


def _may_match(row: WireAlert, query: AlertQuery) -> bool:
    """All conditions but the environment's, which is not in the row."""
    return (
        (not query.ids or row.id in query.ids)
        and (not query.severities or row.severity in query.severities)
        and (not query.statuses or row.status in query.statuses)
        and (not query.sources or row.source in query.sources)
        and (not query.asset_ids or row.asset_id in query.asset_ids)
        and (not query.sites or row.site_id in query.sites)
        and (query.raised.start is None or row.created_at >= query.raised.start)
        and (query.raised.end is None or row.created_at <= query.raised.end)
    )


def _place(alert: Alert) -> tuple[datetime, str]:
    return alert.raised_at, alert.id


def _place_of(cursor: str) -> tuple[datetime, str]:
    moment, _, last_id = cursor.partition("|")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not last_id:
        raise EstateError(f"{cursor[:80]!r} is no page cursor. Use the `next_cursor` of the page before.")
    return at, last_id
