"""An edit while a plan waits: another revision through every step, earlier votes void, never by its editor's yes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from temporalio.client import Client

from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import edit_of, running
from tests.unit.workflows.script import Script
from tools.contracts.signing import sign


async def test_an_edit_is_another_revision_through_every_gate_and_voids_the_votes_on_the_old_one(
    temporal: Client,
) -> None:
    async with running(temporal, Script(quorum=2)) as task:
        first = await task.proposal()
        await task.decide("UGRACE")
        await task.edit("ULINUS", max_batch_percent=10.0, wait_seconds=600, without=["web-2"])
        second = await task.proposal(revision=2)
        assert (second.revision, second.approvals, second.decided, second.shapers) == (2, [], [], ["ULINUS"])
        assert second.nonce != first.nonce
        assert [message.revision for message in task.script.of("judge")] == [1, 2]
        asked = task.script.of("investigate")[1].spec
        assert (asked.constraints.max_batch_percent, asked.constraints.wait_seconds) == (10.0, 600)
        assert (asked.constraints.canary_size, asked.context.asset_ids) == (None, ["web-1"])
        (void,) = task.script.of("supersede")
        assert (void.proposal.approvals, void.by_revision, void.user) == (["UGRACE"], 2, "ULINUS")
        await task.decide("ULINUS")
        assert await task.refused(1) == ["shaped_it"]
        assert task.script.of("run_phase") == []


async def test_an_approval_before_an_edit_does_not_count_for_the_edited_plan_and_nobody_edits_to_approve(
    temporal: Client,
) -> None:
    async with running(temporal, Script()) as task:
        old = await task.proposal()
        await task.edit("UGRACE", canary_size=2)
        await task.proposal(revision=2)
        stale = sign(replace(edit_of(old, "ULINUS"), canary_size=1), KEY)
        await task.handle.signal(TaskWorkflow.edit, stale)
        assert await task.refused(1) == ["stale_revision"]
        await task.decide("UGRACE")
        assert (await task.refused(2))[-1] == "shaped_it"
        await task.decide("ULINUS")
        assert (await task.handle.result()).approvers == ["ULINUS"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"revision": 7}, "stale_revision"),
        ({"plan_digest": "sha256:" + "1" * 64}, "wrong_plan"),
        ({"policy_digest": "sha256:" + "1" * 64}, "wrong_policy"),
        ({"target": "production/sha256:" + "1" * 64}, "wrong_target"),
        ({"nonce": "another"}, "wrong_nonce"),
        ({"expires_at": "2099-01-01T00:00:00+00:00"}, "late"),
        ({"task_id": "T1.other"}, "wrong_task"),
        ({"org": "T2"}, "wrong_task"),
    ],
)
async def test_an_edit_of_anything_but_the_plan_on_offer_is_refused_and_told_to_its_sender_only(
    temporal: Client, changes: dict[str, str | int], problem: str
) -> None:
    async with running(temporal, Script()) as task:
        edit = sign(replace(edit_of(await task.proposal(), "UGRACE"), canary_size=2, **changes), KEY)
        await task.handle.signal(TaskWorkflow.edit, edit)
        assert await task.refused(1) == [problem]
        assert task.script.of("refuse_decision")[0].user == "UGRACE"
        assert task.script.of("edit_plan") == task.script.of("supersede") == []


async def test_a_forged_edit_changes_nothing_and_nobody_is_told(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        raw = replace(edit_of(await task.proposal(), "UGRACE"), canary_size=2)
        for forged in (raw, replace(sign(raw, KEY), canary_size=1), sign(raw, b"another key"), sign(raw, b"")):
            await task.handle.signal(TaskWorkflow.edit, forged)
        assert await task.refused(4) == ["forged"] * 4
        assert {message.user for message in task.script.of("refuse_decision")} == {""}
        assert task.script.of("edit_plan") == []


async def test_an_edit_that_slack_delivers_twice_is_one(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        edit = await task.edit("UGRACE", canary_size=2)
        await task.handle.signal(TaskWorkflow.edit, edit)
        await task.proposal(revision=2)
        await task.decide("ULINUS")
        assert (await task.handle.result()).revision == 2
        assert len(task.script.of("edit_plan")) == 1
        assert task.script.of("refuse_decision") == []


async def test_a_task_is_edited_as_often_as_it_may_be_refined_and_no_more(temporal: Client) -> None:
    async with running(temporal, Script(), refinements=1) as task:
        await task.edit("UGRACE", canary_size=2)
        await task.proposal(revision=2)
        await task.edit("UGRACE", canary_size=1)
        await task.asked("edit_plan", times=2)
        assert [message.fixed for message in task.script.of("edit_plan")] == ["", "no_more_changes"]
        await task.decide("ULINUS")
        assert (await task.handle.result()).revision == 2


async def test_an_edit_that_comes_after_the_decision_is_told_so(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        proposal = await task.proposal()
        await task.decide("UGRACE")
        await task.handle.signal(TaskWorkflow.edit, sign(replace(edit_of(proposal, "UGRACE"), canary_size=2), KEY))
        assert (await task.handle.result()).outcome == "completed"
        assert task.script.of("edit_plan") == []
        assert await task.refused(1) == ["already_settled"]


async def test_of_an_edit_and_approvals_at_once_either_the_old_plan_runs_as_approved_or_nothing_of_it(
    temporal: Client,
) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        await asyncio.gather(task.edit("ULINUS", canary_size=2), *(task.decide("UGRACE") for _ in range(10)))
        for _ in range(400):
            if task.script.of("accept_decision") or task.script.of("supersede"):
                break
            await asyncio.sleep(0.05)
        state = await task.state()
        assert state is not None
        if task.script.of("supersede"):
            assert task.script.of("run_phase") == []
            await task.proposal(revision=2)
            await task.decide("UGRACE")
        result = await task.handle.result()
        revisions = {message.proposal.revision for message in task.script.of("run_phase")}
        assert revisions == {result.revision}
