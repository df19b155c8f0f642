"""A role lent by command: Mallory approves for Grace; once Grace takes it back, what has not run yet does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.blocks.actions import APPROVE
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.town import Town, open_town

SLOW = {"GAVEL_TASKS_CANARY_WAIT_SECONDS": "8"}
GRACE, MALLORY = "U0GRACE001", "U0MALLORY1"


async def command(town: Town, user: str, text: str) -> None:
    body = {"user": user, "channel": "ops", "text": f"delegate {text}"}
    async with town.stage.http.post(f"{town.stage.base}local/command", json=body) as response:
        answer: dict[str, Any] = await response.json()
    assert answer["ok"], answer


@pytest.mark.timeout(240)
async def test_a_lent_role_counts_while_it_is_lent_and_is_asked_for_again_before_each_phase(tmp_path: Path) -> None:
    async with open_town(tmp_path, **SLOW) as town:
        stage = town.stage
        await town.serve("both", **SLOW)
        before = await town.estate.snapshot(town.stack.org)
        said = await stage.say("ada", "ops", "@gavel single: production web servers have drifted, fix it")
        card = await stage.until(said, "mallory", has=f"'{APPROVE}'", seconds=120, what="The plan card")
        await stage.click("mallory", said.channel, card["ts"], APPROVE)
        await stage.until(said, "mallory", has="You do not hold a role", seconds=30, what="That Mallory may not yet")
        await command(town, "grace", f"<@{MALLORY}> for 2h")
        await stage.click("mallory", said.channel, card["ts"], APPROVE)
        decided = await stage.until(said, "ada", has=f"for <@{GRACE}> until", seconds=30, what="The decided card")
        assert f"Approved by <@{MALLORY}>, for <@{GRACE}> until <!date^" in str(decided["blocks"])
        await command(town, "grace", f"revoke <@{MALLORY}>")
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        result: TaskResult = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        # Before the first phase, or between two: then what ran is put back.
        assert result.outcome in ("failed", "rolled_back"), result.detail
        assert result.approvers == [MALLORY]
        assert "of the approvers still hold" in result.detail
        assert await town.estate.snapshot(town.stack.org) == before
        (accepted,) = await town.ledger.show(town.stack.org, task_id=task, kind="decision_accepted")
        assert json.loads(accepted.body)["on_behalf_of"] == GRACE
