"""What a run handed on is taken up by the run that Temporal has go on from it, and by no other. On a real server."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError
from temporalio.client import Client
from temporalio.worker import Worker

from bot.workflows import messages as m
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.messages.alerts import AlertLife, AlertStart
from bot.workflows.messages.triage import DeskStart, DeskState
from tests.strict import STRICT
from tests.unit.alerts.scripted import CHANNEL, alerting
from tests.unit.alerts.test_desk_bounds import make_it_long as make_the_desk_long
from tests.unit.workflows.doctored import AllSkipped
from tests.unit.workflows.passed_off import begun_with, tried_again
from tests.unit.workflows.running import make_it_long, running, worker_of
from tests.unit.workflows.script import Script

pytestmark = pytest.mark.timeout(120)


async def test_a_task_begun_with_what_another_run_left_begins_at_the_beginning(temporal: Client) -> None:
    """Its approval was for a run that is over. Temporal says of a retry, too, that it follows another run."""
    another = Script()
    async with running(temporal, Script(wait_seconds=60)) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        await make_it_long(task)
        carried = await begun_with(temporal, task.handle.id, m.Carried)
        assert carried.state.approved
        await task.control("UADA", "cancel")
        await task.handle.result()
    name, queue = task.handle.id, str(uuid.uuid4())
    await tried_again(temporal, "gavel-task", carried, workflow_id=name, queue=queue)
    async with worker_of(temporal, another, queue=queue):
        await replace(task, script=another).asked("understand")
        await temporal.get_workflow_handle(name).terminate()
    assert another.of("run_phase") == []


async def test_a_desk_begun_with_what_another_run_left_begins_empty(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("disk")
        await alerts.until(lambda: "disk" in alerts.cards())
        await make_the_desk_long(alerts)
        name = f"{alerts.org}.triage.{CHANNEL}"
        start = await begun_with(temporal, name, DeskStart)
        assert start.carried is not None
        assert start.carried.dockets
        await temporal.get_workflow_handle(name).terminate()
    queue = str(uuid.uuid4())
    run_id = await tried_again(temporal, "gavel-triage", start, workflow_id=name, queue=queue)
    async with Worker(temporal, task_queue=queue, workflows=[TriageWorkflow], workflow_runner=STRICT):
        again = temporal.get_workflow_handle_for(TriageWorkflow.run, name, run_id=run_id)
        assert await again.query(TriageWorkflow.desk_state) == DeskState()


async def test_an_alert_begun_with_what_another_run_left_begins_anew(temporal: Client) -> None:
    queue, name = str(uuid.uuid4()), f"T1.{uuid.uuid4()}"
    start = AlertStart("T1", CHANNEL, "a" * 16, carried=AlertLife(episode=7), run_id=str(uuid.uuid4()))
    run_id = await tried_again(temporal, "gavel-alert", start, workflow_id=name, queue=queue)
    async with Worker(temporal, task_queue=queue, workflows=[AlertWorkflow], workflow_runner=STRICT):
        again = temporal.get_workflow_handle_for(AlertWorkflow.run, name, run_id=run_id)
        assert await again.query(AlertWorkflow.alert_state) == AlertLife()


async def test_no_other_message_with_a_state_is_taken_for_what_a_run_left(temporal: Client) -> None:
    """Every task leaves in its history what it was concluded with, sealed with the same key."""
    async with running(temporal, Script()) as task:
        await task.decide("UGRACE", "reject")
        await task.handle.result()
    concluded = task.script.of("conclude")[0]
    written = TypeAdapter(m.ConcludeInput).dump_json(concluded)
    with pytest.raises(ValidationError, match="run_id"):
        TypeAdapter(m.Carried).validate_json(written)
    with pytest.raises(ValidationError):
        TypeAdapter[m.TaskRequest | m.Carried](m.TaskRequest | m.Carried).validate_json(written)


async def test_a_phase_that_is_on_record_as_skipped_begins_no_sooner_than_any_other(temporal: Client) -> None:
    script = Script()
    async with running(temporal, script, workflow=AllSkipped) as task:
        await task.decide("UGRACE")
        assert (
            await task.handle.result()
        ).detail == "It was paused, and nobody resumed it in time. Nothing was changed."
    assert script.of("run_phase") == []
