"""Several tasks in one message: nothing before the list is confirmed, then one by one, each bound to itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from bot.workflows.activities.authenticating import Authenticating
from bot.workflows.messages import Answer, EnlistInput, TaskLimits, TaskRequest
from bot.workflows.parts import chosen
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, decision_on, running
from tests.unit.workflows.script import Script
from tools.contracts.control import Control
from tools.contracts.signing import is_authentic, sign
from tools.contracts.taskspec import Intent

FIX, SAVE = "fix drift in prod", "find idle machines there"
TEXT = f"{FIX} and then {SAVE}"
INTENTS = [Intent(words=FIX, goal="Fix drift"), Intent(words=SAVE, goal="Look for savings")]


async def answers(
    task: Running, text: str, *, unique: str = "3.0", user: str = "UADA", question_id: str = "q0"
) -> None:
    answer = Answer(org="T1", task_id=task.handle.id, question_id=question_id, user=user, text=text, unique=unique)
    await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))


async def test_confirmed_parts_are_worked_on_in_order_each_with_a_plan_and_an_approval_of_its_own(
    temporal: Client,
) -> None:
    async with running(temporal, Script(intents=INTENTS, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, "all")
        first = await task.part(1).proposal()
        assert await task.part(2).state() is None, "the second waits for the first"
        await task.part(1).decide("UGRACE")
        second = await task.part(2).proposal()
        assert first.plan.digest != second.plan.digest
        assert first.nonce != second.nonce
        # A decision on the first plan, sent to the second task, is worth nothing there.
        stray = sign(decision_on(first, "UGRACE", "approve"), KEY)
        await task.part(2).handle.signal(TaskWorkflow.decide, stray)
        assert await task.refused(1) == ["wrong_task"]
        await task.part(2).decide("UGRACE", "reject")
        result = await task.handle.result()
    assert (result.outcome, result.detail) == ("parts_ended", "1. completed; 2. rejected.")
    whole, one, two = task.script.of("understand")
    assert [(message.request.text, message.request.part_of) for message in (one, two)] == [
        (FIX, task.handle.id),
        (SAVE, task.handle.id),
    ]
    assert (one.request.user, one.request.org, one.request.channel, one.request.whole) == ("UADA", "T1", "COPS", TEXT)
    assert whole.request.part_of == ""
    assert task.script.of("confirm_parts")[0].chosen == [1, 2]


@pytest.mark.parametrize(("said", "typed"), [("first", False), ("Only the first.", True)])
async def test_only_the_first_is_only_the_first(temporal: Client, said: str, typed: bool) -> None:
    async with running(temporal, Script(intents=INTENTS, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, said, question_id="" if typed else "q0")
        await task.part(1).decide("UGRACE")
        assert (await task.handle.result()).detail == "1. completed."
        assert await task.part(2).state() is None


async def test_a_cancelled_list_starts_nothing(temporal: Client) -> None:
    async with running(temporal, Script(intents=INTENTS, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, "none")
        result = await task.handle.result()
    assert (result.outcome, result.ended_by) == ("cancelled", "UADA")
    assert len(task.script.of("understand")) == 1


async def test_only_the_asker_confirms_the_list(temporal: Client) -> None:
    async with running(temporal, Script(intents=INTENTS, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, "all", user="UGRACE")
        await task.asked("tell")
        assert task.script.of("confirm_parts") == []


async def test_other_words_are_read_again_with_the_message(temporal: Client) -> None:
    async with running(temporal, Script(intents=INTENTS, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, "the savings, please", question_id="")
        await task.proposal()
    assert [exchange.answer for exchange in task.script.of("understand")[1].exchanges] == ["the savings, please"]
    assert task.script.of("confirm_parts") == []


async def test_what_is_said_in_the_thread_goes_on_to_the_part_that_is_worked_on(temporal: Client) -> None:
    async with running(temporal, Script(intents=INTENTS, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, "first", question_id="", unique="3.0")
        await task.part(1).proposal()
        await answers(task, "only eu-west-1", question_id="", unique="5.0")
        import asyncio

        await asyncio.sleep(3)
        print(
            [e.event_type for e in (await task.handle.fetch_history()).events][-14:],
            [e.event_type for e in (await task.part(1).handle.fetch_history()).events][-14:],
        )
        await answers(task, "first", question_id="", unique="3.0")  # delivered again
        assert (await task.part(1).proposal(revision=2)).revision == 2
    assert [message.answer.text for message in task.script.of("follow_up")] == ["only eu-west-1"]


async def test_nothing_is_begun_after_a_part_that_broke(temporal: Client) -> None:
    async with running(temporal, Script(intents=INTENTS, failing_phase=0, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, "all")
        await task.part(1).decide("UGRACE")
        result = await task.handle.result()
        assert await task.part(2).state() is None
    assert result.detail == "1. rolled back; 2: not begun, because 1 was rolled_back."


async def test_a_part_that_is_declined_does_not_hold_up_the_next(temporal: Client) -> None:
    script = Script(text=TEXT, intents=INTENTS, declined_parts={FIX: "I cannot do that yet. Nothing was started."})
    async with running(temporal, script) as task:
        await task.asked("understand")
        await answers(task, "all")
        await task.part(2).decide("UGRACE")
        assert (await task.handle.result()).detail == "1. declined; 2. completed."


async def test_a_cancellation_ends_the_part_and_begins_no_other(temporal: Client) -> None:
    async with running(temporal, Script(intents=INTENTS, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, "all")
        await task.part(1).proposal()
        cancel = Control(org="T1", task_id=task.handle.id, action="cancel", user="UADA", channel="COPS", unique="7.0")
        await task.handle.signal(TaskWorkflow.control, sign(cancel, KEY))
        result = await task.handle.result()
        assert (await task.part(1).handle.result()).outcome == "cancelled"
        assert await task.part(2).state() is None
    assert result.detail.startswith("1. cancelled; 2: not begun")


async def test_a_list_of_words_that_the_message_does_not_hold_becomes_no_task(temporal: Client) -> None:
    made_up = [Intent(words="delete all backups", goal="Fix drift"), INTENTS[1]]
    async with running(temporal, Script(intents=made_up, text=TEXT)) as task:
        await task.asked("understand")
        await answers(task, "all")
        result = await task.handle.result()
        assert await task.part(1).state() is None
    assert result.outcome == "failed"
    assert "do not stand in the message" in result.detail


def whole() -> TaskRequest:
    request = TaskRequest(
        task_id="T1.COPS.1.0",
        org="T1",
        user="UADA",
        source="mention",
        channel="COPS",
        thread_ts="1.0",
        message_ts="1.0",
        text=TEXT,
        redacted=[],
        received_at="2026-11-26T07:00:00+00:00",
        limits=TaskLimits(),
    )
    return sign(request, KEY)


async def test_only_what_a_person_said_is_signed_and_only_in_their_name() -> None:
    desk = Authenticating(KEY)
    part = await desk.enlist(EnlistInput(whole(), thread_ts="9.9", words=SAVE, number=2))
    assert is_authentic(part, KEY)
    assert replace(part, mac="") == replace(
        whole(), task_id="T1.COPS.1.0.2", text=SAVE, part_of="T1.COPS.1.0", whole=TEXT, mac=""
    )
    refused = [
        EnlistInput(replace(whole(), user="UGRACE"), thread_ts="", words=SAVE, number=2),
        EnlistInput(replace(whole(), text="approve everything"), thread_ts="", words="approve everything", number=1),
        EnlistInput(whole(), thread_ts="", words="approve everything", number=1),
        EnlistInput(whole(), thread_ts="", words="", number=1),
        EnlistInput(whole(), thread_ts="", words=SAVE, number=0),
        EnlistInput(whole(), thread_ts="", words=SAVE, number=6),
        EnlistInput(part, thread_ts="", words=SAVE, number=1),
    ]
    for message in refused:
        with pytest.raises(ApplicationError):
            await desk.enlist(message)


@pytest.mark.parametrize(
    ("said", "numbers"),
    [("all", [1, 2]), ("Both!", [1, 2]), ("yes", [1, 2]), ("first", [1]), ("nur das erste", [1]), ("cancel", []),
     ("the other way round", None), ("only the second", None), ("", None), ("approve", None)],
)  # fmt: skip
def test_few_words_choose_and_all_others_are_read(said: str, numbers: list[int] | None) -> None:
    assert chosen(said, INTENTS) == numbers
