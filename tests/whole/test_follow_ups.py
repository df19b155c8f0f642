"""Replies under a plan that waits: asked about, narrowed, and approved as the new revision only."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.blocks.actions import ANSWER_PREFIX, APPROVE, ButtonValue
from bot.workflows.messages import TaskResult, TaskState
from bot.workflows.task import TaskWorkflow
from prompts.library import PromptLibrary
from tests.whole.town import Town, open_town, until
from tools.contracts.common import JsonObject
from tools.contracts.decision import Decision
from tools.contracts.ledger import LedgerKind
from tools.contracts.signing import sign


async def until_recorded(town: Town, task: str, kind: LedgerKind) -> list[JsonObject]:
    for _ in range(100):
        if found := await town.bodies(task, kind):
            return found
        await asyncio.sleep(0.3)
    raise AssertionError(f"{task} recorded no {kind}")


def bound(card: dict[str, Any]) -> ButtonValue:
    rows = [block["elements"] for block in card["blocks"] if block["type"] == "actions"]
    return ButtonValue.decode(rows[0][0]["value"])


async def click_from_a_screen_that_was_not_refreshed(town: Town, task: str, value: ButtonValue) -> None:
    """Grace still sees the old card. What the edge makes of her click is rightly signed."""
    decision = Decision(
        org=town.stack.org,
        task_id=task,
        revision=value.revision,
        verdict="approve",
        reason="",
        plan_digest=value.plan_digest,
        policy_digest=value.policy_digest,
        target=value.target,
        user="U0GRACE001",
        channel="C0OPS00001",
        nonce=value.nonce,
        issued_at=datetime.now(UTC).isoformat(),
        expires_at=value.expires_at,
    )
    handle = town.temporal.get_workflow_handle(task)
    await handle.signal(TaskWorkflow.decide, sign(decision, town.stack.keys.derive("decision")))


@pytest.mark.timeout(240)
async def test_a_plan_is_explained_narrowed_and_only_its_new_revision_can_be_approved(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        stage = town.stage
        await town.serve("both")
        said = await stage.say("ada", "ops", "@gavel production web servers have drifted, fix it")
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        card = await stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The plan card")
        old, before = bound(card), await town.proposal(task)
        estate = await town.estate.snapshot(town.stack.org)

        asset = before.plan.asset_ids[0]
        await stage.say("linus", "ops", f"@gavel why {asset}?", thread=said)
        answer = await stage.until(said, "ada", has="From the evidence", seconds=30, what="The explanation")
        assert asset in str(answer["blocks"])
        assert "compare_versions /drifted/" in str(answer["blocks"])
        await stage.say("linus", "ops", "@gavel why did it drift, and whose fault is it?", thread=said)
        await stage.until(said, "ada", has="so I do not know it", seconds=30, what="That it is not known")
        assert (await town.proposal(task)).nonce == before.nonce
        assert await town.estate.snapshot(town.stack.org) == estate
        assert await town.bodies(task, "phase_started") == []

        region = (await town.estate.snapshot(town.stack.org))[asset].region
        await stage.say("mallory", "ops", f"@gavel only {region}", thread=said)
        told = await stage.until(
            said, "mallory", has="can change this plan", seconds=30, what="What a stranger is told"
        )
        assert told["ephemeral"]
        await stage.say("ada", "ops", "@gavel do staging as well", thread=said)
        asked = await stage.until(
            said, "ada", has="Shall I make it a task of its own", seconds=30, what="What Ada is asked"
        )
        await stage.click("ada", said.channel, asked["ts"], f"{ANSWER_PREFIX}0")
        closed = await stage.until(
            said, "ada", has="a task of its own for staging", seconds=30, what="What became of it"
        )
        assert closed["ts"] == asked["ts"]
        assert "actions" not in {block["type"] for block in closed["blocks"]}
        assert (await town.proposal(task)).nonce == before.nonce
        [heard] = [
            body for body in await town.bodies(task, "follow_up_heard") if body["outcome"] == "elsewhere_started"
        ]
        other = town.temporal.get_workflow_handle_for(TaskWorkflow.run, heard["to"])
        [spec] = await until_recorded(town, heard["to"], "task_spec")
        assert (spec["environment"], spec["user"], spec["follows"]) == ("staging", "U0ADA00001", task)

        async def thread() -> str | None:
            elsewhere: TaskState = await other.query(TaskWorkflow.task_state)
            return elsewhere.thread_ts

        await until(thread, seconds=30, what="The thread of the other task")
        assert await thread() != said.ts
        await other.terminate()

        await stage.say("ada", "ops", f"@gavel only {region}, smaller batches", thread=said)
        await stage.until(said, "grace", has="Replaced by revision 2", seconds=60, what="The end of the old card")
        new = await stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The new plan card")
        after = await town.proposal(task)
        assert (bound(new).revision, after.revision) == (2, 2)
        assert bound(new).nonce != old.nonce
        assert {estate[name].region for name in after.plan.asset_ids} == {region}

        await click_from_a_screen_that_was_not_refreshed(town, task, old)
        stale = await stage.until(said, "grace", has="older revision", seconds=30, what="That the click is stale")
        assert stale["ephemeral"]
        assert await town.bodies(task, "phase_started") == []

        await stage.say("ada", "ops", "@gavel do development as well", thread=said)
        left = await stage.until(said, "ada", has="is about development", seconds=30, what="What Ada is asked again")
        await stage.click("grace", said.channel, new["ts"], APPROVE)
        result: TaskResult = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert (result.outcome, result.revision, result.approvers) == ("completed", 2, ["U0GRACE001"]), result.detail
        (over,) = [message for message in await stage.thread(said, "ada") if message["ts"] == left["ts"]]
        assert "the plan for production waits no more" in over["text"]
        assert "actions" not in {block["type"] for block in over["blocks"]}
        changed = [
            name for name, asset in (await town.estate.snapshot(town.stack.org)).items() if asset != estate[name]
        ]
        assert set(changed) <= set(after.plan.asset_ids)
        [void] = await town.bodies(task, "plan_superseded")
        assert (void["revision"], void["by_revision"]) == (1, 2)
        stamps = PromptLibrary().stamps
        explained = await town.bodies(task, "plan_explained")
        all_heard = await town.bodies(task, "follow_up_heard")
        assert explained
        assert all(body["prompts"] == stamps("follow_up", "explain") for body in explained)
        assert {body["outcome"] for body in all_heard} >= {"refined", "not_for_you"}
        assert all(
            body["prompts"] == stamps("follow_up") for body in all_heard if body["outcome"] != "elsewhere_started"
        )
        assert (await town.ledger.verify(town.stack.org)).ok
