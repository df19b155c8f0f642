"""Mistakes 7, 8, 9, 10, 11 and 19 of the system before this one, each where it was made: between approval and end."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

import bot
from bot.workflows import messages as m
from bot.workflows.activities.authenticating import Authenticating
from bot.workflows.task import TaskWorkflow
from tests.strict import STRICT
from tests.unit.policies.plans import make_plan
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, running
from tests.unit.workflows.script import Script
from tools.contracts.common import JsonObject
from tools.contracts.outputs import AnyPlan
from tools.contracts.signing import sign


async def test_mistake_7_an_approval_has_one_path_to_execution(temporal: Client) -> None:
    """Approving signalled the workflow and called the executor too: two paths, each running the plan."""
    async with running(temporal, Script()) as task:
        decision = await task.decide("UGRACE")
        await task.handle.signal(TaskWorkflow.decide, decision)
        await task.handle.signal(TaskWorkflow.decide, sign(decision, KEY))
        assert (await task.handle.result()).outcome == "completed"
    assert [message.index for message in task.script.of("run_phase")] == [0, 2]


def test_mistake_7_grants_are_signed_in_one_place() -> None:
    """What changes state needs a grant, so whoever signs one is a path to execution. There is one."""
    root = Path(bot.__file__).parent.parent
    signing = [
        str(file.relative_to(root))
        for layer in ("bot", "agents", "policies", "tools")
        for file in (root / layer).rglob("*.py")
        if re.search(r"\bsign_grant\(", file.read_text()) and file.name != "grants.py"
    ]
    assert signing == ["bot/workflows/activities/calling.py"]


class Stringly(Script):
    """Its judge hands the plan on as text."""

    @activity.defn(name="judge")
    async def judge_in_text(self, message: m.JudgeInput) -> JsonObject:
        judged = await Script.judge(self, message)
        assert judged.plan is not None
        return {"report": judged.report.model_dump(mode="json"), "plan": judged.plan.model_dump_json(), "found": None}

    @property
    def activities(self) -> list[Any]:
        kept = [step for step in super().activities if step != self.judge]
        return [*kept, self.judge_in_text]


async def test_mistake_8_a_plan_that_is_text_runs_nothing_and_is_no_success(temporal: Client) -> None:
    """A plan that reached Temporal as a string ran zero phases and reported success."""
    script = Stringly()
    async with running(temporal, script) as task:
        await task.asked("judge")
        await asyncio.sleep(1)
        described = await task.handle.describe()
        assert described.status != WorkflowExecutionStatus.COMPLETED
        await task.handle.terminate()
    assert script.of("present") == []
    assert script.of("run_phase") == []


def test_mistake_8_text_is_no_plan_even_if_it_holds_one() -> None:
    plan = make_plan()
    with pytest.raises(ValidationError):
        TypeAdapter(AnyPlan).validate_python(plan.model_dump_json())
    with pytest.raises(ValidationError):
        TypeAdapter(m.Judged).validate_python({"report": {}, "plan": plan.model_dump_json()})


async def test_mistake_9_every_phase_is_handed_the_plan_that_was_approved(temporal: Client) -> None:
    """Modifying a plan changed the database, while Temporal still ran the old one."""
    async with running(temporal, Script(refuse_revisions=1)) as task:
        approved = await task.decide("UGRACE")
        await task.control("UADA", "pause", revision=1)  # a hand on the revision that was replaced moves nothing
        assert (await task.handle.result()).plan_digest == approved.plan_digest
    ran = task.script.of("run_phase")
    assert {message.proposal.plan.digest for message in ran} == {approved.plan_digest}
    assert {message.proposal.revision for message in ran} == {2}


async def test_mistake_10_a_worker_that_dies_in_a_wait_costs_no_phase_and_repeats_none(temporal: Client) -> None:
    """Waits slept in the activity without heartbeats, so that a retry ran finished phases again."""
    script, another = Script(wait_seconds=4), Script(wait_seconds=4)
    async with running(temporal, script) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
    worker = Worker(
        temporal,
        task_queue=task.handle.id,
        workflows=[TaskWorkflow],
        workflow_runner=STRICT,
        activities=[*another.activities, Authenticating(KEY).authenticate],
        identity=temporal.identity,
    )
    async with worker:
        assert (await asyncio.wait_for(task.handle.result(), 30)).outcome == "completed"
    assert [message.index for message in script.of("run_phase")] == [0]
    assert [message.index for message in another.of("run_phase")] == [2]


async def test_mistake_11_after_a_rollback_nothing_more_runs_and_the_run_is_not_completed(temporal: Client) -> None:
    """A rollback did not stop the loop: later phases ran, and the run said that it was completed."""
    async with running(temporal, Script(failing_phase=0)) as task:
        await task.decide("UGRACE")
        result = await task.handle.result()
    steps = [name for name, _ in task.script.asked]
    assert "run_phase" not in steps[steps.index("roll_back") :]
    assert (result.outcome, "no heartbeat" in result.detail) == ("rolled_back", True)
    assert "back on their earlier image" in result.detail
    ended = task.script.of("conclude")[0].state
    assert [record.state for record in ended.phases] == ["failed", "skipped", "skipped"]


async def test_mistake_19_pause_and_cancel_are_received(temporal: Client) -> None:
    """Signals for pause and cancel were sent to a workflow that had no handler for them."""
    async with running(temporal, Script(wait_seconds=3600)) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        await task.control("UADA", "pause")
        await _paused(task)
        await task.control("UADA", "cancel")
        assert (await asyncio.wait_for(task.handle.result(), 20)).outcome == "cancelled"
    assert [message.control.action for message in task.script.of("heed_control")] == ["pause", "cancel"]


async def _paused(task: Running) -> None:
    for _ in range(100):
        if (await task.handle.query(TaskWorkflow.task_state)).pause is not None:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the run was not paused")
