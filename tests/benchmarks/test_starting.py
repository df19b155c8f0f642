"""`gavel up`: how soon it takes something in, and how much memory it holds."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from bot.blocks.actions import APPROVE
from bot.local.datadir import DataDirectory
from bot.local.stage import Said, Stage, StageError
from tests.benchmarks.figures import held
from tests.whole.town import QUICK, open_town, unconfigured, until

pytestmark = pytest.mark.benchmark

IDLE_SECONDS = 5
MEGABYTE = 1024 * 1024


async def test_gavel_up(tmp_path: Path) -> None:
    async with _up(tmp_path / "cold") as (_, stage):
        await _first_acknowledged(stage)  # the disk is warm from here on
    started = time.time()
    async with _up(tmp_path / "warm") as (process, stage):
        said, acknowledged_at = await _first_acknowledged(stage)
        seconds = acknowledged_at - started
        card = await stage.until(said, "grace", has=f"'{APPROVE}'", seconds=60, what="The plan card")
        await stage.click("grace", said.channel, card["ts"], APPROVE)
        await stage.until(said, "grace", has="Done", seconds=60, what="The outcome")
        both = psutil.Process(process.pid).memory_info().rss / MEGABYTE
    held("`gavel up` to the first acknowledged event", seconds, unit="s", bound=5, chosen="gavel_up",
         beside="an empty data directory, warm disk")  # fmt: skip
    held("Resident memory, bot and worker in one process after a first task", both, unit="MB", bound=400,
         chosen="gavel_up", beside="its own process; servers are others")  # fmt: skip


async def test_memory_of_the_bot_alone(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        bot = await town.serve("bot")
        await asyncio.sleep(IDLE_SECONDS)
        resident = psutil.Process(bot.process.pid).memory_info().rss / MEGABYTE
    held("Resident memory, bot alone, idle", resident, unit="MB", bound=150, chosen="memory_of_the_bot_alone")


@asynccontextmanager
async def _up(data: Path) -> AsyncGenerator[tuple[asyncio.subprocess.Process, Stage]]:
    """`gavel up` in a process of its own; its workspace as soon as that answers."""
    environ = {**unconfigured(os.environ), **QUICK, "LLM_MODE": "single", "GAVEL_DATA_DIR": str(data)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "up"), env=environ, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as http:
            directory = DataDirectory(data)

            async def noted() -> bool:
                return directory.remembered() is not None

            await until(noted, seconds=30, what="The note of where the parts are")
            note = directory.remembered()
            assert note is not None
            yield process, Stage(http, base=f"{note.embedded['slack']}/")
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


async def _first_acknowledged(stage: Stage) -> tuple[Said, float]:
    """Say something as soon as the bot listens. The message, and when its event was acknowledged."""

    async def listens() -> bool:
        async with stage.http.get(f"{stage.base}local/state") as response:
            return bool((await response.json())["connections"])

    await until(listens, seconds=30, what="The bot's connection")
    said = await stage.say("ada", "ops", "@gavel production web servers have drifted from the golden image, fix it")
    for _ in range(600):
        async with stage.http.get(f"{stage.base}local/stats", params={"envelopes": "50"}) as response:
            found = [each for each in (await response.json())["envelopes"] if each["event_type"] == "app_mention"]
        if found and found[0]["acked_at"]:
            return said, float(found[0]["acked_at"])
        await asyncio.sleep(0.02)
    raise StageError("Nothing was acknowledged.")
