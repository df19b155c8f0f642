"""Who operates the machine can stop a task and say why, and can approve nothing."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.converter import DataConverter

from bot.blocks.controls import told_of
from bot.intake import Intake
from bot.tasks.cli import stop_task
from bot.tasks.stopping import NO_APPROVAL, NotStopped, Stopping
from bot.workflows import messages as m
from bot.workflows.client import data_converter
from bot.workflows.messages import TaskLimits
from bot.workflows.messages.alerts import AlertStart
from bot.workflows.messages.triage import DeskStart
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import decision_on, running
from tests.unit.workflows.script import Script
from tests.unit.workflows.test_controls import Stuck
from tools.contracts.control import Control
from tools.contracts.decision import Decision
from tools.contracts.signing import sign

ROOT = "terminal:root"


def at(temporal: Client, *, key: bytes = KEY, org: str = "T1") -> Stopping:
    intake = Intake(
        temporal=temporal,
        task_queue="not-used",
        decision_key=key,
        limits=TaskLimits(),
        now=lambda: datetime.now(UTC),
    )
    return Stopping(temporal, intake, org=org, user=ROOT)


def with_converter(temporal: Client, converter: DataConverter) -> Client:
    config = temporal.config()
    config["data_converter"] = converter
    return Client(**config)


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


@pytest.mark.parametrize("how", ["reject", "cancel"])
async def test_a_terminal_with_another_key_sends_nothing_and_the_task_goes_on(
    temporal: Client, how: Literal["reject", "cancel"]
) -> None:
    stranger = with_converter(temporal, data_converter(b"x" * 32))
    async with running(temporal, Script()) as task:
        await task.proposal()
        for there, key, org in ((stranger, KEY, "T1"), (temporal, b"another key", "T1"), (temporal, KEY, "T2")):
            with pytest.raises(NotStopped, match=r"another key or org than is configured here. Nothing was changed"):
                await at(there, key=key, org=org).stop(task.handle.id, how, reason="no")
        with pytest.raises(NotStopped, match="over, or never was"):
            await at(temporal).stop("T1.never", how, reason="no")
        history = [event.event_type async for event in task.handle.fetch_history_events()]
        assert EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED not in history
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"


@pytest.mark.parametrize("how", ["reject", "cancel"])
@pytest.mark.parametrize(
    ("workflow", "start"),
    [("gavel-alert", AlertStart("T1", "CALERTS", "f" * 16)), ("gavel-triage", DeskStart("T1", "CALERTS"))],
)
async def test_what_is_no_task_is_not_stopped_and_the_terminal_says_so(
    temporal: Client, workflow: str, start: AlertStart | DeskStart, how: Literal["reject", "cancel"]
) -> None:
    name = f"T1.{uuid.uuid4().hex}"
    handle = await temporal.start_workflow(workflow, start, id=name, task_queue=name)
    with pytest.raises(NotStopped, match=r"is no task that this Gavel can read.* Nothing was changed"):
        await at(temporal).stop(name, how, reason="no")
    history = [event.event_type async for event in handle.fetch_history_events()]
    assert EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED not in history
    await handle.terminate()


async def test_a_signal_that_cannot_be_read_changes_nothing_and_holds_nothing_up(temporal: Client) -> None:
    stranger = with_converter(temporal, data_converter(b"x" * 32))
    open_to_all = with_converter(temporal, DataConverter.default)
    async with running(temporal, Script()) as task:
        decision = sign(decision_on(await task.proposal(), "UGRACE", "approve"), KEY)
        for client in (stranger, open_to_all):
            for signal in ("decide", "answer", "edit", "control"):
                await client.get_workflow_handle(task.handle.id).signal(signal, decision)
        assert await task.state()
        assert task.script.of("accept_decision") == []
        await task.decide("UGRACE")
        assert (await asyncio.wait_for(task.handle.result(), 20)).outcome == "completed"
        assert task.script.of("refuse_decision") == task.script.of("refuse_control") == []


async def test_a_rejection_that_came_second_is_not_said_to_have_counted(temporal: Client) -> None:
    @dataclass(frozen=True)
    class Second(Intake):
        """Somebody clicks while the rejection is on its way."""

        async def decide(self, decision: Decision) -> None:
            await task.decide("UGRACE")
            await super().decide(decision)

    async with running(temporal, Script()) as task:
        await task.proposal()
        terminal = at(temporal)
        terminal = replace(terminal, intake=Second(**vars(terminal.intake)))
        with pytest.raises(NotStopped, match="decided on before, or is another by now"):
            await terminal.stop(task.handle.id, "reject", reason="no")
        assert (await task.handle.result()).outcome == "completed"


async def test_a_rejection_that_nobody_took_yet_is_said_to_be_on_its_way(temporal: Client) -> None:
    @dataclass
    class Slow(Script):
        @activity.defn(name="accept_decision")
        async def accept_decision(self, message: m.AcceptedDecision) -> bool:
            for _ in range(50):
                activity.heartbeat()  # it is not taken for dead
                await asyncio.sleep(0.1)
            return await super().accept_decision(message)

    async with running(temporal, Slow()) as task:
        await task.proposal()
        terminal = replace(at(temporal), patience=timedelta(seconds=1))
        said = await terminal.stop(task.handle.id, "reject", reason="no")
        assert "has not said yet that it took it" in said
        assert (await task.handle.result()).ended_by == ROOT


async def test_a_terminal_cancels_what_an_alert_started_before_it_has_a_plan(temporal: Client) -> None:
    async with running(temporal, Stuck(), source="alert") as task:
        await task.asked("investigate")
        await at(temporal).stop(task.handle.id, "cancel", reason="a false alarm")
        result = await asyncio.wait_for(task.handle.result(), 20)
        assert (result.outcome, result.ended_by) == ("cancelled", ROOT)


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
    async with running(temporal, Script(wait_seconds=10)) as task:
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
