"""What people type while a plan waits for a decision."""

from __future__ import annotations

from dataclasses import replace

from temporalio.client import Client

from bot.workflows.messages import Answer
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, running
from tests.unit.workflows.script import Script
from tools.contracts.signing import sign


async def says(task: Running, answer: Answer) -> None:
    await task.handle.signal(TaskWorkflow.answer, answer)


def typed(task: Running, text: str, **changes: str) -> Answer:
    answer = Answer(org="T1", task_id=task.handle.id, question_id="", user="UGRACE", text=text, unique="5.0")
    return replace(answer, **changes)


async def test_a_typed_word_approves_nothing_and_its_writer_is_told_what_to_press(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        await says(task, sign(typed(task, "approve"), KEY))
        assert await task.refused(1) == ["typed"]
        told = task.script.of("refuse_decision")[0]
        assert (told.user, told.thread_ts) == ("UGRACE", "1.0")
        assert "Press Approve or Reject on the plan card" in told.sentence
        assert task.script.of("accept_decision") == task.script.of("run_phase") == []
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"


async def test_each_message_is_answered_once_however_often_slack_delivers_it(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        for _ in range(3):
            await says(task, sign(typed(task, "approve"), KEY))
        await says(task, sign(typed(task, "ok go", unique="6.0"), KEY))
        await says(task, sign(typed(task, "production", question_id="q0", unique="7.0"), KEY))
        await task.decide("UMALLORY")
        assert await task.refused(4) == ["typed", "typed", "question_closed", "not_in_role"]
        keys = [told.key for told in task.script.of("refuse_decision")]
        assert len(set(keys)) == len(keys)


async def test_nobody_is_told_anything_for_words_that_gavel_did_not_vouch_for(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        await says(task, typed(task, "approve"))
        await says(task, sign(typed(task, "approve"), b"another key"))
        await says(task, replace(sign(typed(task, "approve"), KEY), user="UADA"))
        await says(task, sign(typed(task, "approve", task_id="T1.other"), KEY))
        await says(task, sign(typed(task, "approve", org="T2"), KEY))
        await task.decide("UMALLORY")
        assert await task.refused(1) == ["not_in_role"]
        await says(task, sign(typed(task, "approve"), KEY))
        assert await task.refused(2) == ["not_in_role", "typed"]


async def test_a_task_in_which_nobody_types_has_not_one_activity_more(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        await task.decide("UGRACE")
        await task.handle.result()
    assert [step for step, _ in task.script.asked] == [
        *("understand", "investigate", "judge", "present", "read_roles", "accept_decision"),
        *("run_phase", "run_phase", "conclude"),
    ]
