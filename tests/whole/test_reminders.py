"""A plan that nobody decides: reminded of in one message, the next role called in, and at last expired."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.blocks.actions import APPROVE
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.town import open_town

SOON = {
    "GAVEL_APPROVALS_EXPIRY_SECONDS": "14",
    "GAVEL_APPROVALS_REMIND_PERCENT": "20,60",
    "GAVEL_APPROVALS_REMIND_SECONDS_BEFORE": "",
    "GAVEL_APPROVALS_ESCALATE_PERCENT": "40",
}


@pytest.mark.timeout(180)
async def test_who_may_decide_is_reminded_in_one_message_and_the_next_role_is_called_in(tmp_path: Path) -> None:
    async with open_town(tmp_path, **SOON) as town:
        stage = town.stage
        await town.serve("both", **SOON)
        await stage.roles("gavel-admins", ["U0LINUS001"])
        said = await stage.say("ada", "ops", "@gavel single: production web servers have drifted, fix it")
        card = await stage.until(said, "grace", has=f"'{APPROVE}'", seconds=90, what="The plan card")
        reminder = await stage.until(said, "grace", has="waits for 1 approval", seconds=15, what="The reminder")
        escalation = await stage.until(said, "grace", has="Nobody has settled", seconds=15, what="The escalation")
        assert "<!subteam^S0GAPPROVE>" in str(reminder["blocks"])
        assert "<!subteam^S0GADMINS1>" in str(escalation["blocks"])
        assert reminder["ts"] != escalation["ts"]

        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        result: TaskResult = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert (result.outcome, result.phases_run) == ("expired", 0)
        thread = {message["ts"]: message for message in await stage.thread(said, "grace")}
        for ts in (reminder["ts"], escalation["ts"]):
            assert "waits no more" in thread[ts]["text"]
            assert "subteam" not in str(thread[ts]["blocks"])
        assert "Expired" in str(thread[card["ts"]]["blocks"])
        assert sum("waits no more" in message["text"] for message in thread.values()) == 2
        reminded = await town.ledger.show(town.stack.org, task_id=task, kind="approval_reminded")
        escalated = await town.ledger.show(town.stack.org, task_id=task, kind="approval_escalated")
        assert (len(reminded), len(escalated)) == (2, 1)
