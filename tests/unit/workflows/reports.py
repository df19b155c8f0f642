"""What the scripted steps answer where an agent reports instead of planning."""

from __future__ import annotations

from dataclasses import replace

from bot.workflows import messages as m
from tests.unit.workflows.conftest import KEY
from tools.contracts.common import JsonObject
from tools.contracts.outputs import read_report
from tools.contracts.outputs.report import Report
from tools.contracts.signing import sign
from tools.contracts.verdict import GateName, GateReport, GateResult, Refusal

GATES: list[GateName] = ["schema", "policy", "safety", "approval"]


def written(report: Report, message: m.InvestigateInput) -> JsonObject:
    of_this_task = {"org": message.request.org, "task_id": message.request.task_id, "revision": message.revision}
    return {**report.model_dump(mode="json"), **of_this_task}


def judged(message: m.JudgeInput, *, refused: bool) -> m.Judged:
    found = read_report(message.investigated.report or {})
    results = [GateResult(gate=gate, passed=True, refusals=[], engine="script", duration_ms=0) for gate in GATES]
    if refused:
        refusal = Refusal(gate="safety", rule="safety.receipts_uncited", reason="summary states 42")
        results[2:] = [GateResult(gate="safety", passed=False, refusals=[refusal], engine="script", duration_ms=0)]
    report = GateReport(
        plan_digest=found.digest,
        policy_digest="sha256:" + "0" * 64,
        results=results,
        requirement=None,
        subject="report",
    )
    return m.Judged(report=report, plan=None, found=found if report.allowed else None)


def follow_up(request: m.TaskRequest) -> m.TaskRequest:
    """As the worker makes it: marked, and vouched for."""
    return sign(replace(request, task_id=f"{request.task_id}-h", handed_over_from=request.task_id, mac=""), KEY)


def elsewhere(message: m.ElsewhereInput) -> m.TaskRequest:
    """Likewise, where a reply named another environment."""
    return sign(replace(message.request, task_id=f"{message.request.task_id}-e", mac=""), KEY)
