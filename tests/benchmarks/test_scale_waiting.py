"""A thousand tasks wait for approval: what that takes of memory and disk, and whether anybody else waits for it.

`GAVEL_BENCH_WAITING` makes it fewer.
"""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from bot.blocks.actions import APPROVE
from bot.workflows.messages import TaskState
from bot.workflows.task import TaskWorkflow
from tests.benchmarks.figures import held
from tests.benchmarks.waiting import CHANNEL, Waiting, wait_for_approval
from tests.postgres import database_on
from tests.whole.town import Served, Town, open_town, until

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

WAITING = int(os.environ.get("GAVEL_BENCH_WAITING", "1000"))
ASKED = 5
"""Requests whose card is waited for, one after the other."""

REQUEST = "@gavel single: staging api servers have drifted, fix it"
LINUS = "linus"


@dataclass(frozen=True)
class Measured:
    started: float
    """Seconds until the worker served."""
    first: float
    """Seconds from the worker's start until the card of a request that was there before it."""
    card: float
    """Seconds from a request to its card, the median."""
    worker_mb: float
    bot_mb: float
    temporal_mb: float
    """On disk."""


async def test_scale_of_waiting(tmp_path: Path, postgres_url: str) -> None:
    async with (
        database_on(postgres_url) as database,
        open_town(tmp_path, database=database, GAVEL_LIMITS_PERSON_REQUESTS="0") as town,
    ):
        await town.stage.fault(rate_limits=False)
        none, served = await _measured(town)
        for each in served:
            await each.kill()
        began = time.monotonic()
        tasks = await wait_for_approval(town, WAITING, quorum=1)
        print(f"\n  {len(tasks)} tasks wait for approval after {time.monotonic() - began:.0f} s", flush=True)
        await town.stage.fault(rate_limits=False)
        many, served = await _measured(town)
        worker, _ = served
        clicked = [await _clicked(town, task) for task in tasks[: 2 * ASKED]]
        after = _megabytes(worker)
    said = f"{many.first:.1f} ÷ {none.first:.1f} s; it served after {many.started:.1f} and {none.started:.1f} s"
    each = 1000 * (many.temporal_mb - none.temporal_mb) / WAITING
    print(
        f"  resident: worker {many.worker_mb:.0f} MB (with none waiting {none.worker_mb:.0f}; after clicks on "
        f"{len(clicked)} of them {after:.0f}), bot {many.bot_mb:.0f} ({none.bot_mb:.0f}); Temporal on disk "
        f"{many.temporal_mb:.0f} MB ({none.temporal_mb:.0f}), {each:.0f} kB a waiting task; "
        f" click to recorded by the workflow p50 {statistics.median(clicked):.2f} s",
        flush=True,
    )
    held(f"Request to card, {WAITING} tasks waiting ÷ none", many.card / none.card, unit="", bound=1.5,
         chosen="scale_of_waiting", beside=f"{many.card:.2f} ÷ {none.card:.2f} s")  # fmt: skip
    held("a worker's start to the card of a request that was there", many.first / none.first, unit="", bound=1.5,
         chosen="scale_of_waiting", beside=said)  # fmt: skip
    held("resident memory of the worker grown by", many.worker_mb - none.worker_mb, unit="MB", bound=50,
         chosen="scale_of_waiting")  # fmt: skip
    held("of the bot", many.bot_mb - none.bot_mb, unit="MB", bound=50, chosen="scale_of_waiting")


async def _measured(town: Town) -> tuple[Measured, tuple[Served, Served]]:
    """A bot, a request, and a worker that comes after it; then requests one after the other."""
    bot = await town.serve("bot")
    said = await town.stage.say(LINUS, "ops", REQUEST)
    began = time.monotonic()
    worker = await town.serve("worker")
    started = time.monotonic() - began
    await town.stage.until(said, LINUS, has=f"'{APPROVE}'", seconds=120, what="The first card")
    first = time.monotonic() - began
    cards: list[float] = []
    for _ in range(ASKED):
        asked = time.monotonic()
        said = await town.stage.say(LINUS, "ops", REQUEST)
        await town.stage.until(said, LINUS, has=f"'{APPROVE}'", seconds=120, what="A card")
        cards.append(time.monotonic() - asked)
    on_disk = sum(file.stat().st_size for file in town.stack.settings.data_dir.glob("temporal.db*")) / 1e6
    resident = _megabytes(worker), _megabytes(bot)
    return Measured(started, first, statistics.median(cards), *resident, on_disk), (worker, bot)


def _megabytes(served: Served) -> float:
    """Of resident memory."""
    return float(psutil.Process(served.process.pid).memory_info().rss) / 1e6


async def _clicked(town: Town, task: Waiting) -> float:
    """Grace approves; seconds until the workflow does not wait any more."""
    handle = town.temporal.get_workflow_handle_for(TaskWorkflow.run, task.task_id)

    async def goes_on() -> bool:
        state: TaskState = await handle.query(TaskWorkflow.task_state)
        return state.status != "awaiting_approval"

    began = time.monotonic()
    await town.stage.click("grace", CHANNEL, task.card_ts, APPROVE)
    await until(goes_on, seconds=60, what=f"The decision on {task.task_id}")
    return time.monotonic() - began
