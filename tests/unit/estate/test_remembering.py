"""What the sample estate remembers is never older than the file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.local.estate.estate import SampleEstate
from bot.local.estate.memory import MAX_ANSWERS, FileVersion, Memory
from bot.local.estate.seed import seed_estate
from tools.connectors.base import AssetQuery
from tools.contracts.estate import Asset

ORG = "T0ACME"


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    await seed_estate(tmp_path / "estate.db", seed=1, org=ORG, now=datetime.now(UTC))
    return tmp_path / "estate.db"


@pytest.fixture
async def estate(file: Path) -> AsyncGenerator[SampleEstate]:
    estate = SampleEstate(file)
    yield estate
    await estate.close()


async def running(estate: SampleEstate) -> list[Asset]:
    found, _ = await estate.assets(ORG, AssetQuery(environment="staging", state="running"), limit=500, cursor=None)
    return found


async def test_its_own_changes_are_seen_at_once(estate: SampleEstate) -> None:
    first, *others = await running(estate)
    await estate.set_state(ORG, first.id, "stopped")
    assert await running(estate) == others
    images = await estate.images(ORG)
    target = next(
        image
        for image in images
        if image.family == others[0].image_family
        and image.signed
        and image.status not in ("draft", "deprecated")
        and others[0].platform in image.platforms
    )
    await estate.apply_image(ORG, [others[0].id], target.id, idempotency_key="k", kind="rollout")
    assert {each.id: each for each in await running(estate)}[others[0].id].image_version == target.version


async def test_another_processes_changes_are_seen_at_once(estate: SampleEstate, file: Path) -> None:
    for number in range(20):
        found = await running(estate)
        assert await running(estate) == found
        other = sqlite3.connect(file)
        other.execute("UPDATE assets SET name = ? WHERE org_id = ? AND id = ?", (f"host-{number}", ORG, found[0].id))
        other.commit()
        other.close()
        assert (await running(estate))[0].name == f"host-{number}"


async def test_what_was_changed_while_it_was_read_is_not_kept(estate: SampleEstate) -> None:
    before = await running(estate)

    async def stop(asset: Asset) -> None:
        await estate.set_state(ORG, asset.id, "stopped")

    await asyncio.gather(*(stop(asset) for asset in before[:5]), *(running(estate) for _ in range(20)))
    assert await running(estate) == before[5:]


async def test_what_is_handed_out_can_be_changed_without_harm(estate: SampleEstate) -> None:
    found = await running(estate)
    found.clear()
    images = await estate.images(ORG)
    images.clear()
    assert await running(estate)
    assert await estate.images(ORG)


def test_a_file_that_is_not_there_has_no_version(tmp_path: Path) -> None:
    version = FileVersion(tmp_path / "none.db")
    assert version.now() is None
    version.close()


def test_a_connection_made_anew_counts_anew(file: Path) -> None:
    version = FileVersion(file)
    first = version.now()
    version.close()
    assert version.now() != first
    version.close()


def test_what_nobody_knows_the_version_of_is_not_kept_and_the_memory_is_bounded() -> None:
    memory = Memory()
    memory.keep("a", [1], None)
    assert memory.recall("a", None) is None
    for number in range(MAX_ANSWERS + 1):
        memory.keep(number, [number], (1, 1))
    assert memory.recall(0, (1, 1)) is None
    assert memory.recall(MAX_ANSWERS, (1, 1)) == [MAX_ANSWERS]
    assert memory.recall(MAX_ANSWERS, (1, 2)) is None
