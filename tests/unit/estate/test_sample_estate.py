"""The sample estate behind the connector protocol: pages, filters, windows, and changes that happen once."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.local.estate import SampleEstate, seed_estate
from tools.connectors.base import AssetQuery, Estate, EstateError
from tools.contracts.estate import Asset
from tools.contracts.taskspec import Tag

ORG = "TACME"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CHANGER = Path(__file__).with_name("changer.py")


@pytest.fixture(scope="module")
async def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "estate.db"
    await seed_estate(path, seed=7, org=ORG, now=NOW)
    return path


@pytest.fixture
async def path(drawn: Path, tmp_path: Path) -> Path:
    """Of an estate of the test's own."""
    return Path(shutil.copy(drawn, tmp_path / "estate.db"))


@pytest.fixture
async def estate(path: Path) -> AsyncGenerator[SampleEstate]:
    opened = SampleEstate(path, now=lambda: NOW)
    yield opened
    await opened.close()


async def golden_id(estate: Estate, family: str = "web-base") -> str:
    images = await estate.images(ORG, family=family)
    return next(image.id for image in images if image.signed and image.status == "production")


async def drifted(estate: Estate, family: str = "web-base") -> list[Asset]:
    golden = (await golden_id(estate, family)).removeprefix(f"img-{family}-")
    query = AssetQuery(environment="production", image_family=family, state="running")
    found, _ = await estate.assets(ORG, query, limit=500, cursor=None)
    return [asset for asset in found if asset.image_version != golden]


async def test_pages_hold_every_asset_once_in_id_order(estate: SampleEstate) -> None:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = await estate.assets(ORG, AssetQuery(), limit=37, cursor=cursor)
        assert len(page) <= 37
        found.extend(asset.id for asset in page)
        if cursor is None:
            break
    assert found == sorted(await estate.snapshot(ORG))


async def test_all_conditions_must_hold(estate: SampleEstate) -> None:
    query = AssetQuery(
        environment="production",
        platforms=["aws", "gcp"],
        regions=["eu-west-1"],
        tags=[Tag(key="role", value="web"), Tag(key="tier", value="frontend")],
    )
    found, _ = await estate.assets(ORG, query, limit=500, cursor=None)
    assert found
    assert {(asset.platform, asset.region, asset.tags["role"]) for asset in found} == {("aws", "eu-west-1", "web")}
    none, _ = await estate.assets(
        ORG, query.model_copy(update={"tags": [Tag(key="role", value="webs")]}), limit=500, cursor=None
    )
    assert none == []


async def test_a_change_moves_the_row_the_health_and_the_journal_together(estate: SampleEstate) -> None:
    asset = (await drifted(estate))[0]
    image_id = await golden_id(estate)
    (result,) = await estate.apply_image(ORG, [asset.id], image_id, idempotency_key="k1", kind="rollout")
    now = (await estate.snapshot(ORG))[asset.id]
    assert result.ok
    assert f"img-web-base-{now.image_version}" == image_id
    assert now.updated_at == NOW
    (entry,) = await estate.journal(ORG)
    assert (entry.asset_id, entry.from_version, entry.to_version) == (
        asset.id,
        asset.image_version,
        now.image_version,
    )


async def test_a_key_answers_for_one_change_only(estate: SampleEstate) -> None:
    first, second = (await drifted(estate))[:2]
    image_id = await golden_id(estate)
    answer = await estate.apply_image(ORG, [first.id], image_id, idempotency_key="k1", kind="rollout")
    await estate.set_fault(ORG, first.id, "apply_fails")
    assert await estate.apply_image(ORG, [first.id], image_id, idempotency_key="k1", kind="rollout") == answer
    before = await estate.snapshot(ORG)
    with pytest.raises(EstateError, match="used for another change"):
        await estate.apply_image(ORG, [second.id], image_id, idempotency_key="k1", kind="rollout")
    assert await estate.snapshot(ORG) == before


