from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.blocks.actions import APPROVE
from bot.workflows.task import TaskWorkflow
from tests.whole.flaws import flaws_of
from tests.whole.town import Served, Town, open_town, until
from tools.contracts.ledger import LedgerKind


async def serving(town: Town) -> tuple[Served, Served]:
    return await asyncio.gather(town.serve("bot"), town.serve("worker"))


def recorded(town: Town, task: str, kind: LedgerKind) -> Callable[[], Awaitable[bool]]:
    async def there_is_one() -> bool:
        return bool(await town.ledger.show(town.stack.org, task_id=task, kind=kind))

    return there_is_one


@pytest.mark.timeout(240)
async def test_the_main_job_survives_kill_9_of_bot_and_worker_while_it_investigates_and_while_it_runs(
    tmp_path: Path,
) -> None:
    async with open_town(tmp_path) as town:
        bot, worker = await serving(town)
        said = await town.stage.say("ada", "ops", "@gavel production web servers have drifted, fix it")
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        await until(recorded(town, task, "agent_invoked"), seconds=60, what="The investigation")
        await asyncio.gather(bot.kill(), worker.kill())

        bot, worker = await serving(town)
        card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The plan card")
        await town.stage.click("grace", said.channel, card["ts"], APPROVE)
        await until(recorded(town, task, "phase_started"), seconds=60, what="The first phase")
        await asyncio.gather(bot.kill(), worker.kill())

        await serving(town)
        result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert await flaws_of(town, said, result, estate=town.estate, ledger=town.ledger) == []
