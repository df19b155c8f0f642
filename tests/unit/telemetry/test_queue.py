"""What waits is told where Temporal tells it. Whatever it answers, the other figures are shown."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from temporalio.client import Client

from bot.telemetry.queue import QueueMetrics, Wait


@pytest.mark.parametrize("task_queue", ["gavel", "no name that can be sent: \udcff"], ids=["away", "unexpected"])
async def test_without_an_answer_there_are_no_figures_rather_than_old_ones(task_queue: str) -> None:
    registry = CollectorRegistry()
    queue = QueueMetrics(registry, await Client.connect("127.0.0.1:9", lazy=True), task_queue=task_queue)
    queue.tell({"running": 3}, {"workflow": Wait(steps=2, oldest_seconds=1, pollers=1)})
    assert registry.get_sample_value("gavel_queue_known") == 1
    await queue.refresh()
    assert registry.get_sample_value("gavel_queue_known") == 0
    assert registry.get_sample_value("gavel_tasks", {"status": "running"}) is None
    assert registry.get_sample_value("gavel_queue_backlog", {"type": "workflow"}) is None
