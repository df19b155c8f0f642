"""What runs without a person's yes: exactly the phases that the policies named, and what stops it all the same."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from tests.unit.workflows.running import Running, running, says
from tests.unit.workflows.script import Script
from tools.contracts.common import Environment
from tools.contracts.verdict import Autonomy, AutonomyMode


def script(mode: AutonomyMode, phases: int, *, environment: Environment = "staging") -> Script:
    return Script(environment=environment, autonomy=Autonomy(mode=mode, unattended_phases=phases, blockers=[]))


def _run(task: Running) -> list[int]:
    return [message.index for message in task.script.of("run_phase")]


async def test_what_may_run_alone_runs_and_nobody_is_asked(temporal: Client) -> None:
    async with running(temporal, script("full_auto", 3)) as task:
        result = await task.handle.result()
    assert (result.outcome, result.approvers, result.waiver) == ("completed", [], "full_auto")
    assert "No approval was needed (full_auto)" in result.detail
    assert _run(task) == [0, 2]
    assert len(task.script.of("present")) == 1
    assert not task.script.of("accept_decision")


async def test_plan_only_shows_the_plan_and_ends(temporal: Client) -> None:
    async with running(temporal, script("plan_only", 0, environment="production")) as task:
        result = await task.handle.result()
    assert result.outcome == "plan_only"
    assert len(task.script.of("present")) == 1
    assert not task.script.of("run_phase")


async def test_the_canary_runs_alone_and_the_rest_is_asked_for(temporal: Client) -> None:
    async with running(temporal, script("canary_only", 2)) as task:
        first = (await task.proposal()).nonce
        assert _run(task) == [0]
        assert [message.rest for message in task.script.of("present")] == [False, True]
        assert task.script.of("present")[0].proposal.nonce != first
        await task.decide("UGRACE")
        result = await task.handle.result()
    assert (result.outcome, result.approvers) == ("completed", ["UGRACE"])
    assert _run(task) == [0, 2]


async def test_a_decision_made_before_the_canary_ran_decides_nothing_after_it(temporal: Client) -> None:
    """The nonce of the card that had no buttons is not that of the one that has."""
    async with running(temporal, script("canary_only", 2)) as task:
        await task.proposal()
        early = task.script.of("present")[0].proposal.nonce
        await task.decide("UGRACE", nonce=early)
        assert await task.refused(1) == ["wrong_nonce"]
        await task.decide("UGRACE", "reject")
        await task.handle.result()
    assert _run(task) == [0]


async def test_a_canary_whose_rest_nobody_wants_is_put_back(temporal: Client) -> None:
    async with running(temporal, script("canary_only", 2)) as task:
        await task.decide("UGRACE", "reject", reason="not today")
        result = await task.handle.result()
    assert result.outcome == "rolled_back"
    assert "not today" in result.detail
    assert task.script.of("roll_back")[0].touched == ["web-1"]
    assert _run(task) == [0]


async def test_a_canary_whose_rest_nobody_decides_on_is_put_back(temporal: Client) -> None:
    async with running(temporal, script("canary_only", 2), approval_seconds=1) as task:
        result = await task.handle.result()
    assert result.outcome == "rolled_back"
    assert task.script.of("roll_back")[0].touched == ["web-1"]
    assert task.script.of("conclude")[0].state.proposal.open


async def test_a_canary_whose_task_is_cancelled_is_put_back(temporal: Client) -> None:
    async with running(temporal, script("canary_only", 2)) as task:
        await task.proposal()
        await task.control("UADA", "cancel")
        result = await task.handle.result()
    assert (result.outcome, result.ended_by) == ("cancelled", "UADA")
    assert task.script.of("roll_back")[0].touched == ["web-1"]


async def test_a_reply_to_the_rest_is_told_to_a_step_that_knows_the_canary_ran(temporal: Client) -> None:
    async with running(temporal, script("canary_only", 2)) as task:
        await task.proposal()
        await says(task, "only eu-west-1", unique="5.0")
        await task.asked("follow_up")
        assert [message.fixed for message in task.script.of("follow_up")] == ["already_running"]
        await task.decide("UGRACE")
        result = await task.handle.result()
    assert (result.outcome, result.approvers, _run(task)) == ("completed", ["UGRACE"], [0, 2])


async def test_a_refinement_after_the_canary_is_no_approval_of_the_rest(temporal: Client) -> None:
    """Whatever the step that reads replies makes of it: nobody approved, so the rest does not run."""
    misreading = script("canary_only", 2)
    misreading.reshapes_always = True
    async with running(temporal, misreading) as task:
        await task.proposal()
        await says(task, "only eu-west-1", unique="5.0")
        result = await task.handle.result()
    assert (result.outcome, result.approvers) == ("rolled_back", [])
    assert "the rest was not approved" in result.detail
    assert _run(task) == [0]
    undone = task.script.of("roll_back")[0]
    assert (undone.touched, undone.proposal.revision) == (["web-1"], 1)
    assert task.script.of("supersede") == []
    concluded = task.script.of("conclude")[0].state
    assert [phase.state for phase in concluded.phases] == ["rolled_back", "done", "skipped"]


async def test_a_canary_that_fails_asks_for_nothing_more(temporal: Client) -> None:
    failing = script("canary_only", 2)
    failing.failing_phase = 0
    async with running(temporal, failing) as task:
        result = await task.handle.result()
    assert result.outcome == "rolled_back"
    assert len(task.script.of("present")) == 1


UNSAID = [
    pytest.param(Script(environment="staging"), id="nothing was said"),
    pytest.param(script("approve_all", 0), id="approve_all"),
    pytest.param(script("full_auto", 3, environment="production"), id="production, whatever a report says"),
]


@pytest.mark.parametrize("unsaid", UNSAID)
async def test_in_doubt_people_are_asked(unsaid: Script, temporal: Client) -> None:
    async with running(temporal, unsaid, approval_seconds=1) as task:
        await task.proposal()
        result = await task.handle.result()
    assert result.outcome == "expired"
    assert not task.script.of("run_phase")
