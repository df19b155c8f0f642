"""A council that lost a member asks for care: two people type the environment's name, and only then it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.blocks.actions import APPROVE, STEP_UP_BLOCK, STEP_UP_INPUT, ButtonValue
from bot.local.stage import Said
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.town import Town, open_town
from tools.contracts.decision import Decision
from tools.contracts.signing import sign


async def a_model_is_down(town: Town) -> None:
    fault = {"model": "rehearsal-cedar", "kind": "status_500"}
    async with town.stage.http.post(f"{town.stack.part('llm').address}/local/faults", json=fault) as response:
        assert response.status == 201


async def form_of(town: Town, user: str, said: Said, card: dict[str, Any]) -> str:
    """Press Approve; the id of the form that opens."""
    await town.stage.click(user, said.channel, card["ts"], APPROVE)
    view = await town.stage.until_view(user, seconds=5, what=f"The form for {user}")
    assert "in production." in str(view["blocks"])
    assert "Type production to approve" in str(view["blocks"])
    return str(view["id"])


async def types(town: Town, user: str, view: str, word: str) -> dict[str, str]:
    return await town.stage.submit(user, view, {STEP_UP_BLOCK: {STEP_UP_INPUT: word}})


async def someone_who_is_not_there_decides(town: Town, task: str, card: dict[str, Any]) -> None:
    """Rightly signed, by somebody whom Slack cannot tell that it did not count."""
    rows = [block["elements"] for block in card["blocks"] if block["type"] == "actions"]
    value = ButtonValue.decode(rows[0][0]["value"])
    decision = Decision(
        org=town.stack.org,
        task_id=task,
        revision=value.revision,
        verdict="approve",
        reason="",
        plan_digest=value.plan_digest,
        policy_digest=value.policy_digest,
        target=value.target,
        user="U0LEFTUS01",
        channel="C0OPS00001",
        nonce=value.nonce,
        issued_at=datetime.now(UTC).isoformat(),
        expires_at=value.expires_at,
        step_up="production",
    )
    handle = town.temporal.get_workflow_handle(task)
    await handle.signal(TaskWorkflow.decide, sign(decision, town.stack.keys.derive("decision")))


async def signals_come_without_a_message(town: Town, task: str) -> None:
    """As whoever reaches Temporal can send them: were they not dropped, the task would never go on."""
    for name in ("decide", "answer", "edit", "control"):
        await town.temporal.get_workflow_handle(task).signal(name)


@pytest.mark.timeout(240)
async def test_a_plan_that_needs_care_runs_once_two_people_typed_the_environments_name(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        stage = town.stage
        await town.serve("both")
        await a_model_is_down(town)
        said = await stage.say("ada", "ops", "@gavel production web servers have drifted, fix it")
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        card = await stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The plan card")
        shown = str(card["blocks"])
        assert "Extra care is asked" in shown
        assert "Fewer models than were asked for stand behind this plan in production." in shown
        assert "The council did not come to an agreement." in shown

        await stage.say("ada", "ops", "@gavel approve, production", thread=said)
        told = await stage.until(said, "ada", has="decides nothing", seconds=20, what="What a typed word is told")
        assert told["ephemeral"]
        assert not any("decides nothing" in each["text"] for each in await stage.thread(said, "grace"))

        await someone_who_is_not_there_decides(town, task, card)
        await signals_come_without_a_message(town, task)

        grace = await form_of(town, "grace", said, card)
        wrong = await types(town, "grace", grace, "staging")
        assert "nothing was decided. Type production" in wrong[STEP_UP_BLOCK]
        assert await types(town, "grace", grace, "production") == {}
        assert await stage.view("grace") is None
        half = await stage.until(said, "grace", has="1 of 2 approved so far", seconds=20, what="The first approval")

        linus = await form_of(town, "linus", said, half)
        await stage.close_view("linus", linus)
        linus = await form_of(town, "linus", said, half)
        assert await town.bodies(task, "phase_started") == []
        assert await types(town, "linus", linus, "production") == {}

        handle = town.temporal.get_workflow_handle_for(TaskWorkflow.run, task)
        result: TaskResult = await handle.result()
        assert (result.outcome, result.approvers) == ("completed", ["U0GRACE001", "U0LINUS001"]), result.detail
        assert [body["step_up"] for body in await town.bodies(task, "decision_accepted")] == ["production"] * 2
        refused = [(body["problem"], body["user"]) for body in await town.bodies(task, "decision_refused")]
        assert refused == [("typed", "U0ADA00001"), ("not_in_role", "U0LEFTUS01")]
        assert (await town.ledger.verify(town.stack.org)).ok
