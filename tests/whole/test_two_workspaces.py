"""Two workspaces install the app: each is served with its own token, and neither decides what is the other's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.ledger.database import Database
from bot.ledger.tables import SlackInstallation
from bot.local.slack.seed import HOME_TEAM, SECOND_TEAM
from bot.workflows.task import TaskWorkflow
from tests.whole.town import until
from tests.whole.workspaces import BOTH, DRIFT, Workspaces, open_workspaces, task_of
from tools.contracts.control import Control
from tools.contracts.decision import Decision
from tools.contracts.estate import Asset
from tools.contracts.signing import sign


@pytest.mark.timeout(300)
async def test_two_workspaces_install_ask_and_approve(tmp_path: Path) -> None:
    async with open_workspaces(tmp_path) as there:
        for team in BOTH:
            await there.install(team)
        asked = {team.id: await there.asked(team) for team in BOTH}
        await _refuses_the_other(there, task_of(HOME_TEAM, asked[HOME_TEAM.id][0]))
        # In the middle of both tasks the tokens end; each is refreshed once, for bot and worker together.
        for team in BOTH:
            await there.app("expire_tokens", team=team.id)
        for team in BOTH:
            await there.approve(team, *asked[team.id])
        for team in BOTH:
            result = await there.result(team, asked[team.id][0])
            assert (result.outcome, result.approvers) == ("completed", [team.people[1].id]), result.detail
            said, approver = asked[team.id][0], f"<@{team.people[1].id}>"
            outcome = await there.stage(team).until(
                said, team.people[0].name, has=approver, seconds=30, what="How it ended"
            )
            assert outcome["bot_id"] == team.bot_id
        assert await there.refreshed() == 2
        for team in BOTH:
            (installed,) = await there.town.ledger.show(team.id, kind="workspace_installed")
            assert installed.actor == team.people[0].id
            assert (await there.town.ledger.verify(team.id)).ok


async def _refuses_the_other(there: Workspaces, task: str) -> None:
    """What an approver of the second workspace signs for a task of the first, as the edge would sign it."""
    town, stranger = there.town, SECOND_TEAM.people[1].id
    key, now = town.stack.keys.derive("decision"), datetime.now(UTC).isoformat()
    proposal = await town.proposal(task)
    decision = Decision(
        org=SECOND_TEAM.id,
        task_id=task,
        revision=proposal.revision,
        verdict="approve",
        reason="",
        plan_digest=proposal.plan.digest,
        policy_digest=proposal.report.policy_digest or "",
        target=proposal.plan.target,
        user=stranger,
        channel="C0OPS00002",
        nonce=proposal.nonce,
        issued_at=now,
        expires_at=proposal.expires_at,
    )
    handle = town.temporal.get_workflow_handle_for(TaskWorkflow.run, task)
    await handle.signal("decide", sign(decision, key))
    # And as if it came from the right workspace: of its people the stranger is none.
    await handle.signal("decide", sign(replace(decision, org=HOME_TEAM.id), key))
    cancel = Control(org=SECOND_TEAM.id, task_id=task, action="cancel", user=stranger, channel="C0OPS00002")
    await handle.signal("control", sign(cancel, key))

    async def refused() -> bool:
        decisions = await town.ledger.show(HOME_TEAM.id, task_id=task, kind="decision_refused")
        controls = await town.ledger.show(HOME_TEAM.id, task_id=task, kind="control_refused")
        return (len(decisions), len(controls)) == (2, 1)

    await until(refused, seconds=30, what="That the other workspace's words were refused")
    bodies = await town.bodies(task, "decision_refused")
    assert [body["problem"] for body in bodies] == ["wrong_task", "not_in_role"]
    assert (await town.proposal(task)).approvals == []


@pytest.mark.timeout(300)
async def test_a_workspace_removes_the_app_while_a_task_waits_and_comes_back(tmp_path: Path) -> None:
    async with open_workspaces(tmp_path) as there:
        for team in BOTH:
            await there.install(team)
        said, _ = await there.asked(SECOND_TEAM)
        mine, card = await there.asked(HOME_TEAM)
        task = task_of(SECOND_TEAM, said)
        assert (await there.app("uninstall", team=SECOND_TEAM.id))["events"] == ["tokens_revoked", "app_uninstalled"]
        result = await there.result(SECOND_TEAM, said)
        assert (result.outcome, result.ended_by) == ("cancelled", "terminal:slack"), result.detail
        removed = await there.town.ledger.show(SECOND_TEAM.id, kind="workspace_removed")
        # Told twice, by two events; the tasks are named by the first.
        assert json.loads(removed[0].body)["tasks"] == [task]
        ledger = there.town.ledger
        (cancelled,) = await ledger.show(SECOND_TEAM.id, task_id=task, kind="run_cancelled")
        assert json.loads(cancelled.body)["reason"] == "The app was removed from the workspace."
        assert await ledger.show(SECOND_TEAM.id, task_id=task, kind="task_ended")
        await _is_forgotten(there)
        # The other workspace notices nothing.
        await there.approve(HOME_TEAM, mine, card)
        assert (await there.result(HOME_TEAM, mine)).outcome == "completed"
        # What comes from a workspace without the app starts nothing; installed again, it is served as before.
        stage = there.stage(SECOND_TEAM)
        lost = await stage.say("wilma", "ops", DRIFT)
        await there.install(SECOND_TEAM)
        again, card = await there.asked(SECOND_TEAM)
        await there.approve(SECOND_TEAM, again, card)
        assert (await there.result(SECOND_TEAM, again)).outcome == "completed"
        assert not await ledger.show(SECOND_TEAM.id, task_id=task_of(SECOND_TEAM, lost), kind="task_received")


async def _is_forgotten(there: Workspaces) -> None:
    database = Database.open(there.town.stack.settings.database_url)
    async with database.reading() as connection:
        orgs = (await connection.execute(select(SlackInstallation.org))).scalars().all()
    await database.close()
    assert orgs == [HOME_TEAM.id]


@pytest.mark.timeout(300)
async def test_what_runs_in_a_workspace_that_removes_the_app_is_put_back(tmp_path: Path) -> None:
    async with open_workspaces(tmp_path, GAVEL_TASKS_CANARY_WAIT_SECONDS="20") as there:
        await there.install(SECOND_TEAM)
        said, card = await there.asked(SECOND_TEAM)
        before = await there.town.estate.snapshot(SECOND_TEAM.id)
        await there.approve(SECOND_TEAM, said, card)

        async def canary_changed() -> bool:
            return await there.town.estate.snapshot(SECOND_TEAM.id) != before

        await until(canary_changed, seconds=60, what="The canary")
        await there.app("uninstall", team=SECOND_TEAM.id)
        result = await there.result(SECOND_TEAM, said)
        assert result.outcome in ("cancelled", "rolled_back"), result.detail
        assert images(await there.town.estate.snapshot(SECOND_TEAM.id)) == images(before)
        task = task_of(SECOND_TEAM, said)
        (undone,) = await there.town.ledger.show(SECOND_TEAM.id, task_id=task, kind="rollback_finished")
        assert json.loads(undone.body)["ok"]


def images(assets: Mapping[str, Asset]) -> dict[str, str | None]:
    return {name: asset.image_version for name, asset in assets.items()}
