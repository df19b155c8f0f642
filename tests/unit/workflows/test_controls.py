"""Pause, resume and cancel: which clicks count, and what a run does with them. On a real Temporal server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import Client

from bot.workflows import messages as m
from bot.workflows.controls import CONTROL_SENTENCES, INBOX_LIMIT, MOST_OF_ONE, MOST_TOLD
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, running
from tests.unit.workflows.script import Script
from tools.contracts.control import Control
from tools.contracts.signing import sign


@dataclass
class Held(Script):
    """Its first phase ends when the test lets it."""

    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn(name="run_phase")
    async def run_phase(self, message: m.PhaseInput) -> m.PhaseResult:
        result = await super().run_phase(message)
        if message.index == 0:
            await self.may_end.wait()
        return result


@dataclass
class Late(Held):
    """That it is paused is shown when the test lets it."""

    may_show: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn(name="show_run")
    async def show_run(self, message: m.ShowInput) -> bool:
        await super().show_run(message)
        return await self.may_show.wait()


@dataclass
class Long(Held):
    """Its phases are long, and it is not taken for dead."""

    @activity.defn(name="run_phase")
    async def run_phase(self, message: m.PhaseInput) -> m.PhaseResult:
        self.asked.append(("run_phase", message))
        while not self.may_end.is_set():
            activity.heartbeat()
            await asyncio.sleep(0.1)
        return m.PhaseResult(ok=True, ran=True, detail="healthy", touched=[])


@dataclass
class Stuck(Script):
    """No model answers, for as long as anybody waits."""

    step: str = "investigate"

    @activity.defn(name="understand")
    async def understand(self, message: m.UnderstandInput) -> m.Understood:
        understood = await super().understand(message)
        await self._wait("understand")
        return understood

    @activity.defn(name="investigate")
    async def investigate(self, message: m.InvestigateInput) -> m.Investigated:
        investigated = await super().investigate(message)
        await self._wait("investigate")
        return investigated

    async def _wait(self, step: str) -> None:
        while step == self.step:
            activity.heartbeat()
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("step", ["understand", "investigate"])
async def test_who_asked_cancels_a_task_that_waits_for_its_models_and_nothing_runs(temporal: Client, step: str) -> None:
    async with running(temporal, Stuck(step=step)) as task:
        await task.asked(step)
        await task.cancel_task("UMALLORY")
        await task.asked("refuse_control")
        await task.cancel_task("UADA")
        result = await asyncio.wait_for(task.handle.result(), 20)
    assert (result.outcome, result.ended_by, result.detail) == ("cancelled", "UADA", "Nothing was run.")
    assert [message.problem for message in task.script.of("refuse_control")] == ["not_in_role"]
    assert task.script.of("judge") == []
    assert phases_run(task.script) == []


async def canary_runs(task: Running) -> Held:
    """Approved, and in the middle of its first phase."""
    assert isinstance(task.script, Held)
    await task.decide("UGRACE")
    await task.asked("run_phase")
    return task.script


async def test_a_flood_of_clicks_during_a_phase_is_told_so_often_and_an_honest_one_counts(temporal: Client) -> None:
    """While a phase runs the task cannot hand on to another run, and Temporal ends one whose history is too long."""
    async with running(temporal, Long()) as task:
        script = await canary_runs(task)
        flood = Control(org="T1", task_id=task.handle.id, action="cancel", user="UMALLORY", channel="COPS")
        for told in range(0, MOST_TOLD + 20, 20):
            # Fewer at once than are kept while they wait to be weighed, and than one person's that are looked at.
            each = replace(flood, user=f"UMALLORY{told}")
            clicks = [sign(replace(each, unique=f"{told}.{number}"), KEY) for number in range(20)]
            await asyncio.gather(*(task.handle.signal(TaskWorkflow.control, click) for click in clicks))
            await task.asked("refuse_control", times=min(told + 20, MOST_TOLD))
        await task.control("UADA", "cancel")
        await task.asked("heed_control")
        script.may_end.set()
        assert (await asyncio.wait_for(task.handle.result(), 30)).outcome == "cancelled"
    assert len(script.of("refuse_control")) == MOST_TOLD
    assert phases_run(script) == [0]


async def test_one_person_alone_does_not_use_up_what_another_one_needs_to_cancel(temporal: Client) -> None:
    async with running(temporal, Long()) as task:
        script = await canary_runs(task)
        flood = Control(org="T1", task_id=task.handle.id, action="cancel", user="UMALLORY", channel="COPS")
        clicks = [sign(replace(flood, unique=f"{number}"), KEY) for number in range(INBOX_LIMIT + 20)]
        await asyncio.gather(*(task.handle.signal(TaskWorkflow.control, click) for click in clicks))
        await task.control("UADA", "cancel")
        await task.asked("heed_control")
        script.may_end.set()
        assert (await asyncio.wait_for(task.handle.result(), 30)).outcome == "cancelled"
    assert len(script.of("refuse_control")) == MOST_OF_ONE < MOST_TOLD


def phases_run(script: Script) -> list[int]:
    return [message.index for message in script.of("run_phase")]


async def test_a_pause_during_a_phase_lets_it_end_and_starts_nothing_after_it(temporal: Client) -> None:
    async with running(temporal, Held()) as task:
        script = await canary_runs(task)
        await task.control("UADA", "pause")
        await task.asked("heed_control")
        script.may_end.set()
        # The wait phase that follows is held too: only its own run would show it.
        await task.asked("show_run")
        await asyncio.sleep(1.5)
        assert phases_run(script) == [0]
        state = await task.handle.query(TaskWorkflow.task_state)
        assert [record.state for record in state.phases] == ["done", "waiting", "waiting"]
        await task.control("UGRACE", "resume")
        assert (await task.handle.result()).outcome == "completed"
        assert phases_run(script) == [0, 2]
    assert [message.control.action for message in script.of("heed_control")] == ["pause", "resume"]


async def test_a_pause_during_a_wait_does_not_end_the_wait(temporal: Client) -> None:
    async with running(temporal, Script(wait_seconds=6)) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        begun = datetime.now(UTC)
        await task.control("UADA", "pause")
        await task.asked("heed_control")
        await task.control("UADA", "resume")
        assert (await task.handle.result()).outcome == "completed"
        assert datetime.now(UTC) - begun > timedelta(seconds=4)


async def test_a_cancel_ends_a_long_wait_and_undoes_what_ran(temporal: Client) -> None:
    async with running(temporal, Script(wait_seconds=86_400)) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        await task.control("UADA", "cancel")
        result = await asyncio.wait_for(task.handle.result(), 20)
    assert (result.outcome, result.ended_by) == ("cancelled", "UADA")
    assert (phases_run(task.script), task.script.of("roll_back")[0].touched) == ([0], ["web-1"])
    assert [record.state for record in task.script.of("conclude")[0].state.phases] == [
        "rolled_back",
        "skipped",
        "skipped",
    ]


async def test_a_paused_run_can_be_cancelled(temporal: Client) -> None:
    async with running(temporal, Held()) as task:
        script = await canary_runs(task)
        await task.control("UGRACE", "pause")
        script.may_end.set()
        await task.asked("show_run")
        await task.control("ULINUS", "cancel")
        result = await task.handle.result()
    assert (result.outcome, result.ended_by, phases_run(script)) == ("cancelled", "ULINUS", [0])


async def test_a_pause_that_nobody_ends_stops_the_run_and_undoes_it(temporal: Client) -> None:
    async with running(temporal, Held(), pause_seconds=1) as task:
        script = await canary_runs(task)
        await task.control("UADA", "pause")
        await task.asked("heed_control")
        script.may_end.set()
        result = await task.handle.result()
    assert (result.outcome, phases_run(script)) == ("rolled_back", [0])
    assert "nobody resumed it in time" in result.detail


async def test_a_pause_that_was_ended_in_time_stops_nothing_though_its_card_came_late(temporal: Client) -> None:
    async with running(temporal, script := Late(), pause_seconds=6) as task:
        await canary_runs(task)
        await task.control("UADA", "pause")
        await task.asked("heed_control")
        script.may_end.set()
        await task.asked("show_run")
        pause = (await task.handle.query(TaskWorkflow.task_state)).pause
        assert pause is not None
        await task.control("UGRACE", "resume")
        await task.asked("heed_control", times=2)
        left = datetime.fromisoformat(pause.until) - datetime.now(UTC)
        await asyncio.sleep(max(0, left.total_seconds()) + 0.2)
        script.may_show.set()
        assert (await task.handle.result()).outcome == "completed"


async def test_a_cancelled_task_that_waits_for_its_approval_runs_nothing(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        cancel = Control(org="T1", task_id=task.handle.id, action="cancel", user="UADA", channel="COPS")
        await task.handle.signal(TaskWorkflow.control, cancel)
        await task.handle.signal(TaskWorkflow.control, sign(cancel, KEY))
        assert (await task.handle.result()).outcome == "cancelled"
    assert phases_run(task.script) == []
    assert [message.problem for message in task.script.of("refuse_control")] == ["forged"]


async def test_every_click_that_does_not_count_changes_nothing_and_says_why_to_who_clicked(temporal: Client) -> None:
    async with running(temporal, Held()) as task:
        script = await canary_runs(task)
        forged = await task.control("UADA", "cancel", org="T2")  # signed, but of another org
        await task.handle.signal(TaskWorkflow.control, replace(forged, org="T1"))  # its MAC is for another org
        await task.control("UMALLORY", "cancel")
        await task.control("UADA", "resume")
        await task.control("UADA", "cancel", revision=7)
        await task.control("UADA", "cancel", plan_digest="sha256:" + "9" * 64)
        twice = await task.control("UADA", "pause")
        await task.handle.signal(TaskWorkflow.control, twice)  # Slack delivers it again
        await task.control("UGRACE", "pause")
        await task.asked("refuse_control", times=7)
        await task.control("UGRACE", "resume")
        script.may_end.set()
        assert (await task.handle.result()).outcome == "completed"
    refused = [(message.user, message.problem) for message in script.of("refuse_control")]
    assert refused == [
        ("UADA", "wrong_task"),
        ("", "forged"),
        ("UMALLORY", "not_in_role"),
        ("UADA", "not_paused"),
        ("UADA", "stale_run"),
        ("UADA", "stale_run"),
        ("UGRACE", "paused_before"),
    ]
    assert script.of("refuse_control")[2].sentence == CONTROL_SENTENCES["not_in_role"]


async def test_who_asked_cannot_end_the_pause_of_somebody_else(temporal: Client) -> None:
    async with running(temporal, Held()) as task:
        script = await canary_runs(task)
        await task.control("UGRACE", "pause")
        await task.control("UADA", "resume")
        await task.asked("refuse_control")
        assert script.of("refuse_control")[0].problem == "not_in_role"
        script.may_end.set()
        await task.asked("show_run")
        assert phases_run(script) == [0]
        await task.control("UGRACE", "resume")
        await task.handle.result()


async def test_a_lent_role_stops_a_run_and_resumes_what_it_could_have_approved(
    temporal: Client,
) -> None:
    lent = {"UBOB": ["ULINUS"], "UEVE": ["UADA"], "UADA": ["ULINUS"]}
    roles = {"UGRACE": ["approver"], "ULINUS": ["approver"], "UADA": ["approver"]}
    async with running(temporal, Held(roles=roles, lent=lent)) as task:
        script = await canary_runs(task)
        await task.control("UEVE", "pause")
        await task.control("UADA", "resume")  # asked for the change
        await task.control("UBOB", "resume")
        await task.control("UGRACE", "pause")
        await task.control("UEVE", "resume")  # in the name of who asked for it
        await task.asked("refuse_control", times=2)
        await task.control("UBOB", "resume")
        await task.control("UEVE", "pause")
        await task.control("UEVE", "resume")  # their own pause
        await task.control("UBOB", "cancel")
        await task.asked("heed_control", times=7)
        script.may_end.set()
        result = await task.handle.result()
    assert (result.outcome, result.ended_by) == ("cancelled", "UBOB")
    heeded = [(message.control.user, message.control.action) for message in script.of("heed_control")]
    assert heeded == [
        ("UEVE", "pause"),
        ("UBOB", "resume"),
        ("UGRACE", "pause"),
        ("UBOB", "resume"),
        ("UEVE", "pause"),
        ("UEVE", "resume"),
        ("UBOB", "cancel"),
    ]
    refused = [(message.user, message.problem) for message in script.of("refuse_control")]
    assert refused == [("UADA", "not_in_role"), ("UEVE", "not_in_role")]


async def test_who_shaped_the_plan_does_not_end_the_pause_of_somebody_else(temporal: Client) -> None:
    async with running(temporal, Held()) as task:
        await task.edit("ULINUS", canary_size=2)
        await task.proposal(revision=2)
        script = await canary_runs(task)
        await task.control("UGRACE", "pause")
        await task.control("ULINUS", "resume")
        await task.asked("refuse_control")
        await task.control("UGRACE", "resume")
        script.may_end.set()
        assert (await task.handle.result()).outcome == "completed"
    assert [(each.user, each.problem) for each in script.of("refuse_control")] == [("ULINUS", "not_in_role")]


@pytest.mark.parametrize("role", ["operator", "approver", "admin"])
async def test_what_an_alert_started_is_cancelled_by_who_holds_a_role_and_by_no_viewer(
    temporal: Client, role: str
) -> None:
    script = Stuck(roles={"UBOB": [role], "UEVE": ["viewer"]}, lent={"UMALLORY": ["UEVE"]})
    async with running(temporal, script, source="alert") as task:
        await task.asked("investigate")
        for user in ("UEVE", "UMALLORY", "UNOBODY"):
            await task.cancel_task(user)
        await task.asked("refuse_control", times=3)
        await task.cancel_task("UBOB")
        result = await asyncio.wait_for(task.handle.result(), 20)
    assert (result.outcome, result.ended_by) == ("cancelled", "UBOB")
    assert {message.problem for message in script.of("refuse_control")} == {"not_in_role"}


async def test_a_role_is_read_when_the_click_is_weighed(temporal: Client) -> None:
    async with running(temporal, Held()) as task:
        script = await canary_runs(task)
        script.roles["UGRACE"] = []
        await task.control("UGRACE", "cancel")
        await task.asked("refuse_control")
        script.may_end.set()
        assert (await task.handle.result()).outcome == "completed"
    assert script.of("refuse_control")[0].problem == "not_in_role"


async def test_a_click_on_a_task_that_is_ending_is_answered(temporal: Client) -> None:
    @dataclass
    class SlowEnd(Script):
        may_end: asyncio.Event = field(default_factory=asyncio.Event)

        @activity.defn(name="conclude")
        async def conclude(self, message: m.ConcludeInput) -> bool:
            self.asked.append(("conclude", message))
            await self.may_end.wait()
            return True

    script = SlowEnd()
    async with running(temporal, script) as task:
        await task.decide("UGRACE")
        await task.asked("conclude")
        await task.control("UADA", "cancel")
        await task.asked("refuse_control")
        script.may_end.set()
        assert (await task.handle.result()).outcome == "completed"
    assert script.of("refuse_control")[0].problem == "over"
