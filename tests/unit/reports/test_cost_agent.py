"""The cost agent end to end: savings from measured use, totals that add up, no amount of anybody's own."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.specialists.cost import CostAgent
from bot.advisories.store import SqlAdvisories
from tests.unit.agents.bench import ORG
from tests.unit.reports.bench import Bending, Desk, all_hold, opened, report_of, task_of
from tools.contracts.common import Environment
from tools.contracts.outputs.cost import CostOptimizationPlan
from tools.contracts.outputs.report import Report


@pytest.fixture
async def desk(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member], advisories: SqlAdvisories
) -> AsyncGenerator[Desk, None]:
    async with opened(tmp_path, CostAgent, model_client, members, seed=7, advisories=advisories) as made:
        yield made


def typed(report: Report) -> CostOptimizationPlan:
    assert isinstance(report, CostOptimizationPlan)
    return report


@pytest.mark.parametrize("environment", ["production", "staging"])
async def test_savings_add_up_and_each_rests_on_measured_use(desk: Desk, environment: Environment) -> None:
    report = typed(report_of(await desk.work(task_of(CostAgent, environment))))
    assert all_hold(report, desk.results)
    assert report.conclusion == "findings"
    (total,) = report.totals
    assert len(report.savings) == total.total_recommendations
    assert sum(row.saving_usd_month for row in report.savings) == pytest.approx(total.total_saving_usd_month, abs=0.5)
    assert str(total.total_saving_usd_month) in report.summary.text
    usage = {row["asset_id"]: row for row in desk.rows("SELECT * FROM asset_usage WHERE org_id = ?", ORG)}
    for row in report.savings:
        known = usage[row.asset_id]
        assert known["observed_days"] or known["stopped_at"]
        assert row.saving_usd_month <= row.now_usd_month
    if environment == "production":
        assert "schedule" not in {row.kind for row in report.savings}
    assert not [row for row in report.findings if row.kind == "cause"]
    assert {advice.task_type for advice in report.recommendations} == {None}


def optimistic(request: ChatRequest, text: str) -> str:
    """Every member promises ten times as much, citing what was computed; and votes for everything."""
    if request.purpose not in ("report", "vote"):
        return text
    answer: dict[str, Any] = json.loads(text)
    if request.purpose == "vote":
        answer["ballots"] = [{**ballot, "stance": "support", "reason": ""} for ballot in answer["ballots"]]
    else:
        answer["claims"] = [
            {**claim, "value": f"{claim['value']}0".replace(".", "")} if "saving" in claim["attribute"] else claim
            for claim in answer["claims"]
        ]
    return json.dumps(answer)


async def test_an_amount_that_no_tool_computed_is_not_told_as_found(desk: Desk) -> None:
    desk.through(lambda client: Bending(client, optimistic))
    report = typed(report_of(await desk.work(task_of(CostAgent))))
    amounts = {str(row.saving_usd_month) for row in report.savings}
    amounts |= {str(kind.saving_usd_month) for page in report.totals for kind in page.by_kind}
    amounts |= {str(page.total_saving_usd_month) for page in report.totals}
    for finding in report.findings:
        if "saving usd month is" in finding.statement.text:
            assert finding.statement.text.rpartition(" is ")[2].rstrip(".") in amounts


async def test_machines_that_nobody_watched_have_no_saving_and_are_named_as_such(desk: Desk) -> None:
    report = typed(report_of(await desk.work(task_of(CostAgent))))
    (total,) = report.totals
    assert total.not_watched > 0
    assert not {row.asset_id for row in report.savings} & set(total.not_watched_ids)
    assert any("measured" in advice.statement.text for advice in report.recommendations)
    assert report.missing


async def test_without_any_record_of_use_no_saving_is_made_up(desk: Desk) -> None:
    desk.alter("DELETE FROM asset_usage WHERE org_id = ?", ORG)
    outcome = await desk.work(task_of(CostAgent))
    report = typed(report_of(outcome))
    assert report.savings == report.totals == []
    assert report.conclusion != "healthy"
    assert any("get_cost_recommendations" in text for text in outcome.missing)


async def test_without_any_source_the_models_are_not_asked(desk: Desk) -> None:
    for table in ("asset_usage", "bills", "daily_costs"):
        desk.alter(f"DROP TABLE {table}")
    outcome = await desk.work(task_of(CostAgent))
    assert (report_of(outcome).conclusion, outcome.council.members) == ("inconclusive", [])


def make_thrifty(desk: Desk) -> None:
    """Everything used as it is sized, watched, within its budget, and every day like the one before."""
    desk.alter(
        "UPDATE asset_usage SET cpu_p95_percent = 75, memory_p95_percent = 75, observed_days = 30, running_hours = 720,"
        " busy_hours = 720, stopped_at = NULL WHERE org_id = ?",
        ORG,
    )
    desk.alter("UPDATE daily_costs SET cost_usd = 10 WHERE org_id = ?", ORG)
    desk.alter("UPDATE budgets SET monthly_usd = 1000000 WHERE org_id = ?", ORG)


async def test_where_nothing_is_to_be_saved_it_says_so(desk: Desk) -> None:
    make_thrifty(desk)
    report = typed(report_of(await desk.work(task_of(CostAgent))))
    assert report.conclusion == "healthy", (report.summary.text, report.missing)
    assert report.recommendations == []


async def test_what_is_thrifty_but_for_a_budget_that_nobody_set_is_inconclusive(desk: Desk) -> None:
    make_thrifty(desk)
    desk.alter("DELETE FROM budgets WHERE org_id = ?", ORG)
    assert report_of(await desk.work(task_of(CostAgent))).conclusion == "inconclusive"
