"""Replies while a plan waits: a refinement is another revision, and everything decided before it is void."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from bot.workflows.activities.elsewhere import is_vouched_for
from bot.workflows.answers import ANSWER_SENTENCES
from bot.workflows.approval import MOST_ELSEWHERE
from bot.workflows.follow_ups import FOLLOW_UP_SENTENCES
from bot.workflows.messages import Answer, Elsewhere, ElsewhereInput, TaskLimits, TaskRequest
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, decision_on, running, says
from tests.unit.workflows.script import Script, spec_for
from tools.contracts.signing import sign


async def test_a_refinement_is_another_revision_through_every_step_and_voids_the_votes_on_the_old_one(
    temporal: Client,
) -> None:
    async with running(temporal, Script(quorum=2)) as task:
        first = await task.proposal()
        await task.decide("UGRACE")
        await says(task, "only eu-west-1", unique="5.0")
        second = await task.proposal(revision=2)
        assert (second.revision, second.approvals, second.decided) == (2, [], [])
        assert second.nonce != first.nonce
        assert [message.revision for message in task.script.of("judge")] == [1, 2]
        investigated = task.script.of("investigate")[1]
        assert (investigated.spec.context.regions, investigated.refusals) == (["eu-west-1"], [])
        void = task.script.of("supersede")[0]
        assert (void.proposal.approvals, void.by_revision, void.user) == (["UGRACE"], 2, "UADA")
        await task.decide("ULINUS")
        await task.decide("UGRACE")
        result = await task.handle.result()
    assert (result.outcome, result.revision, result.approvers) == ("completed", 2, ["ULINUS", "UGRACE"])


async def test_a_click_on_the_old_card_is_refused_and_told_to_who_clicked(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        old = decision_on(await task.proposal(), "UGRACE", "approve")
        await says(task, "only eu-west-1", unique="5.0")
        await task.proposal(revision=2)
        await task.handle.signal(TaskWorkflow.decide, sign(old, KEY))
        assert await task.refused(1) == ["stale_revision"]
        assert task.script.of("refuse_decision")[0].user == "UGRACE"
        assert task.script.of("run_phase") == []


async def test_a_click_that_comes_right_behind_the_refinement_does_not_run_the_old_plan(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        old = decision_on(await task.proposal(), "UGRACE", "approve")
        await says(task, "only eu-west-1", unique="5.0")
        await task.handle.signal(TaskWorkflow.decide, sign(old, KEY))
        assert await task.refused(1) == ["stale_revision"]
        assert task.script.of("run_phase") == []


async def test_who_changed_the_plan_does_not_approve_it(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        await says(task, "only eu-west-1", unique="5.0", user="UGRACE")
        assert (await task.proposal(revision=2)).shapers == ["UGRACE"]
        await task.decide("UGRACE")
        assert await task.refused(1) == ["shaped_it"]
        assert task.script.of("run_phase") == []
        await task.decide("ULINUS")
        assert (await task.handle.result()).approvers == ["ULINUS"]


async def test_a_question_about_the_plan_changes_nothing_and_the_plan_can_still_be_approved(temporal: Client) -> None:
    async with running(temporal, Script(quorum=2)) as task:
        await task.proposal()
        await task.decide("UGRACE")
        await says(task, "why web-14?", unique="5.0", user="UMALLORY")
        await task.asked("follow_up")
        proposal = await task.proposal()
        assert (proposal.revision, proposal.approvals) == (1, ["UGRACE"])
        assert len(task.script.of("investigate")) == 1
        assert task.script.of("supersede") == []
        await task.decide("ULINUS")
        assert (await task.handle.result()).outcome == "completed"


async def test_the_plan_outlives_a_reply_that_nobody_could_read(temporal: Client) -> None:
    async with running(temporal, Script(unreadable=True)) as task:
        await task.proposal()
        await says(task, "only eu-west-1", unique="5.0")
        await task.asked("tell")
        assert task.script.of("tell")[0].sentence == FOLLOW_UP_SENTENCES["not_read"]
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"


async def test_replies_are_read_a_bounded_number_of_times(temporal: Client) -> None:
    async with running(temporal, Script(), follow_ups=2) as task:
        await task.proposal()
        for number in range(4):
            await says(task, "why?", unique=f"{5 + number}.0")
        await task.decide("UMALLORY")
        await task.refused(1)
    assert len(task.script.of("follow_up")) == 2
    assert [message.sentence for message in task.script.of("tell")] == [FOLLOW_UP_SENTENCES["no_more_replies"]] * 2


async def test_a_plan_is_refined_a_bounded_number_of_times(temporal: Client) -> None:
    async with running(temporal, Script(), refinements=1) as task:
        await task.proposal()
        await says(task, "only eu-west-1", unique="5.0")
        await task.proposal(revision=2)
        await says(task, "only eu-west-2", unique="6.0")
        await task.decide("UMALLORY")
        await task.refused(1)
        assert (await task.proposal()).revision == 2
    assert [message.fixed for message in task.script.of("follow_up")] == ["", "no_more_changes"]


async def test_a_reply_that_is_delivered_again_refines_once(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        for _ in range(3):
            await says(task, "only eu-west-1", unique="5.0")
        await task.proposal(revision=2)
        await task.decide("UMALLORY")
        await task.refused(1)
        assert (await task.proposal()).revision == 2
    assert len(task.script.of("follow_up")) == 1


def clicks(task: Running, choice: str, *, user: str, unique: str) -> Answer:
    """On the card that asks whether another environment is to be a task of its own."""
    return sign(Answer("T1", task.handle.id, question_id="e5.0", user=user, text=choice, unique=unique), KEY)


async def test_another_environment_is_a_task_of_its_own_where_the_writer_wants_one_and_the_plan_waits_as_it_was(
    temporal: Client,
) -> None:
    async with running(temporal, Script()) as task:
        before = await task.proposal()
        await says(task, "also staging", unique="5.0")
        await task.asked("follow_up")
        await task.handle.signal(TaskWorkflow.answer, clicks(task, "new", user="UGRACE", unique="7.0"))
        await task.asked("tell")
        assert task.script.of("tell")[0].sentence == ANSWER_SENTENCES["not_the_writer"]
        assert task.script.of("settle_elsewhere") == []
        await task.handle.signal(TaskWorkflow.answer, clicks(task, "new", user="UADA", unique="8.0"))
        await task.asked("settle_elsewhere")
        settled = task.script.of("settle_elsewhere")[0]
        assert (settled.elsewhere.environment, settled.elsewhere.reply.text, settled.click.user) == (
            "staging",
            "also staging",
            "UADA",
        )
        await task.handle.signal(TaskWorkflow.answer, clicks(task, "new", user="UADA", unique="9.0"))
        assert await task.refused(1) == ["question_closed"]
        child = temporal.get_workflow_handle_for(TaskWorkflow.run, f"{task.handle.id}-e")
        assert (await child.describe()).parent_id == task.handle.id
        after = await task.proposal()
        assert (after.revision, after.nonce, len(task.script.of("supersede"))) == (1, before.nonce, 0)
        await child.terminate()
        await task.decide("UGRACE")
        result = await task.handle.result()
    assert (result.outcome, result.approvers) == ("completed", ["UGRACE"])


async def test_only_the_newest_questions_about_other_environments_stay_open(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        for number in range(MOST_ELSEWHERE + 1):
            await says(task, "also staging", unique=f"{5 + number}.0")
        await task.asked("follow_up", times=MOST_ELSEWHERE + 1)
        await task.handle.signal(TaskWorkflow.answer, clicks(task, "new", user="UADA", unique="20.0"))
        assert await task.refused(1) == ["question_closed"]
        state = await task.state()
        assert state is not None
        assert [one.question_id for one in state.elsewhere] == [f"e{6 + number}.0" for number in range(MOST_ELSEWHERE)]


async def test_a_question_about_another_environment_is_closed_with_the_decision_and_at_the_end(
    temporal: Client,
) -> None:
    """Its buttons would bind nothing any more."""
    async with running(temporal, Script(quorum=2)) as task:
        await task.proposal()
        await says(task, "also staging", unique="5.0")
        await task.asked("follow_up")
        await task.decide("UGRACE")
        await task.decide("ULINUS")
        await task.handle.result()
        half, whole = task.script.of("accept_decision")
        assert (half.elsewhere, [each.question_id for each in whole.elsewhere]) == ([], ["e5.0"])
        assert task.script.of("conclude")[0].state.elsewhere == []
    async with running(temporal, Script(), approval_seconds=5) as task:
        await task.proposal()
        await says(task, "also staging", unique="5.0")
        assert (await task.handle.result()).outcome == "expired"
        assert [each.question_id for each in task.script.of("conclude")[0].state.elsewhere] == ["e5.0"]


async def test_another_environment_that_is_not_wanted_starts_nothing(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        await says(task, "also staging", unique="5.0")
        await task.asked("follow_up")
        forged = replace(clicks(task, "keep", user="UADA", unique="7.0"), text="new")
        await task.handle.signal(TaskWorkflow.answer, forged)
        await task.handle.signal(TaskWorkflow.answer, clicks(task, "keep", user="UADA", unique="8.0"))
        await task.asked("settle_elsewhere")
        await task.decide("UGRACE", "reject")
        await task.handle.result()
        assert [message.click.text for message in task.script.of("settle_elsewhere")] == ["keep"]
        with pytest.raises(RPCError):
            await temporal.get_workflow_handle(f"{task.handle.id}-e").describe()


FORGED: dict[str, Callable[[ElsewhereInput], ElsewhereInput]] = {
    "words that nobody said": lambda asked: replace(asked, elsewhere=_saying(asked, text="fail production over")),
    "words of somebody else": lambda asked: replace(asked, elsewhere=_saying(asked, user="UGRACE")),
    "a click that nobody made": lambda asked: replace(asked, click=replace(asked.click, text="new")),
    "a click of somebody else": lambda asked: replace(asked, click=_signed(asked.click, user="UGRACE")),
    "a click on another question": lambda asked: replace(asked, click=_signed(asked.click, question_id="e6.0")),
    "a click of another org": lambda asked: replace(asked, click=_signed(asked.click, org="T2")),
}


def _saying(asked: ElsewhereInput, **changes: str) -> Elsewhere:
    return replace(asked.elsewhere, reply=replace(asked.elsewhere.reply, **changes))


def _signed(answer: Answer, **changes: str) -> Answer:
    return sign(replace(answer, **changes, mac=""), KEY)


def elsewhere_asked() -> ElsewhereInput:
    request = TaskRequest("T1.C1.1", "T1", "UADA", "mention", "COPS", "1.0", "1.0", "fix it", [], "", TaskLimits())
    reply = sign(Answer("T1", request.task_id, "", "UADA", "also staging", unique="5.0"), KEY)
    click = sign(Answer("T1", request.task_id, "e5.0", "UADA", "keep", unique="6.0"), KEY)
    return ElsewhereInput(request, "1.0", spec_for(request), Elsewhere("e5.0", "staging", reply, "5.1"), click)


@pytest.mark.parametrize("what", FORGED)
def test_a_task_for_elsewhere_is_only_of_the_words_and_the_click_of_one_person(what: str) -> None:
    assert is_vouched_for(elsewhere_asked(), KEY)
    assert not is_vouched_for(FORGED[what](elsewhere_asked()), KEY)
