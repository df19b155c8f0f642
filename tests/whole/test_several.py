"""Two tasks in one message: confirmed with a button, worked on one after the other; and what comes after their end."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.blocks.actions import ANSWER_PREFIX, APPROVE
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.rejecting import reject
from tests.whole.town import Town, open_town

_FIX = "fix drift on production web servers"
_LOOK = "fix drift on staging api servers"


async def result_of(town: Town, task: str) -> TaskResult:
    return await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()


@pytest.mark.timeout(300)
async def test_two_tasks_in_one_message_are_confirmed_and_each_is_decided_on_its_own(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        stage = town.stage
        await town.serve("both")
        said = await stage.say("ada", "ops", f"@gavel single: {_FIX} and then {_LOOK}")
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        listed = await stage.until(said, "ada", has="Yes, in this order", seconds=60, what="The list")
        assert await town.bodies(task, "agent_invoked") == []
        await stage.click("ada", said.channel, listed["ts"], f"{ANSWER_PREFIX}0")
        await stage.until(said, "ada", has="confirmed. I work on them", seconds=30, what="The confirmed list")

        first = await stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The first plan")
        assert "in production" in first["text"] or "production" in str(first["blocks"])
        assert await reject(stage, "grace", said, first, kind="wrong_target", words="Not these.") == {}
        assert (await result_of(town, f"{task}.1")).outcome == "rejected"

        second = await stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The second plan")
        await stage.say("ada", "ops", "@gavel approve", thread=said)
        told = await stage.until(said, "ada", has="decides nothing", seconds=30, what="What a typed word is told")
        assert told["ephemeral"]
        await stage.click("grace", said.channel, second["ts"], APPROVE)
        assert (await result_of(town, f"{task}.2")).outcome == "completed"
        whole = await result_of(town, task)
        assert (whole.outcome, whole.detail) == ("parts_ended", "1. rejected; 2. completed.")
        digests = [(await result_of(town, f"{task}.{number}")).plan_digest for number in (1, 2)]
        assert len(set(digests)) == 2

        again = await stage.say("ada", "ops", "@gavel the same again, only eu-west-1", thread=said)
        follow = f"{task}.{again.ts}"
        await stage.until(said, "ada", has="It goes on from", seconds=60, what="The task that goes on")
        [spec] = await town.bodies(follow, "task_spec")
        assert (spec["environment"], spec["follows"]) == ("staging", f"{task}.2")
        assert spec["context"]["regions"] == ["eu-west-1"]
        assert spec["context"]["tags"] == [{"key": "role", "value": "api"}]
        assert (await town.ledger.verify(town.stack.org)).ok
