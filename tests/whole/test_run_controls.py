"""A run is paused, resumed and cancelled from its card in the thread, over the real socket."""

from __future__ import annotations

import asyncio

import pytest

from bot.blocks.actions import APPROVE, CANCEL, PAUSE, RESUME
from bot.local.stage import Said
from bot.workflows.controls import CONTROL_SENTENCES
from tests.whole.square import Square
from tests.whole.town import until

pytestmark = pytest.mark.timeout(180)


async def running(square: Square, *, role: str, wait: str) -> Said:
    """An approved plan for some servers of staging, whose canary has begun."""
    ask = f"@gavel single: staging {role} servers have drifted, fix it, and wait {wait} after the canary"
    said = await square.say("ada", "ops", ask)
    card = await square.hears(said, f"'{APPROVE}'", viewer="grace")
    await square.stage.click("grace", said.channel, card["ts"], APPROVE)
    await square.hears(said, f"'{PAUSE}'")
    return said


async def click(square: Square, said: Said, user: str, action: str) -> None:
    card = await square.hears(said, f"'{action}'")
    await square.stage.click(user, said.channel, card["ts"], action)


async def phases(square: Square, said: Said) -> list[str]:
    return [record.state for record in (await square.state(said)).phases]


async def test_a_run_that_is_paused_waits_and_goes_on_when_it_is_resumed(square: Square) -> None:
    said = await running(square, role="web", wait="3 seconds")
    await click(square, said, "ada", PAUSE)
    await square.hears(said, "paused this run")
    await square.hears(said, "Resume it by")
    await asyncio.sleep(4)
    assert "waiting" in await phases(square, said), "a phase started while the run was paused"
    await click(square, said, "mallory", RESUME)
    await square.hears(said, CONTROL_SENTENCES["not_in_role"][:30], viewer="mallory")
    await click(square, said, "grace", RESUME)
    result = await square.result(said)
    assert (result.outcome, result.approvers) == ("completed", ["U0GRACE001"])
    assert len(await square.recorded(said, "run_paused")) == len(await square.recorded(said, "run_resumed")) == 1
    assert [body["problem"] for body in await square.recorded(said, "control_refused")] == ["not_in_role"]
    newest = await square.hears(said, "phases done")
    assert not any(action in str(newest["blocks"]) for action in (PAUSE, RESUME, CANCEL))


async def test_a_cancel_in_a_long_wait_undoes_what_ran_the_last_change_first(square: Square) -> None:
    before = await square.images("staging", "api")
    said = await running(square, role="api", wait="10 minutes")

    async def canary_is_done() -> bool:
        return (await phases(square, said))[:2] == ["done", "running"]

    await until(canary_is_done, seconds=60, what="The canary")
    assert await square.images("staging", "api") != before
    await click(square, said, "ada", CANCEL)
    await square.hears(said, "cancelled this task")
    result = await square.result(said)
    assert (result.outcome, result.ended_by) == ("cancelled", "U0ADA00001")
    assert await square.images("staging", "api") == before
    assert len(await square.recorded(said, "run_cancelled")) == 1
    assert [body["ok"] for body in await square.recorded(said, "rollback_finished")] == [True]
