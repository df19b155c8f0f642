"""Metric of tasks that this worker cannot go on with."""

from __future__ import annotations

from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter

WHYS: Final = ("newer", "diverged", "broken")


class HeldMetrics:
    """Counted with each line of the log about it: by each worker that meets a task, for each reason, every ten minutes
    or so for as long as the task is held. What is counted once may be over before Prometheus first looks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._held = Counter(
            "gavel_tasks_held_total",
            "How often this worker said that it cannot go on with a task, by why; again every ten minutes or so while "
            "it waits for another worker.",
            ["why"],
            registry=registry,
        )
        for why in WHYS:
            self._held.labels(why)

    def met(self, why: Literal["newer", "diverged", "broken"]) -> None:
        """It is said once more."""
        self._held.labels(why).inc()
