"""The hand-over with a memory in Redis: it spares Temporal what is known, and is never relied upon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from temporalio.client import Client

from bot.edge import build_intake
from bot.intake import Arrival, HandOverFailed, Intake
from bot.local.stack import RunningStack, open_stack
from bot.redis_client import PATIENCE_SECONDS, open_redis
from bot.settings import Settings
from bot.taken import WINDOW_SECONDS, TakenLately
from bot.workflows.client import connect
from tests.freezing import freeze, thaw
from tests.logs import logged_here

ARRIVAL = Arrival(
    org="T1",
    user="UADA",
    source="mention",
    channel="COPS",
    text="fix it",
    thread_ts="1.0",
    message_ts="1.0",
    unique="1.0",
)


@dataclass
class Edge:
    stack: RunningStack
    temporal: Client
    intake: Intake
    taken: TakenLately
    clock: list[float]

    async def runs(self, task: str) -> list[str]:
        """The run ids of all executions there ever were under this id."""
        await self.temporal.get_workflow_handle(task).describe()
        for _ in range(100):
            found = [run.run_id async for run in self.temporal.list_workflows(f"WorkflowId = '{task}'")]
            if found:
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"{task} is not listed")

    def later(self, seconds: float) -> None:
        self.clock[0] += seconds


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Edge]:
    async with open_stack(settings, want=["temporal", "redis"]) as stack:
        temporal = await connect(
            stack.settings.temporal, address=stack.temporal_address, codec_key=stack.keys.derive("codec")
        )
        redis, clock = open_redis(stack.redis_url), [0.0]
        taken = TakenLately(redis, clock=lambda: clock[0])
        intake = build_intake(stack.settings, temporal=temporal, keys=stack.keys, taken=taken)
        try:
            yield Edge(stack, temporal, intake, taken, clock)
        finally:
            await redis.aclose()


@pytest.fixture(scope="module")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Edge]:
    async with opened(Settings.embedded(data_dir=tmp_path_factory.mktemp("edge"))) as edge:
        yield edge


def arrival(unique: str) -> Arrival:
    return replace(ARRIVAL, unique=unique)


async def test_what_was_handed_over_is_acknowledged_again_while_temporal_is_away(edge: Edge) -> None:
    task = await edge.intake.accept(arrival("again"))
    await edge.stack.processes.halt("temporal")
    try:
        assert await edge.intake.accept(arrival("again")) == task
    finally:
        await edge.stack.processes.resume("temporal")
    assert len(await edge.runs(task)) == 1


async def test_what_could_not_be_handed_over_is_not_remembered(edge: Edge) -> None:
    await edge.stack.processes.halt("temporal")
    try:
        with pytest.raises(HandOverFailed):
            await edge.intake.accept(arrival("failed"))
    finally:
        await edge.stack.processes.resume("temporal")
    assert len(await edge.runs(await edge.intake.accept(arrival("failed")))) == 1


async def test_a_killed_redis_loses_nothing_and_doubles_nothing_and_is_told_once(edge: Edge) -> None:
    before = await edge.intake.accept(arrival("before"))
    with logged_here() as logs:
        await edge.stack.processes.halt("redis")
        assert await edge.intake.accept(arrival("before")) == before
        meanwhile = [await edge.intake.accept(arrival(f"meanwhile-{at}")) for at in (1, 2, 1, 2)]
        edge.later(60)
        await edge.intake.accept(arrival("meanwhile-1"))
        await edge.stack.processes.resume("redis")
        edge.later(60)
        await edge.intake.accept(arrival("meanwhile-1"))
    for task in (before, *set(meanwhile)):
        assert len(await edge.runs(task)) == 1
    assert [(entry["log_level"], entry["event"][:13]) for entry in logs] == [
        ("warning", "Redis is away"),
        ("info", "Redis is back"),
    ]
    assert await edge.taken.has("T1", meanwhile[0])


async def test_a_redis_that_hangs_delays_one_event_by_a_quarter_of_a_second_and_no_other(edge: Edge) -> None:
    pid = edge.stack.processes.pids["redis"]
    freeze(pid)
    try:
        with logged_here():
            started = time.monotonic()
            assert not await edge.taken.has("T1", "x")
            assert PATIENCE_SECONDS <= time.monotonic() - started < 4 * PATIENCE_SECONDS
            for at in range(20):
                assert not await edge.taken.has("T1", f"x{at}")
            assert time.monotonic() - started < 4 * PATIENCE_SECONDS
    finally:
        thaw(pid)
        edge.later(60)
    assert len(await edge.runs(await edge.intake.accept(arrival("after")))) == 1


async def test_what_is_remembered_is_of_one_org_and_is_forgotten(edge: Edge) -> None:
    task = await edge.intake.accept(arrival("mine"))
    assert await edge.taken.has("T1", task)
    assert not await edge.taken.has("T2", task)
    redis = open_redis(edge.stack.redis_url)
    left = await redis.execute_command("TTL", f"gavel:T1:taken:{task}")
    await redis.aclose()
    assert isinstance(left, int)
    assert 0 < left <= WINDOW_SECONDS
