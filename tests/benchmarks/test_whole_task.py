"""What Gavel adds to Temporal: a whole task against a bare workflow of the same shape, on the same server."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import update
from temporalio.client import Client
from temporalio.worker import Worker

from bot.app import Identity
from bot.edge import build_intake, slack_client
from bot.heap import collect_seldom
from bot.intake import Arrival, HandOverFailed, Intake
from bot.listeners.clicks import ClickListeners
from bot.listeners.edit import EditListeners
from bot.listeners.reject import RejectListeners
from bot.listeners.step_up import StepUpListeners
from bot.local.estate import tables
from bot.local.estate.engine import open_engine, writing
from bot.local.estate.estate import SampleEstate
from bot.local.slack.seed import BOT_ID, BOT_USER_ID, TEAM_ID
from bot.local.stack import RunningStack, open_stack
from bot.narrator.live import Narrator
from bot.pacing import Pacer
from bot.runtime import open_workbench
from bot.settings import Settings
from bot.thread import ThreadWriter
from bot.workflows.client import connect
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from bot.workflows.worker import build_worker
from tests.benchmarks.bare import BareTask, Nothing, Step, in_words, shape_of
from tests.benchmarks.figures import held
from tests.benchmarks.instant import ASKER, InstantModels, InstantSlack
from tools.contracts.common import JsonObject

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]

ALONE = 30
TOGETHER = 50
IN_ALL = 65


@dataclass(frozen=True)
class Course:
    """A worker for tasks and one for bare workflows, in this process, on one server."""

    stack: RunningStack
    intake: Intake
    tasks: Client
    bare: Client
    estate: SampleEstate
    models: InstantModels
    numbers: Iterator[int]
    hosts: list[str] = field(default_factory=list[str])
    """Servers that have drifted, each for one task."""

    async def drift(self) -> None:
        """Put every running server of staging on an image that its family had before the golden one."""
        fleet = [asset for asset in (await self.estate.snapshot(self.stack.org)).values() if asset.image_version]
        versions = {asset.image_family: Counter[str | None]() for asset in fleet}
        for asset in fleet:
            versions[asset.image_family][asset.image_version] += 1
        # The golden one is what most of them run.
        earlier = {family: count.most_common()[-1][0] for family, count in versions.items()}
        staging = [asset for asset in fleet if asset.environment == "staging" and asset.state == "running"]
        engine, row = open_engine(self.stack.estate), tables.assets.c
        async with writing(engine) as connection:
            for asset in staging:
                where = (row.org_id == self.stack.org) & (row.id == asset.id)
                await connection.execute(
                    update(tables.assets).where(where).values(image_version=earlier[asset.image_family])
                )
        await engine.dispose()
        self.hosts[:] = [asset.name for asset in staging]

    async def task(self) -> TaskResult:
        """From the request to its outcome."""
        host, number = self.hosts.pop(), next(self.numbers)
        ts = f"{1_700_000_000 + number}.000100"
        arrival = Arrival(
            org=self.stack.org,
            user=ASKER,
            source="mention",
            channel="C0OPS00001",
            text=f"@gavel the server {host} in staging has drifted from its golden image, fix it, wait 0 seconds",
            thread_ts=ts,
            message_ts=ts,
            unique=ts,
        )
        while True:
            try:
                task = await self.intake.accept(arrival)
                break
            except HandOverFailed:
                await asyncio.sleep(0)  # not acknowledged in its two seconds: Slack sends it again
        handle = self.tasks.get_workflow_handle_for(TaskWorkflow.run, task)
        result: TaskResult = await asyncio.wait_for(handle.result(), 120)
        assert result.outcome == "completed", result.detail
        return result

    async def bare_task(self, steps: list[Step]) -> None:
        await self.bare.execute_workflow(BareTask.run, steps, id=f"bare-{next(self.numbers)}", task_queue="bare")


async def test_whole_task_latency(tmp_path: Path) -> None:
    async with _course(tmp_path) as course:
        steps = await _warmed_up(course)
        course.models.milliseconds = 0.0
        whole, floor = list[float](), list[float]()
        for _ in range(ALONE):
            floor.append(await _seconds(lambda: course.bare_task(steps)))
            before, seconds = course.models.milliseconds, await _seconds(course.task)
            # Models that answer at once: what ours take to make an answer up is none of Gavel's time.
            whole.append(seconds - (course.models.milliseconds - before) / 1000)
        models = course.models.milliseconds / ALONE
    one, bare_one = statistics.median(whole), statistics.median(floor)
    took = f"{1000 * one:.0f} ÷ {1000 * bare_one:.0f} ms"
    beside = f"{took}; {in_words(steps)}; less the {models:.0f} ms of the instant models"
    held("Whole task ÷ bare workflow, latency one at a time", one / bare_one, unit="", bound=1.5,
         chosen="whole_task_latency", beside=beside)  # fmt: skip


async def test_whole_task_throughput(tmp_path: Path) -> None:
    async with _course(tmp_path) as course:
        steps = await _warmed_up(course)
        floor_rate = await _rate(lambda: course.bare_task(steps))
        await course.drift()
        rate = await _rate(course.task)
    held("Whole task ÷ bare workflow, throughput 50 at once", rate / floor_rate, unit="", bound=0.5, kind="at least",
         chosen="whole_task_throughput", beside=f"{rate:.1f} ÷ {floor_rate:.1f} a second")  # fmt: skip


async def _warmed_up(course: Course) -> list[Step]:
    """Has taken a few of both. The shape of a task."""
    await course.drift()
    for _ in range(3):
        await course.task()
    result = await course.task()
    steps = await shape_of(course.tasks.get_workflow_handle(result.task_id))
    for _ in range(3):
        await course.bare_task(steps)
    return steps


async def _seconds(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def _rate(work: Callable[[], Awaitable[object]]) -> float:
    """Finished a second, with :data:`TOGETHER` under way."""
    room = asyncio.Semaphore(TOGETHER)

    async def one() -> None:
        async with room:
            await work()

    return IN_ALL / await _seconds(lambda: asyncio.gather(*(one() for _ in range(IN_ALL))))


@asynccontextmanager
async def _course(data_dir: Path) -> AsyncGenerator[Course]:
    settings = Settings.embedded(data_dir=data_dir)
    collect_seldom()  # as the processes that serve do
    llm = settings.llm.model_copy(update={"mode": "single"})
    settings = settings.model_copy(update={"llm": llm})
    async with AsyncExitStack() as exits:
        stack = await exits.enter_async_context(open_stack(settings))
        clicks = asyncio.Queue[JsonObject]()
        slack, models = InstantSlack(clicks.put_nowait), InstantModels()
        slack.install()
        models.install()
        temporal, codec_key = stack.settings.temporal, stack.keys.derive("codec")
        tasks = await connect(temporal, address=stack.temporal_address, codec_key=codec_key)
        bare = await Client.connect(stack.temporal_address)
        intake = build_intake(stack.settings, temporal=tasks, keys=stack.keys)
        estate = SampleEstate(stack.estate)
        exits.push_async_callback(estate.close)
        client = slack_client(stack.settings)
        bench = await exits.enter_async_context(
            open_workbench(
                stack.settings,
                keys=stack.keys,
                client=client,
                identity=Identity(team=TEAM_ID, user=BOT_USER_ID, bot=BOT_ID),
                members=stack.members,
                estate=estate,
                samples=[],
            )
        )
        writer = ThreadWriter(client, bot_id=BOT_ID, pacer=Pacer(channel_rate=None))
        bench = replace(bench, writer=writer, narrator=Narrator(writer))
        decision_key = stack.keys.derive("decision")
        await exits.enter_async_context(
            build_worker(tasks, bench, task_queue=temporal.task_queue, decision_key=decision_key)
        )
        due = asyncio.Queue[str]()
        await exits.enter_async_context(
            Worker(bare, task_queue="bare", workflows=[BareTask], activities=[Nothing(due.put_nowait).nothing])
        )
        for work in (_click(clicks, intake), _signal(due, bare)):
            clicking = asyncio.create_task(work)
            exits.callback(clicking.cancel)
        yield Course(stack, intake, tasks, bare, estate, models, itertools.count())


async def _click(clicks: asyncio.Queue[JsonObject], intake: Intake) -> None:
    """Grace approves, as the bot hears of it from Slack."""

    async def nobody_is_told(*told: object) -> None:
        raise AssertionError(f"a click did not count: {told}")

    async def no_form(*asked: object) -> None:
        raise AssertionError(f"a form was asked for: {asked}")

    step_up = StepUpListeners(intake=intake, org=TEAM_ID, open_form=no_form)
    listeners = ClickListeners(
        intake=intake,
        org=TEAM_ID,
        tell=nobody_is_told,
        step_up=step_up,
        rejecting=RejectListeners(intake=intake, org=TEAM_ID, open_form=no_form),
        editing=EditListeners(intake=intake, org=TEAM_ID, open_form=no_form),
    )
    async with asyncio.TaskGroup() as group:
        while True:
            group.create_task(listeners.on_decision(await clicks.get()))


async def _signal(due: asyncio.Queue[str], bare: Client) -> None:
    async with asyncio.TaskGroup() as group:
        while True:
            group.create_task(bare.get_workflow_handle(await due.get()).signal(BareTask.go_on))
