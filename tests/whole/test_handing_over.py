"""An incident that needs a patch: one report, one hand-over, one task more, with its own plan and its own decision."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.blocks.actions import REJECT
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.rejecting import reject
from tests.whole.test_several import result_of
from tests.whole.town import Town, open_town
from tools.connectors.incident import AlertQuery
from tools.connectors.vulnerability import CveAlertQuery
from tools.contracts.estate import Asset


async def make_an_ill_machine_vulnerable(town: Town) -> Asset:
    """A machine that an alert names, put onto an image that the scanner speaks of."""
    org = town.stack.org
    found, _ = await town.estate.alerts(org, AlertQuery(statuses=["open"]), limit=200, cursor=None)
    ill = {alert.asset_id for alert in found if alert.asset_id}
    weak, _ = await town.estate.cve_alerts(org, CveAlertQuery(), limit=200, cursor=None)
    named = {image for alert in weak for image in alert.image_ids}
    weak_versions = {image.family: image.version for image in await town.estate.images(org) if image.id in named}
    assets = await town.estate.snapshot(org)
    asset = next(assets[name] for name in sorted(ill) if assets[name].image_family in weak_versions)
    with sqlite3.connect(town.stack.estate) as tables:
        version = weak_versions[asset.image_family or ""]
        tables.execute("UPDATE assets SET image_version = ? WHERE org_id = ? AND id = ?", (version, org, asset.id))
    tables.close()
    return asset


@pytest.mark.timeout(300)
async def test_an_incident_is_handed_over_once_and_the_follow_up_is_decided_by_itself(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        stage = town.stage
        await town.serve("both")
        asset = await make_an_ill_machine_vulnerable(town)
        text = (
            f"@gavel {asset.id} in {asset.environment} has a high error rate. What is the root cause of this incident?"
        )
        said = await stage.say("ada", "ops", text)
        told = await stage.until(said, "ada", has="Handed over", seconds=120, what="The hand-over")
        assert "a task of its own" in str(told["blocks"])
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        report: TaskResult = await result_of(town, task)
        assert (report.outcome, report.handed_over_to) == ("reported", f"{task}-h")
        assert [body["to"] for body in await town.bodies(task, "handed_over")] == [f"{task}-h"]
        assert [body["allowed"] for body in await town.bodies(task, "report_validated")] == [True]

        card = await stage.until(said, "grace", has=f"'{REJECT}'", seconds=120, what="The follow-up's plan")
        assert await reject(stage, "grace", said, card) == {}
        follow_up = town.temporal.get_workflow_handle_for(TaskWorkflow.run, f"{task}-h")
        ended = await follow_up.result()
        assert (ended.outcome, ended.handed_over_to, ended.phases_run) == ("rejected", "", 0)
        [proposed] = await town.bodies(f"{task}-h", "plan_proposed")
        assert asset.id in str(proposed)
        state = await follow_up.query(TaskWorkflow.task_state)
        assert (state.request.handed_over_from, state.request.user) == (task, state.request.user)
        assert (await town.ledger.verify(town.stack.org)).ok
