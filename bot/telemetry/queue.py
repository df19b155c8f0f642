"""Metrics of what waits, as Temporal knows it: asked when somebody scrapes, and kept for a few seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from bot.telemetry.labels import OTHER

KEEP_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 2.0

_TYPES: Final = {
    "workflow": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activity": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}
_STATUSES: Final = {status.name.replace("_", "").lower(): status.name.lower() for status in WorkflowExecutionStatus}
"""As a count names them, e.g. `TimedOut` in small letters, and as the metric does."""

_TASKS: Final = "WorkflowType = 'gavel-task' GROUP BY ExecutionStatus"

_log = logging.getLogger("gavel.operations")


@dataclass(frozen=True)
class Wait:
    """Steps of one type that wait for a worker."""

    steps: int
    oldest_seconds: float
    pollers: int


class QueueMetrics:
    """Tasks by status, and what waits for a worker. Without an answer there are no figures, rather than old ones."""

    def __init__(
        self,
        registry: CollectorRegistry,
        temporal: Client,
        *,
        task_queue: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._temporal = temporal
        self._task_queue = task_queue
        self._clock = clock
        self._at: float | None = None
        self._asking = asyncio.Lock()
        self._known = Gauge(
            "gavel_queue_known", "1: Temporal told the queue's figures. 0: it did not answer.", registry=registry
        )
        self._tasks = Gauge("gavel_tasks", "Tasks that Temporal has, by status.", ["status"], registry=registry)
        self._backlog = Gauge(
            "gavel_queue_backlog", "Steps that wait for a worker, about.", ["type"], registry=registry
        )
        self._age = Gauge(
            "gavel_queue_backlog_age_seconds", "How long the oldest of them has waited.", ["type"], registry=registry
        )
        self._pollers = Gauge(
            "gavel_queue_pollers", "Workers seen lately, as pollers of the queue.", ["type"], registry=registry
        )

    async def refresh(self) -> None:
        """Never raises."""
        async with self._asking:
            if self._at is not None and self._clock() - self._at < KEEP_SECONDS:
                return
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    tasks, workflow, activity = await asyncio.gather(
                        self._count(), self._describe("workflow"), self._describe("activity")
                    )
                self.tell(tasks, {"workflow": workflow, "activity": activity})
            except (RPCError, RuntimeError, TimeoutError, OSError) as error:
                _log.debug("Temporal did not tell the queue's figures: %s", error)
                self._tell_nothing()
            except Exception:
                # An answer that nobody expects, too, must not take the other figures along.
                _log.exception("What Temporal told of the queue could not be read; its figures are left out")
                self._tell_nothing()
            self._at = self._clock()

    def _tell_nothing(self) -> None:
        for gauge in (self._tasks, self._backlog, self._age, self._pollers):
            gauge.clear()
        self._known.set(0)

    def tell(self, tasks: Mapping[str, int], waits: Mapping[str, Wait]) -> None:
        """`tasks`: status → how many. `waits`: type of step → what waits."""
        self._known.set(1)
        for status, count in tasks.items():
            self._tasks.labels(status).set(count)
        for name, wait in waits.items():
            self._backlog.labels(name).set(wait.steps)
            self._age.labels(name).set(wait.oldest_seconds)
            self._pollers.labels(name).set(wait.pollers)

    async def _count(self) -> dict[str, int]:
        counted = await self._temporal.count_workflows(_TASKS)
        found = dict.fromkeys(_STATUSES.values(), 0)
        for group in counted.groups:
            found[_STATUSES.get(str(group.group_values[0]).lower(), OTHER)] = group.count
        return found

    async def _describe(self, name: str) -> Wait:
        described = await self._temporal.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self._temporal.namespace,
                task_queue=TaskQueue(name=self._task_queue),
                task_queue_type=_TYPES[name],
                report_stats=True,
            )
        )
        return Wait(
            steps=described.stats.approximate_backlog_count,
            oldest_seconds=described.stats.approximate_backlog_age.ToMilliseconds() / 1000,
            pollers=len(described.pollers),
        )
