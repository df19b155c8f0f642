"""What a plan may still become is said by the workflow, and held by the steps that read replies and forms as well."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Literal

import pytest
from temporalio.testing import ActivityEnvironment

from bot.local.stage import Said
from bot.workflows import messages as m
from bot.workflows.activities.editing import Editing
from bot.workflows.activities.following_up import FollowingUp
from bot.workflows.follow_ups import FOLLOW_UP_SENTENCES
from tests.unit.workflows.running import edit_of
from tests.unit.workflows.script import GATES, council, spec_for
from tests.whole.gated import Works, open_works
from tests.whole.rollout import ADA, Task, prepared
from tools.contracts.verdict import ApprovalRequirement, GateReport, GateResult

Reason = Literal["already_running", "no_more_changes"]
FIXED: list[Reason] = ["already_running", "no_more_changes"]


@pytest.fixture(scope="module")
async def works(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Works]:
    async with open_works(tmp_path_factory.mktemp("works")) as opened:
        yield opened


def proposal_of(task: Task) -> m.Proposal:
    plan = task.script.plan(task.request, 1)
    results = [GateResult(gate=gate, passed=True, refusals=[], engine="script", duration_ms=0) for gate in GATES]
    requirement = ApprovalRequirement(roles=["approver"], quorum=1, expires_in_seconds=60)
    report = GateReport(
        plan_digest=plan.digest, policy_digest=task.script.policy_digest, results=results, requirement=requirement
    )
    return m.Proposal(
        revision=1,
        plan=plan,
        report=report,
        requirement=requirement,
        council=council(),
        nonce="n" * 32,
        expires_at="2099-01-01T00:00:00+00:00",
    )


def thread_of(task: Task) -> str:
    return str(task.request.thread_ts)


async def whispered(task: Task) -> str:
    """What only the one who asked for the change hears, last."""
    messages = await task.works.stage.thread(Said(task.request.channel, thread_of(task)), "ada")
    return [str(message["text"]) for message in messages if message["ephemeral"]][-1]


@pytest.mark.parametrize("fixed", FIXED)
async def test_an_edit_of_a_plan_that_is_fixed_changes_nothing(works: Works, fixed: Reason) -> None:
    async with prepared(works) as task:
        proposal = proposal_of(task)
        edit = m.EditInput(
            request=task.request,
            thread_ts=thread_of(task),
            spec=spec_for(task.request),
            proposal=proposal,
            edit=replace(edit_of(proposal, ADA), wait_seconds=600),
            fixed=fixed,
        )
        heard = await ActivityEnvironment().run(Editing(task.bench).edit_plan, edit)
        assert (heard.kind, heard.spec) == ("turned_away", None)
        assert await whispered(task) == FOLLOW_UP_SENTENCES[fixed]
        assert [body["outcome"] for body in await task.ledger("plan_edited")] == [fixed]


@pytest.mark.parametrize("fixed", FIXED)
async def test_a_reply_to_a_plan_that_is_fixed_changes_nothing(works: Works, fixed: Reason) -> None:
    async with prepared(works) as task:
        reply = m.FollowUpInput(
            request=task.request,
            thread_ts=thread_of(task),
            spec=spec_for(task.request),
            proposal=proposal_of(task),
            answer=m.Answer(
                org=task.request.org,
                task_id=task.request.task_id,
                question_id="",
                user=ADA,
                text="only eu-west-1",
                unique="9.000100",
            ),
            fixed=fixed,
        )
        heard = await ActivityEnvironment().run(FollowingUp(task.bench).follow_up, reply)
        assert (heard.kind, heard.spec) == ("turned_away", None)
        assert await whispered(task) == FOLLOW_UP_SENTENCES[fixed]
