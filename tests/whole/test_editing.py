"""A plan edited in a form: a smaller, slower revision through every gate; who edited it cannot approve it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.blocks.actions import APPROVE, EDIT, EDIT_CANARY, EDIT_PERCENT, EDIT_WAIT, EDIT_WITHOUT
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.town import open_town


@pytest.mark.timeout(240)
async def test_a_plan_is_edited_in_a_form_and_only_somebody_else_can_approve_what_became_of_it(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        stage = town.stage
        await town.serve("both")
        said = await stage.say("ada", "ops", "@gavel single: production web servers have drifted, fix it")
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        card = await stage.until(said, "grace", has=f"'{EDIT}'", seconds=120, what="The plan card")
        before = await town.proposal(task)
        estate = await town.estate.snapshot(town.stack.org)

        await stage.click("mallory", said.channel, card["ts"], EDIT)
        strangers = await stage.until_view("mallory", seconds=5, what="The form")
        fields = {block["block_id"]: block["element"] for block in strangers["blocks"] if block["type"] == "input"}
        as_it_is: dict[str, dict[str, object]] = {
            name: {name: fields[name]["initial_value"]} for name in (EDIT_CANARY, EDIT_PERCENT, EDIT_WAIT)
        }
        changed = as_it_is | {EDIT_WAIT: {EDIT_WAIT: "2"}}
        assert await stage.submit("mallory", strangers["id"], changed) == {}
        told = await stage.until(said, "mallory", has="can change this plan", seconds=30, what="What a stranger hears")
        assert told["ephemeral"]
        assert (await town.proposal(task)).nonce == before.nonce

        await stage.click("grace", said.channel, card["ts"], EDIT)
        view = await stage.until_view("grace", seconds=5, what="The form")
        wrong = await stage.submit("grace", view["id"], as_it_is | {EDIT_PERCENT: {EDIT_PERCENT: "200"}})
        assert list(wrong) == [EDIT_PERCENT]
        left_out = before.plan.asset_ids[0]
        edit = changed | {EDIT_PERCENT: {EDIT_PERCENT: "10"}, EDIT_WITHOUT: {EDIT_WITHOUT: ["0"]}}
        assert await stage.submit("grace", view["id"], edit) == {}

        old = await stage.until(said, "ada", has="Replaced by revision 2", seconds=60, what="The end of the old card")
        assert old["ts"] == card["ts"]
        new = await stage.until(said, "linus", has=f"'{APPROVE}'", seconds=120, what="The new plan card")
        after = await town.proposal(task)
        assert set(after.plan.asset_ids) == set(before.plan.asset_ids) - {left_out}
        assert [phase.wait_seconds for phase in after.plan.phases if phase.type == "wait"] == [2]
        biggest = max(len(phase.asset_ids) for phase in after.plan.phases if phase.type == "wave")
        assert biggest == max(1, len(after.plan.asset_ids) // 10)

        await stage.click("grace", said.channel, new["ts"], APPROVE)
        await stage.until(said, "grace", has="You changed what this plan does", seconds=30, what="That Grace cannot")
        assert await town.bodies(task, "phase_started") == []
        await stage.click("linus", said.channel, new["ts"], APPROVE)
        result: TaskResult = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert (result.outcome, result.revision, result.approvers) == ("completed", 2, ["U0LINUS001"]), result.detail
        now = await town.estate.snapshot(town.stack.org)
        assert now[left_out] == estate[left_out]
        assert {name for name in now if now[name] != estate[name]} <= set(after.plan.asset_ids)
        edits = [(body["outcome"], body["without"]) for body in await town.bodies(task, "plan_edited")]
        assert edits == [("not_for_you", []), ("edited", [left_out])]
        (void,) = await town.bodies(task, "plan_superseded")
        assert (void["revision"], void["by_revision"]) == (1, 2)
        assert (await town.ledger.verify(town.stack.org)).ok
