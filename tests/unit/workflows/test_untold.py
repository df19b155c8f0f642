"""What cannot be told ends no plan that is half run: it goes on, or is put back. On a real Temporal server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from bot.workflows import messages as m
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import make_it_long, running
from tests.unit.workflows.script import Script
from tools.contracts.signing import sign


@dataclass
class Archived(Script):
    """From its first phase on, the channel takes nothing any more."""

    @activity.defn(name="show_run")
    async def show_run(self, message: m.ShowInput) -> bool:
        await super().show_run(message)
        raise _refused()

    @activity.defn(name="refuse_decision")
    async def refuse_decision(self, message: m.RefusedDecision) -> bool:
        await super().refuse_decision(message)
        raise _refused()


def _refused() -> ApplicationError:
    return ApplicationError("is_archived", type="SlackRefused", non_retryable=True)


def ran(script: Script) -> list[int]:
    return [message.index for message in script.of("run_phase")]


async def test_a_pause_whose_card_cannot_be_shown_stands_and_the_run_goes_on_after_it(temporal: Client) -> None:
    async with running(temporal, Archived(wait_seconds=10)) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        await task.control("UADA", "pause")
        await task.asked("show_run")
        await task.control("UGRACE", "resume")
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert (result.outcome, ran(task.script)) == ("completed", [0, 2])
    assert task.script.of("roll_back") == []


async def test_a_pause_whose_card_cannot_be_shown_is_put_back_when_nobody_resumes_it(temporal: Client) -> None:
    async with running(temporal, Archived(wait_seconds=10), pause_seconds=2) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        await task.control("UADA", "pause")
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert (result.outcome, ran(task.script)) == ("rolled_back", [0])
    assert [message.touched for message in task.script.of("roll_back")] == [["web-1"]]


async def test_who_came_too_late_and_cannot_be_told_ends_no_run(temporal: Client) -> None:
    async with running(temporal, Archived(wait_seconds=20)) as task:
        decided = await task.decide("UGRACE")
        await task.asked("run_phase")
        # Turned away before the run is handed on, which is halfway through the plan.
        await task.handle.signal(TaskWorkflow.decide, sign(replace(decided, user="ULINUS"), KEY))
        await make_it_long(task)
        await task.asked("refuse_decision")
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert (result.outcome, ran(task.script)) == ("completed", [0, 2])
    assert task.script.of("roll_back") == []


async def test_who_comes_after_the_end_and_cannot_be_told_takes_nothing_from_it(temporal: Client) -> None:
    async with running(temporal, Archived(wait_seconds=8)) as task:
        decided = await task.decide("UGRACE")
        await task.asked("run_phase")
        await task.handle.signal(TaskWorkflow.decide, sign(replace(decided, user="ULINUS"), KEY))
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert (result.outcome, len(task.script.of("refuse_decision"))) == ("completed", 1)
