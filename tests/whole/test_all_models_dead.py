"""All members dead: one sentence, the task waits, a person may cancel it, and nothing runs."""

from __future__ import annotations

import asyncio

from bot.blocks.actions import CANCEL
from bot.workflows.controls import CONTROL_SENTENCES
from tests.whole.square import Square

AWAY = "No model answered"


async def test_a_task_whose_models_are_all_dead_waits_until_who_asked_cancels_it(square: Square) -> None:
    before = await square.images("development", "web")
    async with square.models("status_500"):
        said = await square.say("ada", "ops", "@gavel council: development web servers have drifted, fix it")
        told = await square.hears(said, AWAY)
        await asyncio.sleep(3)  # it tries again meanwhile, and says nothing new
        assert str(await square.thread(said)).count(f"*Waiting.* {AWAY}") == 1
        await square.stage.click("mallory", said.channel, told["ts"], CANCEL)
        await square.hears(said, CONTROL_SENTENCES["not_in_role"][:30], viewer="mallory")
        await square.stage.click("ada", said.channel, told["ts"], CANCEL)
        await square.hears(said, "cancelled this task")
        result = await square.result(said)
    assert (result.outcome, result.ended_by, result.phases_run) == ("cancelled", "U0ADA00001", 0)
    assert await square.recorded(said, "phase_started") == []
    assert await square.images("development", "web") == before


async def test_a_task_whose_models_come_back_goes_on_by_itself(square: Square) -> None:
    async with square.models("status_500"):
        said = await square.say("ada", "ops", "@gavel council: development api servers have drifted, fix it")
        await square.hears(said, AWAY)
    await square.hears(said, "agreement")


async def test_an_alerts_task_that_waits_is_cancelled_by_an_operator_and_by_no_viewer(square: Square) -> None:
    async with square.models("status_500"):
        said = await square.alert("development db servers have drifted from the golden image")
        told = await square.hears(said, AWAY)
        await square.stage.click("mallory", said.channel, told["ts"], CANCEL)
        await square.hears(said, CONTROL_SENTENCES["not_in_role"][:30], viewer="mallory")
        await square.stage.click("ada", said.channel, told["ts"], CANCEL)
        await square.hears(said, "cancelled this task")
        result = await square.result(said)
    assert (result.outcome, result.ended_by, result.phases_run) == ("cancelled", "U0ADA00001", 0)
    assert await square.recorded(said, "phase_started") == []
