from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field, replace

from temporalio import activity
from temporalio.client import Client

from bot.workflows.answers import ANSWER_SENTENCES
from bot.workflows.messages import AcceptedDecision, Answer
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import decision_on, running
from tests.unit.workflows.script import Script
from tools.contracts.signing import sign


async def test_a_plan_runs_phase_by_phase_after_another_person_approved_it(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.decide("UGRACE")
        result = await task.handle.result()
    assert (result.outcome, result.approvers, result.phases_run) == ("completed", ["UGRACE"], 3)
    assert [message.index for message in task.script.of("run_phase")] == [0, 2]


async def test_the_askers_own_approval_is_refused_and_only_they_are_told(temporal: Client) -> None:
    async with running(temporal, Script(roles={"UADA": ["approver"]})) as task:
        await task.decide("UADA")
        assert await task.refused(1) == ["self_approval"]
        assert task.script.of("refuse_decision")[0].user == "UADA"
        assert task.script.of("run_phase") == []


async def test_a_signal_with_everything_right_but_the_mac_is_refused(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        raw = decision_on(await task.proposal(), "UGRACE", "approve")
        await task.handle.signal(TaskWorkflow.decide, raw)
        await task.handle.signal(TaskWorkflow.decide, sign(raw, b"another key"))
        assert await task.refused(2) == ["forged", "forged"]
        assert task.script.of("run_phase") == []


async def test_a_signed_decision_that_names_something_else_is_refused(temporal: Client) -> None:
    changes: list[tuple[dict[str, str | int], str]] = [
        ({"org": "T2"}, "wrong_task"),
        ({"task_id": "T1.other"}, "wrong_task"),
        ({"revision": 7}, "stale_revision"),
        ({"plan_digest": "sha256:other"}, "wrong_plan"),
        ({"policy_digest": "sha256:other"}, "wrong_policy"),
        ({"target": "staging/other"}, "wrong_target"),
        ({"nonce": "other"}, "wrong_nonce"),
        ({"expires_at": "2099-01-01T00:00:00+00:00"}, "late"),
        ({"issued_at": "2099-01-01T00:00:00+00:00"}, "late"),
    ]
    async with running(temporal, Script()) as task:
        for change, _ in changes:
            await task.decide("UGRACE", "approve", **change)
        assert await task.refused(len(changes)) == [problem for _, problem in changes]
        assert task.script.of("run_phase") == []


async def test_someone_without_a_deciding_role_is_refused(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.decide("UMALLORY")
        assert await task.refused(1) == ["not_in_role"]


async def test_two_approvals_of_one_person_are_one_vote(temporal: Client) -> None:
    async with running(temporal, Script(quorum=2)) as task:
        await task.decide("UGRACE")
        await task.decide("UGRACE")
        assert await task.refused(1) == ["already_decided"]
        assert task.script.of("run_phase") == []
        await task.decide("ULINUS")
        assert (await task.handle.result()).approvers == ["UGRACE", "ULINUS"]


async def test_a_rejection_by_an_approver_ends_it(temporal: Client) -> None:
    async with running(temporal, Script(quorum=2)) as task:
        await task.decide("UGRACE", "reject")
        assert (await task.handle.result()).outcome == "rejected"
    assert task.script.of("run_phase") == []


async def test_nobody_decides_and_nothing_runs(temporal: Client) -> None:
    async with running(temporal, Script(), approval_seconds=1) as task:
        assert (await task.handle.result()).outcome == "expired"
    assert task.script.of("run_phase") == []


async def test_a_refused_plan_goes_back_with_its_reasons_a_bounded_number_of_times(temporal: Client) -> None:
    async with running(temporal, Script(refuse_revisions=1)) as task:
        assert (await task.proposal()).revision == 2
        assert task.script.of("investigate")[1].refusals[0].rule == "plan.batch_too_large"
    async with running(temporal, Script(refuse_revisions=9)) as task:
        result = await task.handle.result()
    assert (result.outcome, len(task.script.of("investigate"))) == ("refused", 3)
    assert "batch 50% exceeds the 20% limit" in result.detail
    assert task.script.of("present") == []


@dataclass
class SlowToAccept(Script):
    """Time for another click between the one that decides and the run."""

    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn(name="accept_decision")
    async def accept_decision(self, message: AcceptedDecision) -> bool:
        self.asked.append(("accept_decision", message))
        await self.may_go_on.wait()
        return True


async def test_who_clicks_in_the_same_second_hears_before_the_run_that_it_was_decided(temporal: Client) -> None:
    script = SlowToAccept()
    async with running(temporal, script) as task:
        proposal = await task.proposal()
        await task.decide("UGRACE")
        await task.asked("accept_decision")
        await task.handle.signal(TaskWorkflow.decide, sign(decision_on(proposal, "ULINUS", "reject"), KEY))
        wait = Answer(org="T1", task_id=task.handle.id, question_id="", user="UADA", text="wait!", unique="9.0")
        await task.handle.signal(TaskWorkflow.answer, sign(wait, KEY))
        script.may_go_on.set()
        assert (await task.handle.result()).approvers == ["UGRACE"]
    assert [(message.user, message.problem) for message in script.of("refuse_decision")] == [
        ("ULINUS", "already_settled")
    ]
    assert [message.sentence for message in script.of("tell")] == [ANSWER_SENTENCES["not_asking"]]
    steps = [name for name, _ in script.asked]
    assert steps.index("refuse_decision") < steps.index("tell") < steps.index("run_phase")


async def test_a_failed_phase_rolls_back_and_stops(temporal: Client) -> None:
    async with running(temporal, Script(failing_phase=0)) as task:
        await task.decide("UGRACE")
        result = await task.handle.result()
    assert result.outcome == "rolled_back"
    assert [message.index for message in task.script.of("run_phase")] == [0]
    assert task.script.of("roll_back")[0].touched == ["web-1"]


async def test_only_the_asker_answers_the_question(temporal: Client) -> None:
    async with running(temporal, Script(questions=1)) as task:
        await task.asked("understand")
        mine = Answer(org="T1", task_id=task.handle.id, question_id="q0", user="UADA", text="production")
        await task.handle.signal(TaskWorkflow.answer, mine)
        await task.handle.signal(TaskWorkflow.answer, sign(replace(mine, user="UMALLORY", text="staging"), KEY))
        await task.handle.signal(TaskWorkflow.answer, sign(mine, KEY))
        await task.proposal()
        assert [exchange.answer for exchange in task.script.of("understand")[1].exchanges] == ["production"]


async def test_a_request_that_nobody_signed_is_not_worked_on(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        history = await task.handle.fetch_history()
        assert history.events
        request = (await task.handle.query(TaskWorkflow.task_state)).request
        forged = replace(request, task_id="T1.forged", user="USOMEONE")
        handle = await temporal.start_workflow(
            TaskWorkflow.run, forged, id=f"forged-{uuid.uuid4()}", task_queue=task.handle.id
        )
        assert (await handle.result()).outcome == "refused"


async def test_why_a_step_failed_is_told_and_temporal_stores_no_word_of_it(temporal: Client) -> None:
    async with running(temporal, Script(refused_by_slack="#ops of web-prod-euw1-07 is archived")) as task:
        result = await task.handle.result()
        history = await task.handle.fetch_history()
    assert (result.outcome, result.detail) == ("failed", "SlackRefused: #ops of web-prod-euw1-07 is archived")
    assert "web-prod-euw1-07" not in history.to_json()
