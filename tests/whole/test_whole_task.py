from __future__ import annotations

from pathlib import Path

import pytest

from bot.blocks.actions import APPROVE
from bot.workflows.task import TaskWorkflow
from tests.whole.town import open_town


@pytest.mark.timeout(180)
async def test_a_bot_and_a_worker_in_processes_of_their_own_serve_one_request(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        await town.serve("bot")
        await town.serve("worker")
        said = await town.stage.say("ada", "ops", "@gavel production web servers have drifted, fix it")
        card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=90, what="The plan card")
        await town.stage.click("grace", said.channel, card["ts"], APPROVE)
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert (result.outcome, result.approvers) == ("completed", ["U0GRACE001"])
        assert (await town.ledger.verify(town.stack.org)).ok
