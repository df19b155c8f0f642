"""1, 2 and 4 workers and two bots on one Temporal, Redis, OPA and PostgreSQL: tasks a second, and what each part costs.

Slack and the models answer at once: what is measured is Gavel and the servers it stands on. `GAVEL_BENCH_TASKS` makes
it shorter.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.engine import make_url
from temporalio.client import Client
from temporalio.worker import Worker

from bot.ledger.tables import TaskRow
from bot.local.estate import tables
from bot.local.estate.engine import open_engine, writing
from bot.redis_client import RedisClient, open_redis
from tests.benchmarks.bare import BareTask, Nothing, Step, in_words, shape_of
from tests.benchmarks.cores import Parts, postgres_pid, used
from tests.benchmarks.figures import held
from tests.benchmarks.scale_bot import CLICKS, OPEN, REDIS, REQUESTS
from tests.postgres import database_on
from tests.whole.town import Served, Town, open_town, until

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

TASKS = int(os.environ.get("GAVEL_BENCH_TASKS", "60"))
BARE_AT_ONCE = 50
WORKERS = (1, 2, 4)
BOTS = 2


@dataclass(frozen=True)
class Run:
    """So many tasks through so many workers."""

    workers: int
    to_plan: float
    """Seconds until every plan waited for approval."""
    to_end: float
    """Seconds from the first click until every task had ended."""
    cores: Mapping[str, float]
    """Part → seconds of a processor for one task."""
    idle: float
    """Of the machine's processors, the share that nobody used."""

    @property
    def per_second(self) -> float:
        return TASKS / (self.to_plan + self.to_end)

    @property
    def in_words(self) -> str:
        shares = ", ".join(f"{part} {1000 * seconds:.0f}" for part, seconds in self.cores.items())
        return (
            f"{self.workers} workers: {self.per_second:.2f} tasks a second whole, {TASKS / self.to_plan:.2f} to the "
            f"waiting plan, {TASKS / self.to_end:.2f} from the click to the end; processors idle "
            f"{100 * self.idle:.0f} %; of a processor, ms a task: {shares}, "
            f"together {1000 * sum(self.cores.values()):.0f}"
        )


@dataclass(frozen=True)
class Fleet:
    """The servers, two bots, and what is put in at one end and comes out at the other."""

    town: Town
    redis: RedisClient
    redis_url: str
    bots: list[Served]
    postgres: int
    numbers: Iterator[int] = field(default_factory=itertools.count)
    given: list[str] = field(default_factory=list[str])
    """Tasks, in order."""

    def parts(self, workers: list[Served]) -> Parts:
        servers = {name: [pid] for name, pid in self.town.stack.processes.pids.items() if name not in ("slack", "llm")}
        return Parts(
            {
                "workers": [served.process.pid for served in workers],
                "bots": [served.process.pid for served in self.bots],
                **servers,
                "postgresql": [self.postgres],
            }
        )

    async def ask(self, hosts: list[str]) -> None:
        """One request for each server."""
        for host in hosts:
            ts = f"{1_700_000_000 + next(self.numbers)}.000100"
            text = f"@gavel the server {host} in staging has drifted from its golden image, fix it, wait 0 seconds"
            await self.redis.execute_command("RPUSH", REQUESTS, json.dumps({"text": text, "ts": ts}))
            self.given.append(f"{self.town.stack.org}.C0OPS00001.{ts}")

    async def waiting(self) -> int:
        return int(str(await self.redis.execute_command("LLEN", CLICKS)))

    async def ended(self) -> int:
        query = select(func.count()).where(TaskRow.org == self.town.stack.org, TaskRow.status == "ended")
        return await self.town.ledger.database.look(lambda sql: int(sql.execute(query).scalar_one()))


async def test_scale_of_workers(tmp_path: Path, postgres_url: str) -> None:
    async with database_on(postgres_url) as database, _fleet(tmp_path, postgres_url, database) as fleet:
        steps = await _warmed_up(fleet)
        floor = await _floor(fleet, steps)
        runs = [await _run(fleet, workers) for workers in WORKERS]
    print(f"\n  the bare floor: {floor:.1f} workflows a second, {in_words(steps)}")
    for run in runs:
        print(f"  {run.in_words}", flush=True)
    one, most = runs[0], max(runs, key=lambda run: run.per_second)
    held("Most tasks a second ÷ the bare floor's", most.per_second / floor, unit="", bound=0.3, kind="at least",
         chosen="scale_of_workers", beside=f"{most.per_second:.2f} ÷ {floor:.1f}, {most.workers} workers")  # fmt: skip
    held("Tasks a second, of most workers ÷ of one", runs[-1].per_second / one.per_second, unit="", bound=0.8,
         kind="at least", chosen="scale_of_workers",
         beside=f"at the most {100 * (1 - most.idle):.0f} % of {psutil.cpu_count()} processors are in use")  # fmt: skip