async def test_processes_with_the_same_key_change_an_asset_once(estate: SampleEstate, path: Path) -> None:
    asset_ids = [asset.id for asset in (await drifted(estate))[:3]]
    image_id = await golden_id(estate)
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(CHANGER),
            str(path),
            "k1",
            image_id,
            *asset_ids,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": str(Path(__file__).parents[3])},
        )
        for _ in range(4)
    ]
    ended = [await process.communicate() for process in started]
    assert [process.returncode for process in started] == [0] * 4, ended
    assert len({out for out, _ in ended}) == 1
    assert ended[0][0].count(b"True") == 3
    assert len(await estate.journal(ORG)) == 3


async def test_unknown_assets_and_images_change_nothing(estate: SampleEstate) -> None:
    asset = (await drifted(estate))[0]
    before = await estate.snapshot(ORG)
    for asset_ids, image_id in (([asset.id, "ghost"], await golden_id(estate)), ([asset.id], "img-none")):
        with pytest.raises(EstateError, match="Nothing was changed"):
            await estate.apply_image(ORG, asset_ids, image_id, idempotency_key="k1", kind="rollout")
    assert await estate.snapshot(ORG) == before
    assert await estate.journal(ORG) == []


async def test_an_asset_that_cannot_take_the_image_is_left_and_the_others_go_on(estate: SampleEstate) -> None:
    web, other = (await drifted(estate))[:2]
    api = (await drifted(estate, "api-base"))[0]
    await estate.set_state(ORG, other.id, "stopped")
    results = await estate.apply_image(
        ORG, [web.id, other.id, api.id], await golden_id(estate), idempotency_key="k1", kind="rollout"
    )
    assert [result.ok for result in results] == [True, False, False]
    assert "stopped" in results[1].message
    assert "api-base" in results[2].message


async def test_a_deprecated_image_is_a_way_back_and_not_a_way_forward(estate: SampleEstate) -> None:
    asset = (await drifted(estate))[0]
    images = await estate.images(ORG, family="web-base")
    deprecated = next(image for image in images if image.status == "deprecated")
    with pytest.raises(EstateError, match="deprecated"):
        await estate.apply_image(ORG, [asset.id], deprecated.id, idempotency_key="k1", kind="rollout")
    (back,) = await estate.apply_image(ORG, [asset.id], deprecated.id, idempotency_key="k2", kind="rollback")
    assert back.ok


async def test_a_window_is_open_for_all_sites_or_it_is_none(path: Path, estate: SampleEstate) -> None:
    web = await drifted(estate)
    sites = sorted({asset.site for asset in web if asset.site})
    one = await estate.maintenance_window(ORG, "production", sites[:1])
    every = await estate.maintenance_window(ORG, "production", sites)
    assert one is not None
    assert every is not None
    assert one.start <= every.start < every.end <= one.end
    assert await estate.maintenance_window(ORG, "production", [*sites, "moon"]) is None
    later = SampleEstate(path, now=lambda: every.end)
    tomorrow = await later.maintenance_window(ORG, "production", sites)
    assert tomorrow is not None
    assert tomorrow.start == every.start + timedelta(days=1)
    await later.close()
    after = SampleEstate(path, now=lambda: NOW + timedelta(days=400))
    assert await after.maintenance_window(ORG, "production", sites) is None
    await after.close()


async def test_a_fault_of_an_unknown_asset_is_refused_and_one_that_is_cleared_is_gone(estate: SampleEstate) -> None:
    asset = (await drifted(estate))[0]
    with pytest.raises(EstateError, match="no asset 'ghost'"):
        await estate.set_fault(ORG, "ghost", "apply_fails")
    await estate.set_fault(ORG, asset.id, "apply_fails")
    await estate.set_fault(ORG, asset.id, None)
    (result,) = await estate.apply_image(ORG, [asset.id], await golden_id(estate), idempotency_key="k1", kind="rollout")
    assert result.ok


async def test_a_file_that_is_not_there_is_an_error_and_stays_not_there(tmp_path: Path) -> None:
    missing = SampleEstate(tmp_path / "none.db")
    with pytest.raises(EstateError, match="could not be read"):
        await missing.images(ORG)
    await missing.close()
    assert not (tmp_path / "none.db").exists()
