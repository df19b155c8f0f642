"""Metric of tasks that this worker cannot go on with."""

from __future__ import annotations

from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter

WHYS: Final = ("newer", "diverged", "broken")


class HeldMetrics:
    """Counted once for each task and reason, by each worker that meets it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._held = Counter(
            "gavel_tasks_held_total",
            "Tasks that this worker cannot go on with, by why: they wait for another one, and nothing of them runs.",
            ["why"],
            registry=registry,
        )
        for why in WHYS:
            self._held.labels(why)

    def met(self, why: Literal["newer", "diverged", "broken"]) -> None:
        """One more."""
        self._held.labels(why).inc()
