from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.local.stage import Said
from bot.workflows.messages import TaskResult
from tests.whole.deaths import deaths_at, deaths_in, effects_in, shared_out
from tests.whole.effects import Death, Moment
from tests.whole.graveyard import Graveyard, open_graveyard
from tests.whole.town import until

TASKS = 14
"""Tasks that share the worker's deaths, all at once."""

BOTH: tuple[Moment, ...] = ("before", "after")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
async def graveyard(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Graveyard]:
    async with open_graveyard(tmp_path_factory.mktemp("graveyard")) as opened:
        yield opened


async def whole_task(graveyard: Graveyard, queue: str) -> tuple[Said, TaskResult]:
    said, task = await graveyard.hand_over(queue)
    await graveyard.approve(said)
    return said, await graveyard.result(task)


async def test_a_worker_killed_at_any_effect_leaves_nothing_undone_and_does_nothing_twice(graveyard: Graveyard) -> None:
    bot = await graveyard.town.serve("bot")
    undisturbed = graveyard.be_born("undisturbed", queue="undisturbed")
    said, result = await graveyard.while_kept(whole_task(graveyard, "undisturbed"))
    assert await graveyard.flaws(said, result, undisturbed) == []

    deaths = list(deaths_at(effects_in(undisturbed.journal), of_each_kind=1))
    shares = shared_out(deaths, tasks=TASKS)
    slots = [graveyard.be_born(f"k{number}", share, queue=f"k{number}") for number, share in enumerate(shares)]

    async def one_each() -> list[tuple[Said, TaskResult]]:
        return await asyncio.gather(*(whole_task(graveyard, slot.queue) for slot in slots))

    tasks = await graveyard.while_kept(one_each())
    found = [await graveyard.flaws(*task, slot) for slot, task in zip(slots, tasks, strict=True)]
    assert [flaw for flaws in found for flaw in flaws] == []
    assert [deaths_in(slot.journal) for slot in slots] == [slot.deaths for slot in slots]
    await bot.kill()


async def test_a_bot_killed_at_any_hand_over_loses_no_request_and_no_click(graveyard: Graveyard) -> None:
    town = graveyard.town
    # Slack would take minutes over what it takes seconds here.
    await town.stage.delivery(ack_seconds=1, retry_seconds=[0.3] * 100)
    asked = [Death(moment, "", effect) for effect in ("temporal start", "redis add", "slack ack") for moment in BOTH]
    clicked = [Death(moment, "", "temporal signal decide") for moment in BOTH]
    worker = graveyard.be_born("living", queue="living")
    bot = graveyard.be_born("bot", [*asked, *clicked], role="bot", queue="living")
    said = await town.stage.say("ada", "ops", "@gavel single: production cache servers have drifted, fix it")

    async def died_of_the_request() -> bool:
        return len(deaths_in(bot.journal)) == len(asked)

    async def approved() -> TaskResult:
        await until(died_of_the_request, seconds=60, what="The bot's deaths over the request")
        await graveyard.approve(said)
        return await graveyard.result(f"{town.stack.org}.{said.channel}.{said.ts}")

    result = await graveyard.while_kept(approved())
    assert await graveyard.flaws(said, result, worker) == []
    assert deaths_in(bot.journal) == bot.deaths
