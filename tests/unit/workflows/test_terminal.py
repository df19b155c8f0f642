"""Who operates the machine can stop a task and say why, and can approve nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from bot.blocks.controls import told_of
from bot.intake import Intake
from bot.tasks.cli import stop_task
from bot.tasks.stopping import NO_APPROVAL, NotStopped, Stopping
from bot.workflows.messages import TaskLimits
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import decision_on, running
from tests.unit.workflows.script import Script
from tools.contracts.control import Control
from tools.contracts.signing import sign

ROOT = "terminal:root"


def at(temporal: Client) -> Stopping:
    intake = Intake(
        temporal=temporal,
        task_queue="not-used",
        decision_key=KEY,
        limits=TaskLimits(),
        now=lambda: datetime.now(UTC),
    )
    return Stopping(temporal, intake, org="T1", user=ROOT)


async def test_a_plan_is_rejected_from_a_terminal_and_recorded_as_such(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        said = await at(temporal).stop(task.handle.id, "reject", reason="the site is being moved")
        assert "is rejected" in said
        result = await task.handle.result()
        assert (result.outcome, result.ended_by, result.detail) == ("rejected", ROOT, "the site is being moved")
        assert task.script.of("accept_decision")[0].user == ROOT
        with pytest.raises(NotStopped, match=r"over, or never was|waits for a decision"):
            await at(temporal).stop(task.handle.id, "reject", reason="again")


async def test_a_task_is_cancelled_from_a_terminal_with_its_reason(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        await at(temporal).stop(task.handle.id, "cancel", reason="<!channel> wrong estate")
        result = await task.handle.result()
        assert (result.outcome, result.ended_by) == ("cancelled", ROOT)
        (heeded,) = task.script.of("heed_control")
        assert heeded.control.reason == "<!channel> wrong estate"


async def test_nothing_that_a_terminal_signs_approves(temporal: Client) -> None:
    async with running(temporal, Script(roles={ROOT: ["admin", "approver"]})) as task:
        approval = sign(decision_on(await task.proposal(), ROOT, "approve"), KEY)
        await task.handle.signal(TaskWorkflow.decide, approval)
        assert await task.refused(1) == ["not_in_role"]
        assert task.script.of("accept_decision") == task.script.of("run_phase") == []


async def test_a_terminal_does_not_pause_or_resume(temporal: Client) -> None:
    async with running(temporal, Script(wait_seconds=2)) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        await task.control(ROOT, "pause")
        await task.asked("refuse_control")
        assert task.script.of("refuse_control")[0].problem == "not_in_role"


def test_approving_from_a_terminal_is_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert stop_task("T1.C1.1", "approve", reason="") == 1
    assert NO_APPROVAL in capsys.readouterr().err
    assert stop_task("T1.C1.1", "aprove", reason="x") == 1
    assert stop_task("T1.C1.1", "reject", reason="  ") == 1
    assert "--reason" in capsys.readouterr().err


def test_the_reason_in_the_thread_pings_nobody() -> None:
    control = Control(org="T1", task_id="t", action="cancel", user=ROOT, channel="", reason="<!channel> *x* `y`")
    said = told_of(control, until=None, running=False).text
    assert "Why: “&lt;!channel&gt;" in said
    assert "`terminal:root`" in said
    assert "Why" not in told_of(replace(control, reason=" "), until=None, running=False).text
