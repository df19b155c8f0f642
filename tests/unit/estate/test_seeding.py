"""What a seed draws: believable, the same every time, another for another seed."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.local.estate import NEIGHBOR_ORG, SampleEstate, seed_estate
from bot.local.estate.cves import COMMON, PATCHES, bundled_advisories
from bot.local.estate.draw_costs import SIZE_OF_ROLE
from bot.local.estate.fleets import NODE, ROLES
from tools.advisories.matching import judge
from tools.connectors.base import AssetQuery, EstateError
from tools.contracts.advisory import Package
from tools.contracts.estate import Asset
from tools.contracts.taskspec import Tag

ORG = "TACME"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def drawn(path: Path, *, seed: int) -> dict[str, Asset]:
    await seed_estate(path, seed=seed, org=ORG, now=NOW)
    estate = SampleEstate(path, now=lambda: NOW)
    rows = await estate.snapshot(ORG)
    await estate.close()
    return rows


def rows_of(path: Path, statement: str, *values: Any) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("seed", range(12))
async def test_every_seed_draws_an_estate_the_main_job_can_be_played_on(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "estate.db"
    assets = await drawn(path, seed=seed)
    assert 260 <= len(assets) <= 360
    assert {asset.platform for asset in assets.values()} == {"aws", "azure", "gcp", "vsphere", "k8s"}
    assert {asset.environment for asset in assets.values()} == {"production", "staging", "development"}
    estate = SampleEstate(path, now=lambda: NOW)
    query = AssetQuery(environment="production", tags=[Tag(key="role", value="web")], state="running")
    web, _ = await estate.assets(ORG, query, limit=500, cursor=None)
    images = await estate.images(ORG, family="web-base")
    golden = next(image for image in images if image.signed and image.status == "production")
    behind = [asset for asset in web if asset.image_version != golden.version]
    assert 8 <= len(behind) <= 28
    assert len(behind) < len(web)
    assert {asset.platform for asset in web} <= set(golden.platforms)
    assert len({asset.site for asset in behind}) >= 3
    health = await estate.health(ORG, [asset.id for asset in web])
    assert len(health) == len(web)
    assert all(row.heartbeat and row.http_ok and row.error_rate_percent < 5 for row in health)
    window = await estate.maintenance_window(ORG, "production", sorted({asset.site or "" for asset in web}))
    assert window is not None
    assert window.start <= NOW < window.end
    await estate.close()


async def test_the_same_seed_draws_the_same_and_another_seed_another(tmp_path: Path) -> None:
    first = await drawn(tmp_path / "a.db", seed=3)
    assert await drawn(tmp_path / "b.db", seed=3) == first
    other = await drawn(tmp_path / "c.db", seed=4)
    assert other != first


async def test_names_say_role_environment_and_place(tmp_path: Path) -> None:
    for asset in (await drawn(tmp_path / "estate.db", seed=1)).values():
        assert re.fullmatch(r"[a-z]+-(prod|stg|dev)-[a-z0-9]+-\d\d", asset.name), asset.name
        assert asset.tags["role"] == asset.name.split("-")[0]
        assert {"tier", "owner"} <= set(asset.tags)


async def test_a_second_tenant_has_machines_of_the_same_names(tmp_path: Path) -> None:
    path = tmp_path / "estate.db"
    ours = await drawn(path, seed=1)
    estate = SampleEstate(path)
    theirs = await estate.snapshot(NEIGHBOR_ORG)
    assert len(set(ours) & set(theirs)) > 200
    assert set(theirs) - set(ours)
    shared = sorted(set(ours) & set(theirs))[0]
    assert ours[shared].fingerprint != theirs[shared].fingerprint
    assert ours[shared].instance_id != theirs[shared].instance_id
    found, _ = await estate.assets(ORG, AssetQuery(ids=[shared]), limit=10, cursor=None)
    assert [asset.org_id for asset in found] == [ORG]
    await estate.close()


async def test_drawing_again_keeps_what_was_drawn_and_another_seed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new" / "estate.db"
    assert await seed_estate(path, seed=1, org=ORG, now=NOW)
    estate = SampleEstate(path)
    before = await estate.snapshot(ORG)
    assert not await seed_estate(path, seed=1, org=ORG, now=NOW + timedelta(days=1))
    with pytest.raises(EstateError, match="seed 1, not 2"):
        await seed_estate(path, seed=2, org=ORG, now=NOW)
    assert await estate.snapshot(ORG) == before
    await estate.close()


async def test_processes_that_draw_at_once_draw_one_estate(tmp_path: Path) -> None:
    path = tmp_path / "estate.db"
    command = [sys.executable, "-m", "bot.local.estate", "--path", str(path), "--seed", "5"]
    started = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        for _ in range(3)
    ]
    ended = [await process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], ended
    said = sorted(b"was there already" in out for out, _ in ended)
    assert said == [False, True, True]


async def test_records_agree_with_the_inventory(tmp_path: Path) -> None:
    path = tmp_path / "estate.db"
    assets = await drawn(path, seed=2)
    alerts = rows_of(path, "SELECT cve, asset_ids, image_ids FROM cve_alerts WHERE org_id = ?", ORG)
    assert alerts
    for cve, asset_ids, image_ids in alerts:
        for asset_id in re.findall(r'"([^"]+)"', asset_ids):
            asset = assets[asset_id]
            assert f"img-{asset.image_family}-{asset.image_version}" in image_ids
            assert cve in {cve for patched in PATCHES[asset.image_family or ""] for cve in patched.cves}
    for (asset_id,) in rows_of(path, "SELECT asset_id FROM logs WHERE org_id = ?", ORG):
        assert asset_id in assets
    sites = {row[0] for row in rows_of(path, "SELECT id FROM sites WHERE org_id = ?", ORG)}
    assert {asset.site for asset in assets.values()} <= sites
    for primary, recovery in rows_of(path, "SELECT primary_site_id, dr_site_id FROM dr_pairs WHERE org_id = ?", ORG):
        assert {primary, recovery} <= sites
    attested = rows_of(path, "SELECT control_id FROM control_results WHERE org_id = ? AND control_id = 'CC8.1'", ORG)
    assert attested == []
    months = rows_of(path, "SELECT DISTINCT month FROM bills WHERE org_id = ? ORDER BY month", ORG)
    assert months == [("2026-08",), ("2026-09",), ("2026-10",)]


def test_each_old_package_has_exactly_its_vulnerabilities_and_each_new_one_none() -> None:
    for family, patches in PATCHES.items():
        for patched in patches:
            for version, expected in ((patched.old, set(patched.cves)), (patched.new, set[str]())):
                package = Package(ecosystem=patched.ecosystem, name=patched.package, version=version)
                found = {
                    advisory.cve for advisory in bundled_advisories() if judge(advisory, package).state == "affected"
                }
                assert found == expected, (family, package)


def test_what_every_image_carries_is_not_vulnerable() -> None:
    for packages in COMMON.values():
        for package in packages:
            assert {judge(advisory, package).state for advisory in bundled_advisories()} == {"unaffected"}, package


async def test_a_file_with_other_tables_is_refused_rather_than_read_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "estate.db"
    await drawn(path, seed=1)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DROP TABLE replication_streams")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(EstateError, match="drawn by another version"):
        await seed_estate(path, seed=1, org=ORG, now=NOW)
    assert rows_of(path, "SELECT name FROM sqlite_master WHERE name = 'replication_streams'") == []


async def test_operations_records_tell_believable_stories(tmp_path: Path) -> None:
    path = tmp_path / "estate.db"
    assets = await drawn(path, seed=4)
    for asset_id, onset in rows_of(
        path, "SELECT asset_id, min(at) FROM logs WHERE org_id = ? AND level = 'error' GROUP BY asset_id", ORG
    ):
        (raised,) = rows_of(
            path, "SELECT raised_at FROM alerts WHERE org_id = ? AND asset_id = ? AND status = 'open'", ORG, asset_id
        )
        assert onset < raised[0] < NOW.isoformat()
    sizes = dict(rows_of(path, "SELECT name, hourly_usd FROM machine_sizes WHERE org_id = ?", ORG))
    for role in (*ROLES, NODE):
        assert sizes[SIZE_OF_ROLE[role.name]] == role.hourly_usd
    for asset_id, stopped_at in rows_of(path, "SELECT asset_id, stopped_at FROM asset_usage WHERE org_id = ?", ORG):
        assert (stopped_at is None) is (assets[asset_id].state == "running")
    for (asset_id,) in rows_of(path, "SELECT asset_id FROM exemptions WHERE org_id = ?", ORG):
        assert assets[asset_id].environment == "production"
    verdicts = {row[0] for row in rows_of(path, "SELECT replication_status FROM dr_pairs WHERE org_id = ?", ORG)}
    assert {"in-sync", "lagging"} <= verdicts
