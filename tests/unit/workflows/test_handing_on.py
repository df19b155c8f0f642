"""A task that has become long goes on as another run of itself, and nobody notices. On a real Temporal server."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from temporalio.client import Client
from temporalio.worker import Replayer

from bot.workflows import messages as m
from bot.workflows.client import data_converter
from bot.workflows.task import TaskWorkflow
from tests.replay.scenes import alone
from tests.strict import STRICT
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, decision_on, incompressible, make_it_long, noise, running, worker_of
from tests.unit.workflows.script import Script
from tools.contracts.control import Control
from tools.contracts.signing import sign


async def result_of(task: Running) -> m.TaskResult:
    return await asyncio.wait_for(task.handle.result(), 60)


def ran(script: Script) -> list[int]:
    return [message.index for message in script.of("run_phase")]


async def replays(task: Running, run_id: str | None) -> str | None:
    """Whether that run goes the same way again; the run before it, None: it is the first."""
    assert run_id is not None
    assert task.temporal is not None
    handle = task.temporal.get_workflow_handle(task.handle.id, run_id=run_id)
    history = await handle.fetch_history()
    replayer = Replayer(workflows=[TaskWorkflow], data_converter=data_converter(KEY), workflow_runner=STRICT)
    assert (await replayer.replay_workflow(history)).replay_failure is None
    begun = history.events[0].workflow_execution_started_event_attributes
    return begun.continued_execution_run_id or None


async def test_a_plan_that_waits_keeps_its_votes_its_nonce_and_its_deadline(temporal: Client) -> None:
    script = Script(quorum=2)
    async with running(temporal, script, approval_seconds=300) as task:
        await task.decide("UGRACE", revision=9)
        await task.decide("UGRACE")
        await task.asked("accept_decision")
        before = await task.proposal()
        await make_it_long(task)
        after = await task.proposal()
        assert replace(after, reminders=[], nudged_at="") == before
        assert after.approvals == ["UGRACE"]
        # On the card as it was before: its nonce counts on, once for each person.
        for user in ("UGRACE", "UMALLORY", "ULINUS"):
            await task.handle.signal(TaskWorkflow.decide, sign(decision_on(before, user, "approve"), KEY))
        result = await result_of(task)
        last = (await task.handle.describe()).run_id
        first = await replays(task, last)
        assert await replays(task, first) is None
    assert (result.outcome, result.approvers) == ("completed", ["UGRACE", "ULINUS"])
    assert [len(script.of(step)) for step in ("understand", "investigate", "present", "conclude")] == [1, 1, 1, 1]
    assert ran(script) == [0, 2]
    refused = [(message.problem, message.key) for message in script.of("refuse_decision")]
    assert refused == [
        ("stale_revision", "decision-refused:1"),
        ("already_decided", "decision-refused:2"),
        ("not_in_role", "decision-refused:3"),
    ]


async def test_what_came_meanwhile_is_weighed_by_the_next_run(temporal: Client) -> None:
    script, another = Script(quorum=2), Script(quorum=2)
    async with running(temporal, script, approval_seconds=300) as task:
        proposal = await task.proposal()
        run_id = (await task.handle.describe()).run_id
    # No worker is there: all of it comes in one go, and the run is long before the first of it is weighed.
    for _ in range(7):
        # No signal of a task's: it is in the history, and nowhere else.
        await task.handle.signal("noise", incompressible(1_000_000))
    for user in ("UMALLORY", "UGRACE", "ULINUS"):
        await task.handle.signal(TaskWorkflow.decide, sign(decision_on(proposal, user, "approve"), KEY))
    async with worker_of(temporal, another, queue=task.handle.id):
        result = await result_of(task)
        assert (await task.handle.describe()).run_id != run_id
    assert (result.outcome, result.approvers) == ("completed", ["UGRACE", "ULINUS"])
    assert [message.problem for message in another.of("refuse_decision")] == ["not_in_role"]
    assert ran(another) == [0, 2]


async def test_a_cancellation_that_came_meanwhile_counts_in_the_next_run(temporal: Client) -> None:
    script, another = Script(), Script()
    async with running(temporal, script, approval_seconds=300) as task:
        proposal = await task.proposal()
        run_id = (await task.handle.describe()).run_id
    for _ in range(7):
        await task.handle.signal("noise", incompressible(1_000_000))
    for user in ("UMALLORY", "UADA"):
        control = Control(
            org="T1",
            task_id=task.handle.id,
            action="cancel",
            user=user,
            channel="COPS",
            revision=proposal.revision,
            plan_digest=proposal.plan.digest,
            unique=str(uuid.uuid4()),
            issued_at=datetime.now(UTC).isoformat(),
        )
        await task.handle.signal(TaskWorkflow.control, sign(control, KEY))
    async with worker_of(temporal, another, queue=task.handle.id):
        result = await result_of(task)
        assert (await task.handle.describe()).run_id != run_id
    assert (result.outcome, result.ended_by) == ("cancelled", "UADA")
    assert [(message.user, message.problem) for message in another.of("refuse_control")] == [
        ("UMALLORY", "not_in_role")
    ]
    assert ran(another) == []


async def test_what_waits_and_is_too_large_to_be_handed_on_is_weighed_first(temporal: Client) -> None:
    script, another = Script(), Script()
    async with running(temporal, script, approval_seconds=300) as task:
        proposal = await task.proposal()
    for _ in range(6):
        await task.handle.signal(TaskWorkflow.answer, noise(task, 1_000_000))
    await task.handle.signal(TaskWorkflow.decide, sign(decision_on(proposal, "UGRACE", "approve"), KEY))
    async with worker_of(temporal, another, queue=task.handle.id):
        assert (await result_of(task)).approvers == ["UGRACE"]
    assert ran(another) == [0, 2]


async def test_a_question_waits_on_for_as_long_as_it_would_have(temporal: Client) -> None:
    async with running(temporal, Script(questions=1), approval_seconds=300) as task:
        await task.asked("understand")
        await make_it_long(task)
        state = await task.state()
        assert state is not None
        until = datetime.fromisoformat(state.exchanges[0].until)
        received = datetime.fromisoformat(state.request.received_at)
        assert state.status == "asking"
        assert (until - received).total_seconds() == pytest.approx(state.request.limits.question_seconds, abs=60)
        assert len(task.script.of("understand")) == 1
        answer = m.Answer("T1", task.handle.id, "q0", "UADA", "production")
        await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))
        await task.decide("UGRACE", "reject")
        assert (await result_of(task)).outcome == "rejected"
    assert [exchange.answer for exchange in task.script.of("understand")[1].exchanges] == ["production"]


async def test_a_pause_of_the_plan_ends_when_it_would_have_and_no_phase_runs_twice(temporal: Client) -> None:
    async with running(temporal, Script(wait_seconds=20)) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        await make_it_long(task)
        result = await result_of(task)
    assert (result.outcome, result.detail) == ("completed", "All 3 phases are done; 2 assets changed.")
    assert ran(task.script) == [0, 2]
    assert len(task.script.of("accept_decision")) == 1


async def test_a_run_that_is_paused_stays_so_and_its_clicks_are_known_again(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        pause = await task.control("UADA", "pause")
        await task.asked("show_run")
        await make_it_long(task)
        await task.handle.signal(TaskWorkflow.control, pause)  # Slack delivers it again
        state = await task.state()
        assert state is not None
        assert state.pause is not None
        await task.control("UGRACE", "resume")
        assert (await result_of(task)).outcome == "completed"
    assert ran(task.script) == [0, 2]
    assert [message.key for message in task.script.of("heed_control")] == ["control:1", "control:3"]


async def test_what_is_put_back_is_all_that_ran_before_and_after(temporal: Client) -> None:
    async with running(temporal, Script(wait_seconds=20, failing_phase=2)) as task:
        await task.decide("UGRACE")
        await task.asked("run_phase")
        await make_it_long(task)
        assert (await result_of(task)).outcome == "rolled_back"
    assert [message.touched for message in task.script.of("roll_back")] == [["web-1", "web-2"]]


async def test_the_rest_of_a_plan_whose_canary_ran_alone_waits_on(temporal: Client) -> None:
    async with running(temporal, alone("canary_only", 2), approval_seconds=300) as task:
        before = await task.proposal()
        await make_it_long(task)
        assert replace(await task.proposal(), reminders=[], nudged_at="") == before
        await task.handle.signal(TaskWorkflow.decide, sign(decision_on(before, "UGRACE", "approve"), KEY))
        assert (await result_of(task)).outcome == "completed"
    assert ran(task.script) == [0, 2]
    assert len(task.script.of("present")) == 2


async def test_nobody_is_reminded_twice_of_the_same(temporal: Client) -> None:
    async with running(temporal, Script(), approval_seconds=300, remind_percent=[1], remind_seconds_before=[]) as task:
        await task.asked("remind")
        await make_it_long(task)
        await task.decide("UGRACE")
        assert (await result_of(task)).outcome == "completed"
    assert len(task.script.of("remind")) == 1


async def test_who_claims_to_go_on_from_another_run_begins_at_the_beginning(temporal: Client) -> None:
    """Only Temporal says that a run goes on from another."""
    async with running(temporal, Script()) as task:
        await task.proposal()
        state = await task.state()
        assert state is not None
        name = f"T1.{uuid.uuid4()}"
        request = sign(replace(state.request, task_id=name, mac=""), KEY)
        claimed = replace(state, request=request, approved=True)
        await temporal.start_workflow(
            TaskWorkflow.run, m.Carried(claimed, str(uuid.uuid4())), id=name, task_queue=task.handle.id
        )
        other = replace(task, handle=temporal.get_workflow_handle_for(TaskWorkflow.run, name))
        await other.decide("UGRACE", "reject")
        assert (await result_of(other)).outcome == "rejected"
    assert ran(task.script) == []
    assert len(task.script.of("understand")) == 2
