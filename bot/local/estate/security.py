"""The sample estate's packages, findings, ports and dependencies (`tools.connectors.vulnerability`)."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import records, tables
from bot.local.estate.connection import EstateFile
from bot.local.estate.security_tables import listeners, service_dependencies
from tools.advisories.severity import at_least
from tools.connectors.base import EstateError
from tools.connectors.vulnerability import CveAlertQuery
from tools.contracts.advisory import Package
from tools.contracts.common import Environment
from tools.contracts.topology import ServiceDependency
from tools.contracts.vulnerability import CveAlert, ImagePackages, Listener


class SampleSecurity(EstateFile):
    """Implements `PackageSource`, `CveAlertSource`, `ListenerSource` and `TopologySource`."""

    async def image_packages(self, org: str, image_ids: list[str]) -> list[ImagePackages]:
        row = tables.image_packages.c
        statement = (
            select(tables.image_packages)
            .where(row.org_id == org, row.image_id.in_(image_ids))
            .order_by(row.image_id, row.ecosystem, row.package)
        )
        found: dict[str, list[Package]] = defaultdict(list)
        async with self._reading() as connection:
            for package in (await connection.execute(statement)).mappings():
                found[package["image_id"]].append(
                    Package(ecosystem=package["ecosystem"], name=package["package"], version=package["version"])
                )
        return [ImagePackages(org_id=org, image_id=image_id, packages=found[image_id]) for image_id in sorted(found)]

    async def cve_alerts(
        self, org: str, query: CveAlertQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[CveAlert], str | None]:
        """An org has a few dozen at most: they are judged by the machines of today, then cut into pages."""
        if limit < 1:
            raise EstateError(f"A page holds at least 1 finding; got {limit}.")
        async with self._reading() as connection:
            running = await _running(connection, org, query.environment)
            rows = await connection.execute(select(records.cve_alerts).where(records.cve_alerts.c.org_id == org))
            alerts = [_alert_of(row, running) for row in rows.mappings()]
        matching = [alert for alert in alerts if _matches(alert, query)]
        ordered = sorted(matching, key=lambda alert: (alert.detected_at, alert.cve), reverse=True)
        start = 0
        if cursor is not None:
            places = [alert.cve for alert in ordered]
            if cursor not in places:
                raise EstateError(f"{cursor[:80]!r} is no page cursor. Use the `next_cursor` of the page before.")
            start = places.index(cursor) + 1
        page = ordered[start : start + limit]
        return page, page[-1].cve if start + limit < len(ordered) else None

    async def listeners(self, org: str, asset_ids: list[str]) -> list[Listener]:
        row = listeners.c
        statement = (
            select(listeners)
            .where(row.org_id == org, row.asset_id.in_(asset_ids))
            .order_by(row.asset_id, row.port, row.protocol, row.source)
        )
        async with self._reading() as connection:
            return [Listener.model_validate(dict(found)) for found in (await connection.execute(statement)).mappings()]

    async def dependencies(self, org: str) -> list[ServiceDependency]:
        row = service_dependencies.c
        statement = select(service_dependencies).where(row.org_id == org).order_by(row.service, row.depends_on)
        async with self._reading() as connection:
            rows = (await connection.execute(statement)).mappings()
            return [ServiceDependency.model_validate(dict(found)) for found in rows]


async def _running(connection: AsyncConnection, org: str, environment: Environment | None) -> dict[str, list[str]]:
    """Image id → the assets that are on it now, in id order."""
    asset, image = tables.assets.c, tables.images.c
    statement = (
        select(image.id.label("image_id"), asset.id)
        .join_from(
            tables.assets,
            tables.images,
            (image.org_id == asset.org_id)
            & (image.family == asset.image_family)
            & (image.version == asset.image_version),
        )
        .where(asset.org_id == org)
        .order_by(asset.id)
    )
    if environment is not None:
        statement = statement.where(asset.environment == environment)
    users: dict[str, list[str]] = defaultdict(list)
    for row in (await connection.execute(statement)).mappings():
        users[row["image_id"]].append(row["id"])
    return users


def _alert_of(row: RowMapping, running: dict[str, list[str]]) -> CveAlert:
    asset_ids = sorted({asset_id for image_id in row["image_ids"] for asset_id in running.get(image_id, [])})
    return CveAlert(
        org_id=row["org_id"],
        cve=row["cve"],
        severity=row["severity"],
        package=row["package"],
        image_ids=row["image_ids"],
        asset_ids=asset_ids,
        status="open" if asset_ids else "resolved",
        detected_at=row["detected_at"],
    )


def _matches(alert: CveAlert, query: CveAlertQuery) -> bool:
    return (
        (query.cve is None or alert.cve == query.cve)
        and (query.environment is None or bool(alert.asset_ids))
        and (query.status is None or alert.status == query.status)
        and (query.minimum_severity is None or at_least(alert.severity, query.minimum_severity))
    )
