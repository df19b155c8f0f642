"""Somebody of another organisation in a channel that is shared with it, while a task waits and is decided there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.blocks.actions import APPROVE
from bot.local.slack.seed import HOME_TEAM
from bot.local.stage import Said
from bot.permits import words
from bot.workflows.task import TaskWorkflow
from tests.whole.town import Town, open_town, until

EVE, OTHERS = "U0EVE00001", "T0OTHERS01"
ADA, GRACE = HOME_TEAM.people[0].id, HOME_TEAM.people[1].id
DRIFT = "@gavel single: production web servers have drifted, fix it"


async def told(town: Town, *, times: int, said: Said | None = None) -> None:
    """In the channel, or in this thread: only they see it."""

    async def is_told() -> bool:
        if said is not None:
            messages = await town.stage.thread(said, "eve")
        else:
            params = {"channel": "ops", "viewer": "eve"}
            async with town.stage.http.get(f"{town.stage.base}local/channel", params=params) as response:
                messages = (await response.json())["messages"]
        return [each["text"] for each in messages if each["ephemeral_to"] == EVE] == [words.STRANGER] * times

    await until(is_told, seconds=30, what="That the stranger is told so")


@pytest.mark.timeout(300)
async def test_a_stranger_asks_answers_and_approves_nothing_though_a_role_is_listed_for_them(tmp_path: Path) -> None:
    listed = {"GAVEL_ROLES_OPERATOR": f"{ADA},{EVE}", "GAVEL_ROLES_APPROVER": f"{GRACE},{EVE}"}
    async with open_town(tmp_path, **listed) as town:
        await town.serve("both")
        visit = {"channel": "ops", "id": EVE, "name": "eve", "team": OTHERS}
        async with town.stage.http.post(f"{town.stage.base}local/visit", json=visit) as response:
            assert response.status == 200, await response.text()
        asked = await town.stage.say("eve", "ops", DRIFT)
        await told(town, times=1)
        said = await town.stage.say("ada", "ops", DRIFT)
        card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The plan card")
        await town.stage.click("eve", said.channel, card["ts"], APPROVE)
        await told(town, times=1, said=said)
        await town.stage.say("eve", "ops", "@gavel smaller batches", thread=said)
        await told(town, times=2)
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        proposal = await town.proposal(task)
        assert (proposal.revision, proposal.approvals) == (1, [])
        await town.stage.click("grace", said.channel, card["ts"], APPROVE)
        result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert (result.outcome, result.approvers) == ("completed", [GRACE]), result.detail
        assert not await town.ledger.show(town.stack.org, task_id=f"{town.stack.org}.{asked.channel}.{asked.ts}")
        assert not await town.bodies(task, "decision_refused"), "it came to no task at all"
        assert (await town.ledger.verify(town.stack.org)).ok
