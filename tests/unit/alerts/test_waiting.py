"""What no longer fits into an alert's queue is told in the log and counted, once."""

from __future__ import annotations

import ast
import logging
import uuid
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig
from temporalio.worker import Replayer, Worker

from bot.workflows.alerts.waiting import DROPPED, enqueue


@workflow.defn(sandboxed=False)
class Queue:
    def __init__(self) -> None:
        self.waiting: list[int] = []

    @workflow.run
    async def run(self) -> list[int]:
        await workflow.wait_condition(lambda: len(self.waiting) >= 3)
        return self.waiting

    @workflow.signal
    def put(self, numbers: list[int]) -> None:
        enqueue(self.waiting, numbers, most=3, of="a test")


async def test_what_does_not_fit_is_told_and_counted_once(temporal: Client, caplog: pytest.LogCaptureFixture) -> None:
    metrics, queue = MetricBuffer(10_000), f"waiting-{uuid.uuid4().hex}"
    runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics))
    counting = await Client.connect(temporal.service_client.config.target_host, runtime=runtime)
    handle = await counting.start_workflow(Queue.run, id=queue, task_queue=queue)
    for numbers in ([1, 2], [3, 4, 5]):
        await handle.signal(Queue.put, numbers)

    def told() -> list[str]:
        """Of all that is logged in this process, by what other tests left too."""
        return [record.getMessage()[:40] for record in caplog.records if " were dropped: " in record.getMessage()]

    with caplog.at_level(logging.ERROR):
        async with Worker(counting, task_queue=queue, workflows=[Queue]):
            assert await handle.result() == [1, 2, 3]
        assert told() == ["2 of what came for a test were dropped: "]
        await Replayer(workflows=[Queue], runtime=runtime).replay_workflow(await handle.fetch_history())
    assert len(told()) == 1
    found = [update.value for update in metrics.retrieve_updates() if update.metric.name.endswith(DROPPED)]
    assert found == [2]


def test_no_queue_of_alerts_drops_anything_by_itself() -> None:
    """Whatever a signal brings goes through the one door that says so."""
    folder = Path(__file__).parents[3] / "bot" / "workflows" / "alerts"
    for module, handler in (("life.py", "receive"), ("desk.py", "enter"), ("desk.py", "look_into")):
        tree = ast.parse((folder / module).read_text("utf-8"))
        [found] = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == handler]
        called = [ast.unparse(node.func) for node in ast.walk(found) if isinstance(node, ast.Call)]
        assert [name for name in called if not name.startswith("workflow.")] == ["enqueue"]
