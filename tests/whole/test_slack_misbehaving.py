"""Slack answers 429 and 500, drops sockets, delivers twice and out of order: threads end right, nothing is doubled."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bot.blocks.actions import APPROVE
from bot.local.stage import Said
from tests.whole.flaws import flaws_of
from tests.whole.square import QUESTION, Square
from tests.whole.town import open_town, until

MINUTE = 12.0
"""Seconds for which every call is refused: beyond what any retry within a call waits for, as a minute is."""

pytestmark = pytest.mark.timeout(300)


async def test_a_task_through_all_of_it_at_every_stage(tmp_path_factory: pytest.TempPathFactory) -> None:
    # A town of its own: all that changes there is this task's.
    async with open_town(tmp_path_factory.mktemp("weather")) as town:
        square = Square(town, await town.serve("both"))
        await square.act("delivery", retry_seconds=[0.5] * 20)
        async with square.faults(twice=True, out_of_order=True, lose_next_acks=2):
            said = await square.say("ada", "ops", "@gavel single: staging worker servers have drifted, fix it")
            await square.act("faults", drop_sockets=True)
            await square.hears(said, "Working on it")
            # While it investigates, and the plan is about to be shown.
            await square.act("faults", rate_limited_seconds=MINUTE)
            card = await square.hears(said, f"'{APPROVE}'", viewer="grace", seconds=90)
            await square.act("faults", drop_sockets=True)
            await _connected(square)
            click = {"channel": said.channel, "message_ts": card["ts"], "action_id": APPROVE}
            assert (await square.act("click", user="grace", **click))["ok"]
            # While it runs: refused, broken, and answers lost of calls that were done.
            await square.act("faults", errors_seconds=4)
            await asyncio.sleep(4)
            await square.act("faults", rate_limited_seconds=MINUTE / 2)
            await square.act("faults", lose_next_answers=3, methods=["chat.update", "chat.postMessage"])
            result = await square.result(said, seconds=120)
        await square.hears(said, "Done.", viewer="grace")
        assert await flaws_of(town, said, result, estate=town.estate, ledger=town.ledger) == []


async def test_requests_that_come_twice_and_in_another_order_are_each_answered_once(square: Square) -> None:
    before = await square.tasks()
    async with square.faults(twice=True, out_of_order=True):
        said = [await square.say("ada", "ops", f"@gavel good day number {number}") for number in range(4)]
        for each in said:
            await square.hears(each, QUESTION)
    assert await square.tasks() - before == {square.task(each) for each in said}
    for each in said:
        assert await _once(square, each)


async def test_two_bots_and_three_workers_answer_each_event_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_town(tmp_path_factory.mktemp("crowd")) as town:
        served = [await town.serve(role) for role in ("bot", "bot", "worker", "worker", "worker")]
        square = Square(town, served[0])
        assert (await square.look("state"))["connections"] == 2
        async with square.faults(twice=True):
            # What people type, in one go: mentions, direct messages and a command.
            asked = [await square.say("ada", "ops", f"@gavel hello number {number}") for number in range(6)]
            asked += [await square.say("ada", "D0ADA00001", f"hello there {number}") for number in range(3)]
            asked.append(await square.command("grace", "hello by command"))
            work = await square.say("ada", "ops", "@gavel single: fix drift on development cache servers")
            for each in asked:
                await square.hears(each, QUESTION)
            card = await square.hears(work, f"'{APPROVE}'", viewer="grace", seconds=90)
            # Both approvers at the same moment, each of them twice.
            click = {"channel": work.channel, "message_ts": card["ts"], "action_id": APPROVE}
            clicks = [square.act("click", user=user, **click) for user in ("grace", "linus", "grace", "linus")]
            assert all(answer["ok"] for answer in await asyncio.gather(*clicks, return_exceptions=False))
            assert (await square.result(work, seconds=90)).outcome == "completed"
        assert await square.tasks() == {square.task(each) for each in [*asked, work]}
        for each in asked:
            assert await _once(square, each)
        assert len(await square.recorded(work, "decision_accepted")) == 1
        keys = Counter(
            message["metadata"]["event_payload"]["key"]
            for message in await square.thread(work, viewer="grace")
            if message["metadata"]
        )
        assert {key for key, count in keys.items() if count > 1} == set()
        heard = {envelope["connection"] for envelope in await square.envelopes(newest=200)}
        assert len(heard) == 2, "only one of the bots was ever asked"


async def _once(square: Square, said: Said) -> bool:
    """One task, one question, both on record once."""
    questions = {message["ts"] for message in await square.thread(said) if QUESTION in message["text"]}
    received = await square.recorded(said, "task_received")
    return (len(questions), len(received)) == (1, 1)


async def _connected(square: Square) -> None:
    async def connected() -> bool:
        return bool((await square.look("state"))["connections"])

    await until(connected, seconds=60, what="A socket of the bot")
