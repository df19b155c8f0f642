"""The security agent end to end: severity from the data, exposure as computed, nothing unjudged called clean."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.specialists.security import SecurityAgent
from bot.advisories.store import SqlAdvisories
from tests.unit.agents.bench import ORG
from tests.unit.reports.bench import Bending, Desk, all_hold, opened, report_of, task_of
from tools.contracts.outputs.report import Report
from tools.contracts.outputs.security import SecurityReport


@pytest.fixture
async def desk(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member], advisories: SqlAdvisories
) -> AsyncGenerator[Desk, None]:
    async with opened(tmp_path, SecurityAgent, model_client, members, seed=7, advisories=advisories) as made:
        yield made


def typed(report: Report) -> SecurityReport:
    assert isinstance(report, SecurityReport)
    return report


@pytest.mark.parametrize("seed", [3, 11])
async def test_what_is_vulnerable_and_exposed_is_told_as_the_data_have_it(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member], advisories: SqlAdvisories, seed: int
) -> None:
    async with opened(tmp_path, SecurityAgent, model_client, members, seed=seed, advisories=advisories) as desk:
        report = typed(report_of(await desk.work(task_of(SecurityAgent, role="worker"))))
        workers = {row["id"] for row in desk.rows("SELECT id FROM assets WHERE org_id = ? AND id LIKE 'worker-%'", ORG)}
        assert all_hold(report, desk.results)
    assert report.conclusion == "findings"
    scores = [row.cvss_score or 0 for row in report.vulnerabilities]
    assert scores == sorted(scores, reverse=True)
    log4shell = next(row for row in report.vulnerabilities if row.vulnerability == "CVE-2021-44228")
    assert (log4shell.severity, log4shell.cvss_score) == ("critical", 10.0)
    named = {asset for row in [*report.findings, *report.recommendations] for asset in row.asset_ids}
    assert named
    assert named <= workers
    patches = [row for row in report.recommendations if row.task_type == "patch_rollout"]
    assert patches
    assert {finding.kind for finding in report.findings if finding.severity} >= {"risk"}
    assert report.handover is None


def from_memory(request: ChatRequest, text: str) -> str:
    """Every member calls everything mild, with the receipts that say otherwise; and votes for everything."""
    if request.purpose not in ("report", "vote"):
        return text
    answer: dict[str, Any] = json.loads(text)
    if request.purpose == "vote":
        answer["ballots"] = [{**ballot, "stance": "support", "reason": ""} for ballot in answer["ballots"]]
    else:
        mild = [{**claim, "value": "low"} for claim in answer["claims"] if claim["attribute"] == "severity"]
        answer["claims"] = mild
    return json.dumps(answer)


async def test_a_severity_from_memory_is_not_told_as_found(desk: Desk) -> None:
    desk.through(lambda client: Bending(client, from_memory))
    report = typed(report_of(await desk.work(task_of(SecurityAgent, role="worker"))))
    mild = {row.vulnerability for row in report.vulnerabilities if row.severity == "low"}
    told = {row.statement.text.partition(":")[0] for row in report.findings if "severity is low" in row.statement.text}
    assert told <= mild
    disputed = {row.statement.text for row in report.disputed}
    assert "CVE-2021-44228: severity is low." in disputed


async def test_without_cve_data_nothing_is_clean(desk: Desk) -> None:
    desk.advisories = None
    outcome = await desk.work(task_of(SecurityAgent, role="web"))
    assert report_of(outcome).conclusion != "healthy"
    assert any("scan_vulnerabilities" in text for text in outcome.missing)


async def test_an_inventory_that_matches_nothing_is_not_clean(desk: Desk) -> None:
    outcome = await desk.work(task_of(SecurityAgent, role="mainframe"))
    assert (report_of(outcome).conclusion, outcome.council.members) == ("inconclusive", [])
    assert "No asset" in outcome.diagnosis


async def make_clean(desk: Desk) -> None:
    """No package that anything is known of, no port that the internet reaches, no open finding."""
    desk.alter("UPDATE image_packages SET version = '99999:999.0.0' WHERE org_id = ?", ORG)
    desk.alter("DELETE FROM image_packages WHERE ecosystem NOT LIKE 'Debian%' AND org_id = ?", ORG)
    desk.alter(
        "INSERT OR IGNORE INTO image_packages (org_id, image_id, ecosystem, package, version)"
        " SELECT org_id, id, 'Debian:12', 'redis', '99999:999.0.0' FROM images WHERE org_id = ?",
        ORG,
    )
    desk.alter("UPDATE OR IGNORE listeners SET source = '10.0.0.0/8', packages = '[]' WHERE org_id = ?", ORG)
    desk.alter("DELETE FROM listeners WHERE source != '10.0.0.0/8' AND org_id = ?", ORG)
    desk.alter("DELETE FROM cve_alerts WHERE org_id = ?", ORG)


async def test_what_was_scanned_to_the_end_and_is_clean_may_be_called_so(desk: Desk) -> None:
    await make_clean(desk)
    report = typed(report_of(await desk.work(task_of(SecurityAgent, role="cache"))))
    assert report.conclusion == "healthy", (report.summary.text, report.missing)
    assert not report.vulnerabilities
    assert report.summary.receipts


async def test_a_package_that_cannot_be_judged_is_not_called_clean(desk: Desk) -> None:
    await make_clean(desk)
    desk.alter("UPDATE image_packages SET version = 'of unknown make' WHERE org_id = ?", ORG)
    report = typed(report_of(await desk.work(task_of(SecurityAgent, role="cache"))))
    assert report.conclusion == "inconclusive"
    assert any("could not be judged" in advice.statement.text for advice in report.recommendations)
