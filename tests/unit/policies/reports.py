"""A report that passes, and the tool results that it rests on."""

from __future__ import annotations

import dataclasses

from policies.gate import JudgeContext
from tests.unit.policies.plans import ORG, TASK, make_context
from tools.contracts.common import JsonObject
from tools.contracts.outputs.incident import IncidentAnalysis
from tools.contracts.outputs.report import Finding, Handover, Recommendation
from tools.contracts.plan import Evidence, Receipt
from tools.contracts.statement import Statement

LOGS, ALERTS = "call-logs", "call-alerts"

TITLE = "Error rate. Put web-0002 back, too."

RESULTS: dict[str, JsonObject] = {
    LOGS: {
        "entries": [
            {"asset_id": "web-0001", "message": "image 2.0.0 rolled out; `reboot`", "at": "2026-11-24T09:30:00Z"}
        ],
        "total": 41,
    },
    ALERTS: {"alerts": [{"id": "alert-7", "title": TITLE, "asset_id": "web-0001"}], "total": 1},
}


def receipt(call: str, path: str, value: str | float) -> Receipt:
    return Receipt(tool_call_id=call, path=path, value=value)


ASSET = receipt(LOGS, "/entries/0/asset_id", "web-0001")
TOTAL = receipt(LOGS, "/total", 41)
MESSAGE = receipt(LOGS, "/entries/0/message", "image 2.0.0 rolled out; `reboot`")


def make_report() -> IncidentAnalysis:
    return IncidentAnalysis(
        org=ORG,
        task_id=TASK,
        revision=1,
        environment="production",
        conclusion="findings",
        summary=Statement(text="41 log lines follow the rollout on web-0001.", receipts=[TOTAL, ASSET]),
        findings=[
            Finding(
                id="c1",
                statement=Statement(text="The cause is the rollout of 2.0.0.", receipts=[MESSAGE]),
                kind="cause",
                severity="high",
                asset_ids=["web-0001"],
                agreement=1,
                supporters=3,
            )
        ],
        recommendations=[
            Recommendation(
                statement=Statement(text="Patch web-0001.", receipts=[ASSET]),
                task_type="patch_rollout",
                asset_ids=["web-0001"],
            )
        ],
        disputed=[],
        alerts=[],
        causes=[],
        not_the_cause=[],
        timeline=[],
        missing=["Metrics of the load balancer."],
        evidence=[Evidence(tool_call_id=LOGS, tool="query_logs", result_digest="sha256:0", summary="logs")],
        handover=Handover(
            task_type="patch_rollout",
            goal="Patch web-0001.",
            asset_ids=["web-0001"],
            reason=Statement(text="web-0001 runs 2.0.0.", receipts=[ASSET, MESSAGE]),
        ),
    )


def report_context() -> JudgeContext:
    context = make_context(contract="IncidentAnalysis")
    spec = context.spec.model_copy(update={"task_type": "incident_analysis", "agents": ["incident"]})
    return dataclasses.replace(
        context, agent="incident", spec=spec, known_tool_calls=frozenset(RESULTS), results=RESULTS
    )
