"""A question in the thread: whose answer counts, which, and what everybody else is told."""

from __future__ import annotations

import asyncio

import pytest

from bot.blocks.actions import ANSWER_PREFIX
from bot.local.play import Play
from bot.local.stage import Said, StageError
from bot.workflows.task import TaskWorkflow
from tests.whole.square import QUESTION, Square


async def test_an_answer_that_slack_delivers_twice_answers_one_question(square: Square) -> None:
    said = await _asked(square, "@gavel hello")
    async with square.faults(twice=True):
        await square.say("ada", "ops", "@gavel still no idea", thread=said)
        await square.delivered("app_mention", attempt=1)

    async def second_question() -> int:
        return len((await square.state(said)).exchanges)

    while await second_question() < 2:
        await square.hears(said, QUESTION)
    exchanges = (await square.state(said)).exchanges
    assert [exchange.answer for exchange in exchanges] == ["still no idea", None]


async def test_only_the_asker_answers_and_anybody_else_is_told(square: Square) -> None:
    said = await _asked(square, "@gavel good morning")
    await square.say("linus", "ops", "@gavel production", thread=said)
    told = await square.hears(said, "for the person who asked", viewer="linus")
    assert told["ephemeral_to"] == "U0LINUS001"
    card = await square.hears(said, QUESTION)
    assert (await square.act("click", **_first_choice(card), user="grace"))["ok"]
    assert (await square.hears(said, "for the person who asked", viewer="grace"))["ephemeral_to"] == "U0GRACE001"
    assert [exchange.answer for exchange in (await square.state(said)).exchanges] == [None]


async def test_after_three_answers_that_say_nothing_the_task_ends_in_words(square: Square) -> None:
    said = await _asked(square, "@gavel good evening")
    for number in range(3):
        while len((await square.state(said)).exchanges) <= number:
            await square.hears(said, QUESTION)
        await square.say("ada", "ops", f"@gavel hmm {number}", thread=said)
    assert (await square.result(said)).outcome == "declined"
    assert "nothing was started" in (await square.hears(said, "Not started"))["text"]


async def test_an_alert_that_leaves_a_question_open_says_so_and_starts_nothing(square: Square) -> None:
    said = await square.alert("servers have drifted")
    last = await square.hears(said, "Not started", viewer="linus")
    assert "Which environment" in last["text"]
    assert "mention me" in last["text"]
    assert (await square.result(said)).outcome == "declined"


@pytest.mark.parametrize("typed", [False, True])
async def test_an_answered_question_loses_its_buttons_and_says_who_answered_what(square: Square, typed: bool) -> None:
    said = await _asked(square, "@gavel good day")
    card = await square.hears(said, QUESTION)
    if typed:
        await square.say("ada", "ops", "@gavel whatever you like", thread=said)
    else:
        assert (await square.act("click", **_first_choice(card), user="ada"))["ok"]
    closed = await square.hears(said, "answered", seconds=15)
    assert closed["ts"] == card["ts"]
    assert "actions" not in {block["type"] for block in closed["blocks"]}
    assert "<@U0ADA00001> answered" in str(closed["blocks"])
    assert ("whatever you like" in str(closed["blocks"])) is typed


async def test_a_typed_reply_in_a_thread_that_a_command_opened_is_for_its_task(square: Square) -> None:
    """The command has no message, so the thread is not named after its task: what is said there belongs to it still."""
    said = await square.command("ada", "good night by command")
    await square.hears(said, QUESTION)
    await square.say("linus", "ops", "@gavel production", thread=said)
    assert (await square.hears(said, "for the person who asked", viewer="linus"))["ephemeral_to"] == "U0LINUS001"
    tasks = await square.tasks()
    for number in range(3):
        while len((await square.state(said)).exchanges) <= number:
            await square.hears(said, QUESTION)
        await square.say("ada", "ops", f"@gavel hmm by command {number}", thread=said)
    assert (await square.result(said)).outcome == "declined"
    assert await square.tasks() == tasks
    # Once it is over, what is said there is a new request, which knows the task that the thread was opened for.
    last = await square.say("ada", "ops", "@gavel hello once more", thread=said)
    await square.hears(said, QUESTION)
    handle = square.town.temporal.get_workflow_handle_for(
        TaskWorkflow.run, f"{square.town.stack.org}.{said.channel}.{said.ts}.{last.ts}"
    )
    assert (await handle.query(TaskWorkflow.task_state)).request.follows == square.task(said)


async def test_a_demo_does_not_wait_for_what_can_no_longer_come(square: Square) -> None:
    """A model that understands nothing asks back: nobody in a demo would answer, and it says so at once."""
    said = await _asked(square, "@gavel how do you do")
    town = square.town
    play = Play(
        stage=square.stage,
        temporal=town.temporal,
        ledger=town.ledger,
        estate=town.estate,
        org=town.stack.org,
        seed=1,
        tell=lambda _event: None,
    )
    started = asyncio.get_running_loop().time()
    with pytest.raises(StageError, match="The plan card did not come: Gavel asks back"):
        await play.until(said, "ada", has="Plan card", seconds=100, what="The plan card")
    assert asyncio.get_running_loop().time() - started < 30


async def _asked(square: Square, text: str) -> Said:
    said = await square.say("ada", "ops", text)
    await square.hears(said, QUESTION)
    return said


def _first_choice(card: dict[str, object]) -> dict[str, object]:
    return {"channel": card["channel"], "message_ts": card["ts"], "action_id": f"{ANSWER_PREFIX}0"}
