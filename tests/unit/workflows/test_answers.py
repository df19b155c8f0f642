"""Which replies count, and who is told that theirs did not."""

from __future__ import annotations

from dataclasses import replace

from temporalio.client import Client

from bot.workflows.answers import ANSWER_SENTENCES
from bot.workflows.messages import Answer
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, running
from tests.unit.workflows.script import Script
from tools.contracts.signing import sign


async def typed(task: Running, text: str, *, unique: str, user: str = "UADA", **changes: str) -> None:
    """A reply in the thread, which names no question."""
    answer = Answer(org="T1", task_id=task.handle.id, question_id="", user=user, text=text, unique=unique)
    await task.handle.signal(TaskWorkflow.answer, sign(replace(answer, **changes), KEY))


def answers(task: Running) -> list[str | None]:
    return [exchange.answer for exchange in task.script.of("understand")[-1].exchanges]


def told(task: Running) -> list[tuple[str, str]]:
    return [(message.user, message.sentence) for message in task.script.of("tell")]


async def test_a_typed_reply_answers_only_the_question_that_was_open_when_it_was_said(temporal: Client) -> None:
    async with running(temporal, Script(questions=2)) as task:
        await typed(task, "before any question", unique="1.000200")
        await typed(task, "first", unique="2.000200")
        await typed(task, "first", unique="2.000200")  # delivered again
        await typed(task, "also said before the second", unique="2.000300")
        await typed(task, "second", unique="3.000200")
        await task.proposal()
    assert answers(task) == ["first", "second"]
    assert told(task) == []


async def test_a_click_answers_its_own_question_and_no_later_one(temporal: Client) -> None:
    async with running(temporal, Script(questions=2)) as task:
        await typed(task, "one", unique="", question_id="q0")
        await typed(task, "one again", unique="", question_id="q0")
        await typed(task, "two", unique="", question_id="q1")
        await task.proposal()
    assert answers(task) == ["one", "two"]
    assert told(task) == [("UADA", ANSWER_SENTENCES["answered_before"])]


async def test_an_answer_given_in_the_questions_form_counts_once(temporal: Client) -> None:
    """What makes it unique is the form's id, which is no time."""
    async with running(temporal, Script(questions=2)) as task:
        await typed(task, "one", unique="V0A1B2C3D", question_id="q0")
        await typed(task, "one", unique="V0A1B2C3D", question_id="q0")
        await typed(task, "two", unique="V0A1B2C3E", question_id="q1")
        await task.proposal()
    assert answers(task) == ["one", "two"]
    assert told(task) == []


async def test_who_did_not_ask_is_told_that_they_cannot_answer(temporal: Client) -> None:
    async with running(temporal, Script(questions=1)) as task:
        await typed(task, "staging", unique="2.000200", user="UMALLORY")
        await typed(task, "production", unique="2.000300")
        await task.proposal()
    assert answers(task) == ["production"]
    assert told(task) == [("UMALLORY", ANSWER_SENTENCES["not_the_asker"])]


async def test_an_answer_delivered_again_is_no_word_about_the_plan_that_waits_by_then(temporal: Client) -> None:
    async with running(temporal, Script(questions=1)) as task:
        await typed(task, "production", unique="2.000200")
        await task.proposal()
        await typed(task, "production", unique="2.000200")
        await typed(task, "approve", unique="9.000100", user="ULINUS")
        assert await task.refused(1) == ["typed"]
    assert [message.user for message in task.script.of("refuse_decision")] == ["ULINUS"]
    assert told(task) == []


async def test_an_answer_that_nobody_vouched_for_is_no_answer(temporal: Client) -> None:
    async with running(temporal, Script(questions=1)) as task:
        await task.asked("understand")
        forged = Answer(org="T1", task_id=task.handle.id, question_id="q0", user="UADA", text="staging", unique="8.0")
        await task.handle.signal(TaskWorkflow.answer, forged)
        await typed(task, "production", unique="9.0", question_id="q0")
        await task.proposal()
    assert answers(task) == ["production"]


async def test_secrets_are_warned_of_once_each_in_the_request_and_in_an_answer(temporal: Client) -> None:
    async with running(temporal, Script(questions=2, redacted=["password"])) as task:
        await typed(task, "one", unique="2.000200")
        answer = Answer(
            org="T1", task_id=task.handle.id, question_id="q1", user="UADA", text="two", redacted=["slack_token"]
        )
        await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))
        await task.proposal()
    assert [message.kinds for message in task.script.of("warn_of_secret")] == [["password"], ["slack_token"]]
