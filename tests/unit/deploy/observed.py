"""Every metric that Gavel has, with its labels: each group of them told of one thing of every kind."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.samples import Sample
from temporalio.client import Client

from bot.telemetry.health import HealthMetrics, Looked
from bot.telemetry.held import HeldMetrics
from bot.telemetry.metrics import Metrics
from bot.telemetry.queue import QueueMetrics, Wait
from bot.telemetry.recorded import RecordedMetrics
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind

RECORDED: Mapping[LedgerKind, JsonObject] = {
    "llm_called": {"provider": "openai", "model": "m", "purpose": "report", "success": True, "estimated_cost": 1.0},
    "llm_answer_reused": {},
    "council_voted": {"mode": "council", "members": [{"model": "m", "state": "answered"}], "agreement": 1.0},
    "plan_validated": {
        "subject": "plan",
        "results": [{"gate": "policy", "passed": False, "refusals": [{"rule": "plan.batch_too_large"}]}],
    },
    "approval_requested": {},
    "approval_waived": {"autonomy": {"mode": "full_auto"}},
    "decision_accepted": {"verdict": "approve", "settled": True, "waited_seconds": 1.0},
    "decision_refused": {"problem": "forged"},
    "tool_called": {"stage": "outcome", "tool": "query_assets", "outcome": "ok"},
    "phase_finished": {"environment": "production", "ok": True},
    "rollback_finished": {"environment": "production", "ok": True},
    "task_ended": {"outcome": "completed"},
}


def at_the_start() -> list[Sample]:
    """What a worker shows that has recorded nothing yet."""
    metrics = Metrics()
    RecordedMetrics(metrics.registry, tools=["query_assets"])
    HeldMetrics(metrics.registry)
    return [sample for family in metrics.registry.collect() for sample in family.samples]


async def metrics_and_labels() -> dict[str, set[str]]:
    """Name of a sample → its labels."""
    metrics = Metrics()
    recorded = RecordedMetrics(metrics.registry, tools=["query_assets"])
    for kind, body in RECORDED.items():
        recorded(kind, body)
    recorded("llm_called", {**RECORDED["llm_called"], "estimated_cost": None})
    metrics.intake.answered("app_mention", 200, 0.1)
    with metrics.intake.handing_over("start"):
        pass
    metrics.slack.called("chat.postMessage", "ok")
    metrics.slack.waited(0.1, urgent=True)
    metrics.slack.held("chat.postMessage", 1)
    HeldMetrics(metrics.registry).met("newer")
    HealthMetrics(metrics.registry).tell(Looked(ready=True, parts={"sql": True}))
    queue = QueueMetrics(metrics.registry, await Client.connect("127.0.0.1:9", lazy=True), task_queue="gavel")
    queue.tell({"running": 1}, {"workflow": Wait(steps=1, oldest_seconds=1, pollers=1)})
    return {
        sample.name: set(sample.labels)
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name.startswith("gavel_")
    }
