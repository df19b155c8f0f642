"""Reports pass all four gates; each check of one refuses what would pass without it, and nobody has to approve."""

from __future__ import annotations

import dataclasses

import pytest

from policies.approval import NOT_REQUIRED
from policies.checks import report as checks
from policies.checks.report import REPORT_CHECKS, ReportCheck
from policies.gate import JudgeContext
from policies.regorus_engine import RegorusEngine
from policies.safety import SafetyGate
from tests.unit.policies.documents import Change, both, put
from tests.unit.policies.plans import CATALOG, make_estate, make_plan
from tests.unit.policies.reports import ALERTS, LOGS, TITLE, make_report, report_context
from tests.unit.policies.test_pipeline import pipeline
from tools.contracts.common import JsonObject


async def refused(
    change: Change, *, context: JudgeContext | None = None, using: tuple[ReportCheck, ...] = REPORT_CHECKS
) -> set[str]:
    """The rules by which the safety gate refuses the changed report."""
    report = make_report().model_dump(mode="json")
    change(report)
    gate = SafetyGate(make_estate(), CATALOG, report_checks=using)
    finding = await gate.judge(report, context or report_context())
    return {refusal.rule.removeprefix("safety.") for refusal in finding.refusals}


def cited(call: str, path: str, value: str | float) -> JsonObject:
    return {"tool_call_id": call, "path": path, "value": value}


CASES: list[tuple[ReportCheck, str, Change]] = [
    (checks.of_this_task, "org", put("org", "T0OTHER")),
    (checks.of_this_task, "task", put("task_id", "T0ACME.C1.2000")),
    (checks.of_this_task, "revision", put("revision", 2)),
    (checks.evidence, "no_evidence", put("evidence", [])),
    (checks.evidence, "unknown_evidence", put("evidence.0.tool_call_id", "call-never-made")),
    (checks.receipts, "receipts_uncited", put("summary.text", "42 log lines follow the rollout on web-0001.")),
    (checks.receipts, "receipts_uncited", put("summary.text", "Forty log lines.")),
    (checks.receipts, "receipts_uncited", put("findings.0.statement.text", "The cause is the rollout of 2.0.1.")),
    (checks.receipts, "receipts_uncited", put("findings.0.statement.text", "CVE-2026-1 is the cause.")),
    (checks.receipts, "receipts_uncited", put("recommendations.0.statement.text", "Patch web-0002.")),
    (checks.receipts, "receipts_uncited", put("handover.goal", "Patch web-0001 and 9 others.")),
    (checks.receipts, "receipts_uncited", put("handover.reason.text", "web-0001 runs 1.0.0.")),
    (checks.receipts, "receipts_uncited", put("missing", ["The logs of web-0030."])),
    (checks.receipts, "receipts_wrong", put("summary.receipts.0.value", 40)),
    (checks.receipts, "receipts_wrong", put("findings.0.statement.receipts.0.path", "/entries/1/message")),
    (checks.receipts, "receipts_wrong", put("summary.receipts", [cited("call-never-made", "/total", 41)] * 2)),
    (checks.receipts, "receipts_none", both(put("summary.receipts", []), put("summary.text", "It was the rollout."))),
    (
        checks.receipts,
        "receipts_none",
        both(put("findings.0.statement.receipts", []), put("findings.0.statement.text", "The rollout is the cause.")),
    ),
    (checks.assets, "unknown_asset", put("findings.0.asset_ids", ["web-9999"])),
    (checks.assets, "unknown_asset", put("recommendations.0.asset_ids", ["other-0001"])),
    (
        checks.assets_from_rows,
        "asset_from_text",
        both(
            put("recommendations.0.asset_ids", ["web-0002"]),
            put(
                "recommendations.0.statement", {"text": "Do it.", "receipts": [cited(ALERTS, "/alerts/0/title", TITLE)]}
            ),
        ),
    ),
    (checks.concludes, "conclusion", both(put("conclusion", "healthy"), put("handover", None))),
    (checks.hands_over, "handover", put("handover.task_type", "incident_analysis")),
    (checks.no_secrets, "secret", put("missing", ["password: hunter2hunter2"])),
    (checks.no_commands, "command_text", put("recommendations.0.statement.text", "Run `reboot` now.")),
    (checks.no_commands, "command_text", put("missing", ["sudo systemctl restart nginx"])),
]


@pytest.mark.parametrize(("check", "rule", "change"), CASES)
async def test_a_check_refuses_what_would_pass_without_it(check: ReportCheck, rule: str, change: Change) -> None:
    found = await refused(change)
    # One sentence can be wrong in two ways: a receipt that does not hold shows nothing either.
    assert rule in found
    assert found <= {rule, "receipts_uncited"}
    assert await refused(change, using=tuple(other for other in REPORT_CHECKS if other is not check)) == set()


async def test_a_secret_is_not_repeated_by_the_receipts_check() -> None:
    assert await refused(put("missing", ["token ghp_0123456789abcdefghijABCDEFGHIJ0123"])) == {"secret"}


async def test_a_quoted_log_line_may_hold_anything() -> None:
    assert await refused(lambda _: None) == set()


async def test_inconclusive_may_rest_on_nothing() -> None:
    change = both(
        put("conclusion", "inconclusive"),
        put("summary", {"text": "The logs could not be read.", "receipts": []}),
        put("findings", []),
        put("recommendations", []),
        put("handover", None),
        put("evidence", []),
    )
    assert await refused(change) == set()


async def test_a_good_report_passes_every_gate_and_nobody_approves_it(regorus: RegorusEngine) -> None:
    report = await pipeline(regorus).judge(make_report().model_dump(mode="json"), report_context())
    assert report.allowed, report.refusals
    assert report.subject == "report"
    assert report.requirement is None
    assert report.results[-1].engine == NOT_REQUIRED
    assert report.plan_digest == make_report().digest


async def test_no_requirement_is_no_approval_for_a_plan(regorus: RegorusEngine) -> None:
    """The same four passes, called a plan: not allowed."""
    report = await pipeline(regorus).judge(make_report().model_dump(mode="json"), report_context())
    assert not report.model_copy(update={"subject": "plan"}).allowed


async def test_a_plan_cannot_pass_as_a_report_nor_a_report_as_a_plan(regorus: RegorusEngine) -> None:
    judging = pipeline(regorus)
    as_report = await judging.judge(make_plan().model_dump(mode="json"), report_context())
    assert {refusal.gate for refusal in as_report.refusals} == {"schema"}
    named = dataclasses.replace(report_context(), contract="DriftRemediationPlan")
    as_plan = await judging.judge(make_report().model_dump(mode="json"), named)
    assert {refusal.gate for refusal in as_plan.refusals} == {"schema"}


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        (put("phases", []), "schema"),
        (put("findings.0.statement.text", ""), "schema"),
        (put("environment", "staging"), "policy"),
        (put("findings.0.statement.receipts", []), "policy"),
        (put("summary.text", "42 lines."), "safety"),
    ],
)
async def test_each_gate_refuses_by_itself(change: Change, gate: str, regorus: RegorusEngine) -> None:
    report = make_report().model_dump(mode="json")
    change(report)
    judged = await pipeline(regorus).judge(report, report_context())
    assert not judged.allowed
    assert {refusal.gate for refusal in judged.refusals} == {gate}


async def test_a_receipt_of_another_tasks_call_shows_nothing() -> None:
    """Only this task's results are there to be cited."""
    none_of_them = dataclasses.replace(report_context(), results={})
    assert "receipts_wrong" in await refused(lambda _: None, context=none_of_them)
    assert {LOGS, ALERTS} == set(report_context().results)
