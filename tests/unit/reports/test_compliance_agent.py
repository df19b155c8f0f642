"""The compliance agent end to end: no data is never compliant, evidence is cited, an error is an error."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agents.orchestrator.chat import Member
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.specialists.compliance import ComplianceAgent
from bot.advisories.store import SqlAdvisories
from tests.unit.agents.bench import ORG
from tests.unit.reports.bench import Desk, all_hold, opened, report_of, task_of
from tools.contracts.outputs.compliance import ComplianceReport
from tools.contracts.outputs.report import Report


@pytest.fixture
async def desk(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member], advisories: SqlAdvisories
) -> AsyncGenerator[Desk, None]:
    async with opened(tmp_path, ComplianceAgent, model_client, members, seed=7, advisories=advisories) as made:
        yield made


def typed(report: Report) -> ComplianceReport:
    assert isinstance(report, ComplianceReport)
    return report


def make_hold(desk: Desk) -> None:
    """Every control is one that people attest, and did."""
    desk.alter("UPDATE controls SET measured_by = 'attestation' WHERE org_id = ?", ORG)
    desk.alter("DELETE FROM attestations WHERE org_id = ?", ORG)
    desk.alter(
        "INSERT INTO attestations (org_id, id, framework, control_id, statement, attested_by, attested_at, valid_until)"
        " SELECT org_id, 'AT-' || framework || control_id, framework, control_id, 'It holds.', 'U0CISO',"
        " '2026-11-01T00:00:00.000000+00:00', '2027-11-01T00:00:00.000000+00:00' FROM controls WHERE org_id = ?",
        ORG,
    )


@pytest.mark.parametrize("seed", [3, 11])
async def test_verdicts_are_those_of_the_records_and_each_rests_on_evidence(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member], advisories: SqlAdvisories, seed: int
) -> None:
    async with opened(tmp_path, ComplianceAgent, model_client, members, seed=seed, advisories=advisories) as desk:
        outcome = await desk.work(task_of(ComplianceAgent))
        report = typed(report_of(outcome))
        assert all_hold(report, desk.results)
        results = desk.rows("SELECT framework, control_id FROM control_results WHERE org_id = ?", ORG)
    assert report.conclusion == "findings"
    assert len(report.documents) == 1
    audited = {(row["framework"], row["control_id"]) for row in results}
    for row in report.controls:
        place = (row.control.framework, row.control.control_id)
        if row.control.measured_by != "attestation" and place not in audited:
            assert row.control.verdict == "no_data"
        assert row.record_digest.startswith("sha256:")
    gaps = {row.statement.text for row in report.findings if row.kind == "gap"}
    assert gaps
    assert report.missing
    assert not [row for row in report.findings if row.kind == "cause"]
    assert {advice.task_type for advice in report.recommendations} >= {"drift_remediation", "patch_rollout"}


async def test_where_every_control_holds_with_evidence_it_may_be_called_so(desk: Desk) -> None:
    make_hold(desk)
    report = typed(report_of(await desk.work(task_of(ComplianceAgent))))
    assert report.conclusion == "healthy", (report.summary.text, report.missing)
    assert {row.verdict for row in report.frameworks} == {"compliant"}


@pytest.mark.parametrize("taken", ["the only word for it", "an attestation that ran out"])
async def test_one_control_without_data_is_never_a_pass(desk: Desk, taken: str) -> None:
    make_hold(desk)
    if taken == "the only word for it":
        desk.alter("DELETE FROM attestations WHERE control_id = '8.4.2' AND org_id = ?", ORG)
    else:
        ran_out = "2026-11-02T00:00:00.000000+00:00"
        desk.alter("UPDATE attestations SET valid_until = ? WHERE control_id = '8.4.2' AND org_id = ?", ran_out, ORG)
    report = typed(report_of(await desk.work(task_of(ComplianceAgent))))
    assert report.conclusion == "inconclusive"
    assert any("attested" in advice.statement.text for advice in report.recommendations)


@pytest.mark.parametrize("table", ["controls", "control_results", "attestations"])
async def test_a_record_that_cannot_be_read_attests_nothing(desk: Desk, table: str) -> None:
    make_hold(desk)
    desk.alter(f"DROP TABLE {table}")
    outcome = await desk.work(task_of(ComplianceAgent))
    report = typed(report_of(outcome))
    assert (report.conclusion, report.documents, report.controls) == ("inconclusive", [], [])
    assert "nothing is known to hold" in report.summary.text
    assert outcome.missing


async def test_an_org_without_controls_is_not_compliant(desk: Desk) -> None:
    desk.alter("DELETE FROM controls WHERE org_id = ?", ORG)
    assert report_of(await desk.work(task_of(ComplianceAgent))).conclusion == "inconclusive"


async def test_a_pass_on_record_that_a_measurement_speaks_against_is_found(desk: Desk) -> None:
    desk.alter("DELETE FROM exemptions WHERE org_id = ?", ORG)
    make_hold(desk)
    desk.alter("UPDATE controls SET measured_by = 'drift' WHERE control_id = '2.2.1' AND org_id = ?", ORG)
    desk.alter(
        "UPDATE control_results SET status = 'passing', affected_assets = '[]', score = 100"
        " WHERE control_id = '2.2.1' AND org_id = ?",
        ORG,
    )
    report = typed(report_of(await desk.work(task_of(ComplianceAgent))))
    assert report.conclusion == "findings"
    assert any("measured now it does not" in row.statement.text for row in report.findings)


async def test_a_framework_that_the_request_names_is_the_one_that_is_audited(desk: Desk) -> None:
    report = typed(report_of(await desk.work(task_of(ComplianceAgent, words="are we fine for SOC 2?"))))
    assert [row.framework for row in report.frameworks] == ["SOC 2"]