async def _run(fleet: Fleet, count: int) -> Run:
    hosts = await _drifted(fleet.town, TASKS)
    workers = [
        await fleet.town.serve("worker", module="tests.benchmarks.scale_worker", **{REDIS: fleet.redis_url})
        for _ in range(count)
    ]
    # Each has taken one before: what a worker makes once is not of any task.
    await _through(fleet, await _drifted(fleet.town, 2 * count))
    hosts = await _drifted(fleet.town, TASKS)
    parts = fleet.parts(workers)
    before, machine = parts.seconds(), psutil.cpu_times()
    to_plan, to_end = await _through(fleet, hosts)
    spent, after = used(before, parts.seconds()), psutil.cpu_times()
    for served in workers:
        await served.kill()
    idle = (after.idle - machine.idle) / (sum(after) - sum(machine))
    return Run(count, to_plan, to_end, {part: seconds / TASKS for part, seconds in spent.items()}, idle)


async def _through(fleet: Fleet, hosts: list[str]) -> tuple[float, float]:
    """Seconds to the waiting plans, and from the first click to the end."""
    ended = await fleet.ended()
    began = time.monotonic()
    await fleet.ask(hosts)
    await until(lambda: _reached(fleet.waiting, len(hosts)), seconds=600, what="The plans that wait")
    waited = time.monotonic()
    await fleet.redis.execute_command("SET", OPEN, "1")
    await until(lambda: _reached(fleet.ended, ended + len(hosts)), seconds=600, what="The tasks' ends")
    done = time.monotonic()
    await fleet.redis.execute_command("DEL", OPEN)
    return waited - began, done - waited


async def _reached(count: Callable[[], Awaitable[int]], wanted: int) -> bool:
    return await count() >= wanted


async def _warmed_up(fleet: Fleet) -> list[Step]:
    """The shape of a task."""
    worker = await fleet.town.serve("worker", module="tests.benchmarks.scale_worker", **{REDIS: fleet.redis_url})
    await _through(fleet, await _drifted(fleet.town, 4))
    await worker.kill()
    return await shape_of(fleet.town.temporal.get_workflow_handle(fleet.given[-1]))


async def _floor(fleet: Fleet, steps: list[Step]) -> float:
    """Bare workflows a second, of one worker in this process."""
    bare = await Client.connect(fleet.town.stack.temporal_address)
    due, room = asyncio.Queue[str](), asyncio.Semaphore(BARE_AT_ONCE)

    async def signalling() -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(bare.get_workflow_handle(await due.get()).signal(BareTask.go_on))

    async def one(number: int) -> None:
        async with room:
            await bare.execute_workflow(BareTask.run, steps, id=f"bare-{number}", task_queue="bare")

    async with Worker(bare, task_queue="bare", workflows=[BareTask], activities=[Nothing(due.put_nowait).nothing]):
        task = asyncio.create_task(signalling())
        await asyncio.gather(*(one(number) for number in range(5)))
        began = time.monotonic()
        await asyncio.gather(*(one(number) for number in range(5, TASKS + 5)))
        took = time.monotonic() - began
        task.cancel()
    return TASKS / took


async def _drifted(town: Town, count: int) -> list[str]:
    """Servers of staging, all of them put on an image that their family had before the golden one."""
    fleet = [asset for asset in (await town.estate.snapshot(town.stack.org)).values() if asset.image_version]
    versions = {asset.image_family: Counter[str | None]() for asset in fleet}
    for asset in fleet:
        versions[asset.image_family][asset.image_version] += 1
    earlier = {family: found.most_common()[-1][0] for family, found in versions.items()}
    staging = [asset for asset in fleet if asset.environment == "staging" and asset.state == "running"][:count]
    assert len(staging) == count, f"the estate has {len(staging)} such servers"
    engine, row = open_engine(town.stack.estate), tables.assets.c
    async with writing(engine) as connection:
        for asset in staging:
            where = (row.org_id == town.stack.org) & (row.id == asset.id)
            await connection.execute(
                update(tables.assets).where(where).values(image_version=earlier[asset.image_family])
            )
    await engine.dispose()
    return [asset.name for asset in staging]


@asynccontextmanager
async def _fleet(folder: Path, server: str, database: str) -> AsyncGenerator[Fleet]:
    pid = postgres_pid(str(make_url(server).query["host"]))
    async with open_town(folder, database=database, LLM_MODE="single", GAVEL_LIMITS_PERSON_REQUESTS="0") as town:
        url = town.stack.redis_url
        redis = open_redis(url)
        town.exits.push_async_callback(redis.aclose)
        bots = [await town.serve("bot", module="tests.benchmarks.scale_bot", **{REDIS: url}) for _ in range(BOTS)]
        yield Fleet(town, redis, url, bots, pid)
