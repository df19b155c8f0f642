"""Draws a whole sample estate from a seed, in one transaction."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from sqlalchemy import Column, Table, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import (
    compliance_tables,
    cost_tables,
    image_tables,
    incident_tables,
    records,
    recovery_tables,
    security_tables,
    tables,
)
from bot.local.estate.draw_assets import DrawnAsset, draw_assets
from bot.local.estate.draw_compliance import (
    attestation_rows,
    control_result_rows,
    control_rows,
    exemption_rows,
)
from bot.local.estate.draw_costs import bill_rows, budget_rows, daily_cost_rows, hours_of, size_rows, usage_rows
from bot.local.estate.draw_images import DrawnImage, coordinate_rows, draw_images
from bot.local.estate.draw_incidents import alert_rows, change_event_rows, illnesses, log_rows
from bot.local.estate.draw_pipeline import base_image_rows, base_images, image_check_rows, image_standard_row
from bot.local.estate.draw_records import (
    cve_alert_rows,
    drifted_of,
)
from bot.local.estate.draw_recovery import dr_pair_rows, quota_rows, run_rows, stream_rows
from bot.local.estate.draw_security import dependency_rows, listener_rows
from bot.local.estate.draw_windows import change_window_rows
from bot.local.estate.engine import make_directory, open_engine, writing
from bot.local.estate.fleets import CLUSTERS, NODE, ROLES, SITES
from tools.connectors.base import EstateError
from tools.contracts.common import JsonObject

NEIGHBOR_ORG = "TNEIGHBOR"
"""A second tenant in the same file, with machines of the same names and ids: what a leak would show."""


async def seed_estate(path: Path, *, seed: int, org: str, now: datetime) -> bool:
    """Draw the estate of `org` (and its neighbor's) into the file; True when it did, False when it was there.

    Two processes may call it at once: one draws. What has been drawn is never drawn over. Raises `EstateError`
    when the file holds the org's estate from another seed or in other tables, and when it cannot be written.
    """
    if org == NEIGHBOR_ORG:
        raise EstateError(f"{NEIGHBOR_ORG!r} is the sample estate's second tenant; choose another org.")
    await make_directory(path.parent)
    engine = open_engine(path, create=True)
    try:
        async with writing(engine) as connection:
            await _make_tables(connection, path)
            seeds = tables.seeds.c
            earlier = (await connection.execute(select(seeds.seed).where(seeds.org_id == org))).scalar_one_or_none()
            if earlier == seed:
                return False
            if earlier is not None:
                raise EstateError(f"{path} holds the estate of seed {earlier}, not {seed}. Remove it or keep its seed.")
            await _draw(connection, Random(seed), org=org, seed=seed, now=now)
            await _draw_neighbor(connection, seed=seed, now=now)
    except SQLAlchemyError as error:
        raise EstateError(f"The sample estate could not be written to {path}: {error}") from error
    finally:
        await engine.dispose()
    return True


async def _make_tables(connection: AsyncConnection, path: Path) -> None:
    """A file of another version has other tables: what is new in this one would be empty there, and read as none."""
    version = (await connection.exec_driver_sql("PRAGMA user_version")).scalar_one()
    there = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    if there and version != _tables_version():
        raise EstateError(f"{path} was drawn by another version of Gavel. It is sample data: remove it.")
    await connection.run_sync(tables.metadata.create_all)
    await connection.exec_driver_sql(f"PRAGMA user_version = {_tables_version()}")


def _tables_version() -> int:
    """Of the tables and their columns, for SQLite's `user_version` (31 bits)."""
    columns = sorted(f"{column.table}.{column.name} {column.type!r}" for column in _all_columns())
    return crc32("\n".join(columns).encode()) & 0x7FFFFFFF


def _all_columns() -> list[Column[Any]]:
    return [column for table in tables.metadata.tables.values() for column in table.columns]


async def _draw_neighbor(connection: AsyncConnection, *, seed: int, now: datetime) -> None:
    seeds = tables.seeds.c
    there = await connection.execute(select(seeds.seed).where(seeds.org_id == NEIGHBOR_ORG))
    if there.scalar_one_or_none() is None:
        await _draw(connection, Random(f"neighbor {seed}"), org=NEIGHBOR_ORG, seed=seed, now=now)


async def _draw(connection: AsyncConnection, random: Random, *, org: str, seed: int, now: datetime) -> None:
    images = {role.family: draw_images(random, role, now=now) for role in (*ROLES, NODE)}
    assets = draw_assets(random, images, org=org, now=now)
    drawn: JsonObject = {"org_id": org, "seed": seed, "drawn_at": now}
    await _insert(connection, tables.seeds, [drawn])
    bases = base_images(now=now)
    line = [image for family in images.values() for image in family] + [image for _, image in bases]
    platforms_of: dict[str, set[str]] = {base.family: set(base.platforms) for base, _ in bases}
    for asset in assets:
        platforms_of.setdefault(asset.role.family, set()).add(asset.platform)
    await _insert_inventory(connection, assets, line, platforms_of, org=org)
    await _insert(connection, tables.change_windows, change_window_rows(random, org=org, now=now))
    drifted = drifted_of(assets, images)
    pairs = dr_pair_rows(random, org=org, now=now)
    cve_alerts = cve_alert_rows(assets, images, org=org, now=now)
    await _insert_recovery(connection, Random(f"recovery {random.random()}"), pairs, assets, now=now)
    await _insert(connection, records.cve_alerts, cve_alerts)
    audits = Random(f"audits {random.random()}")
    results = control_result_rows(audits, assets, drifted, cve_alerts, pairs, org=org, now=now)
    await _insert(connection, compliance_tables.controls, control_rows(org=org))
    await _insert(connection, compliance_tables.control_results, results)
    await _insert(connection, compliance_tables.exemptions, exemption_rows(audits, results, now=now))
    await _insert(connection, compliance_tables.attestations, attestation_rows(audits, org=org, now=now))
    await _insert_incidents(connection, Random(f"incidents {random.random()}"), assets, drifted, org=org, now=now)
    await _insert_costs(connection, Random(f"costs {random.random()}"), assets, org=org, now=now)
    await _insert(connection, image_tables.base_images, base_image_rows(bases, org=org))
    standard = image_standard_row(org=org, neighbor=org == NEIGHBOR_ORG)
    await _insert(connection, image_tables.image_standards, [standard])
    await _insert(connection, image_tables.image_checks, image_check_rows(line, org=org))
    ports = listener_rows(Random(f"security {random.random()}"), assets, org=org)
    await _insert(connection, security_tables.listeners, ports)
    needs = dependency_rows(org=org, neighbor=org == NEIGHBOR_ORG)
    await _insert(connection, security_tables.service_dependencies, needs)


async def _insert_costs(
    connection: AsyncConnection, random: Random, assets: list[DrawnAsset], *, org: str, now: datetime
) -> None:
    usage = usage_rows(random, assets, org=org, now=now)
    hours = hours_of(random, assets, usage, now=now)
    bills = bill_rows(hours, assets, org=org, now=now)
    await _insert(connection, cost_tables.machine_sizes, size_rows(org=org))
    await _insert(connection, cost_tables.asset_usage, usage)
    await _insert(connection, cost_tables.daily_costs, daily_cost_rows(hours, org=org))
    await _insert(connection, cost_tables.bills, bills)
    await _insert(connection, cost_tables.budgets, budget_rows(random, bills, org=org))


async def _insert_recovery(
    connection: AsyncConnection, random: Random, pairs: list[JsonObject], assets: list[DrawnAsset], *, now: datetime
) -> None:
    await _insert(connection, recovery_tables.dr_pairs, pairs)
    await _insert(connection, recovery_tables.replication_streams, stream_rows(random, pairs, now=now))
    await _insert(connection, recovery_tables.dr_runs, run_rows(random, pairs, assets))
    await _insert(connection, recovery_tables.site_quotas, quota_rows(random, assets, org=pairs[0]["org_id"]))


async def _insert_incidents(
    connection: AsyncConnection,
    random: Random,
    assets: list[DrawnAsset],
    drifted: list[DrawnAsset],
    *,
    org: str,
    now: datetime,
) -> None:
    ill = illnesses(random, assets, now=now)
    alerts = alert_rows(random, ill, assets, drifted, org=org, now=now)
    await _insert(connection, incident_tables.alerts, alerts)
    await _insert(connection, incident_tables.logs, log_rows(random, ill, assets, org=org, now=now))
    await _insert(connection, incident_tables.change_events, change_event_rows(random, ill, assets, org=org, now=now))


async def _insert_inventory(
    connection: AsyncConnection,
    assets: list[DrawnAsset],
    line: list[DrawnImage],
    platforms_of: dict[str, set[str]],
    *,
    org: str,
) -> None:
    places: list[JsonObject] = [
        {"org_id": org, "id": site.id, "platform": site.platform, "region": site.region, "account": site.account}
        for site in (*SITES, *CLUSTERS)
    ]
    packages: list[JsonObject] = [
        {
            "org_id": org,
            "image_id": image.id,
            "ecosystem": package.ecosystem,
            "package": package.name,
            "version": package.version,
        }
        for image in line
        for package in image.packages
    ]
    await _insert(connection, tables.sites, places)
    await _insert(connection, tables.images, [image.row(org) for image in line])
    await _insert(connection, tables.image_coordinates, coordinate_rows(line, platforms_of, org=org))
    await _insert(connection, tables.image_packages, packages)
    await _insert(connection, tables.assets, [asset.row(org) for asset in assets])
    await _insert(connection, tables.asset_health, [asset.health_row(org) for asset in assets])


async def _insert(connection: AsyncConnection, table: Table, rows: list[JsonObject]) -> None:
    if rows:
        await connection.execute(insert(table), rows)
