"""Builds of Gavel that follow one another while tasks are in flight: forwards and back. On a real Temporal server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from temporalio.client import Client
from temporalio.worker import Worker

from bot.ledger.database import Database
from bot.tasks.board import TaskBoard
from bot.telemetry.held import HeldMetrics
from bot.thread import ThreadRef, ThreadWriter
from bot.workflows.client import data_converter
from bot.workflows.held import Held, Why
from bot.workflows.messages import TaskLimits, TaskRequest
from bot.workflows.parking import Parking
from bot.workflows.shape import SHAPE, NewerShape
from bot.workflows.task import TaskWorkflow
from tests.unit.narrator.workspace import Slack, running_slack, until
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.newer import NewerScript, NewerTask
from tests.unit.workflows.running import Running, decision_on, running, worker_of
from tests.unit.workflows.script import Script
from tools.contracts.signing import sign

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
async def slack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Slack]:
    async with running_slack(tmp_path_factory.mktemp("slack"), "--no-rate-limits") as workspace:
        yield workspace


def of_shape(temporal: Client, shape: int) -> Client:
    """The same server, as a Gavel of this shape speaks with it."""
    config = temporal.config()
    config["data_converter"] = data_converter(KEY, shape=shape)
    return Client(**config)


@dataclass
class Told:
    """What one worker noted, which tells Slack."""

    parking: Parking
    held: list[Held]
    counted: CollectorRegistry

    def note(self, held: Held) -> None:
        self.held.append(held)
        self.parking.note(held)

    async def times(self, number: int) -> None:
        async def enough() -> bool:
            return len(self.held) >= number

        await until(enough, seconds=60)


@asynccontextmanager
async def telling(slack: Slack, folder: Path) -> AsyncGenerator[Told]:
    async def writer_of(_org: str) -> ThreadWriter:
        return slack.writer()

    counted = CollectorRegistry()
    database = Database.open(f"sqlite:///{folder / 'gavel.db'}")
    parking = Parking(writer_of, TaskBoard(database, ""), HeldMetrics(counted), told_after=2)
    async with parking.telling():
        yield Told(parking, [], counted)
    await database.close()


@asynccontextmanager
async def begun(
    temporal: Client, script: NewerScript, thread: ThreadRef, *, steps: Script | None = None
) -> AsyncGenerator[Running]:
    """A task of the later build, in this thread, with a worker of that build. `steps`: what it is at first done by."""
    request = replace(_request(), channel=thread.channel, thread_ts=thread.thread_ts)
    request = sign(request, KEY)
    async with worker_of(temporal, steps or script, queue=request.task_id, workflow=NewerTask):
        handle = await temporal.start_workflow(
            TaskWorkflow.run, request, id=request.task_id, task_queue=request.task_id
        )
        yield Running(handle, script, temporal=temporal)


def _request() -> TaskRequest:
    return TaskRequest(
        task_id=f"T1.{uuid.uuid4()}",
        org="T1",
        user="UADA",
        source="mention",
        channel="COPS",
        thread_ts="1.0",
        message_ts="1.0",
        text="web servers have drifted, fix it",
        redacted=[],
        received_at=datetime.now(UTC).isoformat(),
        limits=TaskLimits(approval_seconds=300),
    )


async def said(slack: Slack, thread: ThreadRef) -> list[str]:
    return [message["text"] for message in await slack.replies(thread)]


@pytest.mark.parametrize(
    ("shape", "why", "words"),
    [
        (SHAPE + 1, "newer", "A newer version of me worked on this task"),
        # Somebody forgot to raise the number: Temporal notices that the history is not what this build makes of it.
        (SHAPE, "diverged", "Another version of me worked on this task"),
    ],
)
async def test_an_older_worker_leaves_a_newer_task_alone_and_says_so_once(
    temporal: Client, slack: Slack, tmp_path: Path, shape: int, why: Why, words: str
) -> None:
    newer, thread = of_shape(temporal, shape), await slack.thread()
    older_script, script, another = Script(), NewerScript(), NewerScript()
    async with begun(newer, script, thread) as task:
        await task.asked("admire")
        proposal = await task.proposal()
    async with telling(slack, tmp_path) as one, telling(slack, tmp_path) as two:
        async with worker_of(temporal, older_script, queue=task.handle.id, held=one.note):
            # Made by the newer edge, as the click's button is: it must not be lost.
            await task.handle.signal(TaskWorkflow.decide, sign(decision_on(proposal, "UGRACE", "approve"), KEY))
            await one.times(2)
            [told] = await until(lambda: said(slack, thread))
            assert words in told
            assert "it goes on by itself" in told
        async with worker_of(temporal, older_script, queue=task.handle.id, held=two.note):
            # A worker that knows nothing of what the other one said.
            await two.times(2)
        assert {held.why for held in [*one.held, *two.held]} == {why}
        assert {held.workflow_id for held in one.held} == {task.handle.id}
        assert one.counted.get_sample_value("gavel_tasks_held_total", {"why": why}) == 1
    assert len(await said(slack, thread)) == 1
    assert older_script.asked == []
    assert (await task.handle.describe()).close_time is None
    async with worker_of(newer, another, queue=task.handle.id, workflow=NewerTask):
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert (result.outcome, result.approvers) == ("completed", ["UGRACE"])
    assert [message.index for message in another.of("run_phase")] == [0, 2]
    assert [len(both.of("run_phase")) for both in (script, older_script)] == [0, 0]
    assert another.of("admire") == []


async def test_a_newer_click_on_an_older_task_waits_for_a_newer_worker(temporal: Client) -> None:
    """The older one would not see what is new in it, or take it for forged."""
    held: list[Held] = []
    script, another = Script(), Script()
    async with running(temporal, script, approval_seconds=300) as task:
        approval = sign(decision_on(await task.proposal(), "UGRACE", "approve"), KEY)
        newer = of_shape(temporal, SHAPE + 1)
    async with worker_of(temporal, script, queue=task.handle.id, held=held.append):
        await newer.get_workflow_handle(task.handle.id).signal(TaskWorkflow.decide, approval)
        for _ in range(600):
            if held:
                break
            await asyncio.sleep(0.05)
        assert held[0].why == "newer"
        assert script.of("refuse_decision") == []
    async with worker_of(newer, another, queue=task.handle.id):
        handle = newer.get_workflow_handle_for(TaskWorkflow.run, task.handle.id)
        assert (await asyncio.wait_for(handle.result(), 60)).approvers == ["UGRACE"]


async def test_a_deploy_with_a_task_in_flight_goes_on_with_it(temporal: Client) -> None:
    script, another = Script(quorum=2), Script(quorum=2)
    newer = of_shape(temporal, SHAPE + 1)
    async with running(temporal, script, approval_seconds=300) as task:
        await task.decide("UGRACE")
        await task.asked("accept_decision")
    later = replace(task, handle=newer.get_workflow_handle_for(TaskWorkflow.run, task.handle.id))
    async with worker_of(newer, another, queue=task.handle.id):
        await later.decide("ULINUS")
        result = await asyncio.wait_for(later.handle.result(), 60)
    assert (result.outcome, result.approvers) == ("completed", ["UGRACE", "ULINUS"])
    assert script.of("run_phase") == []


async def test_a_step_that_an_older_worker_does_not_have_waits_for_one_that_does(temporal: Client) -> None:
    script, older, another = NewerScript(), Script(), NewerScript()
    async with begun(temporal, script, ThreadRef("T1", "COPS", "1.0"), steps=older) as task:
        await replace(task, script=older).asked("present")

        async def tried_twice() -> bool:
            pending = (await task.handle.describe()).raw_description.pending_activities
            return any(step.activity_type.name == "admire" and step.attempt > 1 for step in pending)

        await until(tried_twice, seconds=30)
    async with worker_of(temporal, another, queue=task.handle.id, workflow=NewerTask):
        await replace(task, script=another).asked("admire")
        await replace(task, script=another).decide("UGRACE", "reject")
        assert (await asyncio.wait_for(task.handle.result(), 60)).outcome == "rejected"


async def test_a_step_that_failed_under_a_newer_worker_waits_for_one(temporal: Client) -> None:
    """An older one would read only that it failed, and end the task or put back what it changed."""
    held: list[Held] = []
    script, older, another = NewerScript(unmoved=True), Script(), NewerScript()
    newer = of_shape(temporal, SHAPE + 1)
    async with begun(temporal, script, ThreadRef("T1", "COPS", "1.0"), steps=older) as task:
        await until(lambda: admired(task, pending=True), seconds=30)
    async with Worker(newer, task_queue=task.handle.id, activities=[script.admire]):
        await until(lambda: admired(task, pending=False), seconds=60)
    assert len(script.of("admire")) == 1
    async with worker_of(temporal, older, queue=task.handle.id, workflow=NewerTask, held=held.append):

        async def is_held() -> bool:
            return bool(held)

        await until(is_held, seconds=60)
        assert held[0].why == "newer"
        assert older.of("conclude") == []
    async with worker_of(newer, another, queue=task.handle.id, workflow=NewerTask):
        handle = newer.get_workflow_handle_for(TaskWorkflow.run, task.handle.id)
        result = await asyncio.wait_for(handle.result(), 60)
    assert (result.outcome, result.detail) == ("failed", "There is nothing to admire.")


async def admired(task: Running, *, pending: bool) -> bool:
    """Whether the later build's step is still to be done, or is not any more."""
    steps = (await task.handle.describe()).raw_description.pending_activities
    return any(step.activity_type.name == "admire" for step in steps) is pending


async def test_what_a_newer_gavel_wrote_is_not_read_and_what_an_older_one_wrote_is() -> None:
    older, newer = data_converter(KEY, shape=SHAPE), data_converter(KEY, shape=SHAPE + 1)
    with pytest.raises(NewerShape, match=f"shape {SHAPE + 1}; this one knows {SHAPE}"):
        await older.decode(await newer.encode(["approve"]))
    assert await newer.decode(await older.encode(["approve"])) == ["approve"]
