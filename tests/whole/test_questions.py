"""A question in the thread: whose answer counts, which, and what everybody else is told."""

from __future__ import annotations

import asyncio

import pytest

from bot.blocks.actions import ANSWER_PREFIX
from bot.local.play import Play
from bot.local.stage import Said, StageError
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
