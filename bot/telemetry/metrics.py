"""What is counted, in one registry a process. The groups say what; `/metrics` (`bot/telemetry/listener.py`) shows it.

No label names a person, a channel, a task or an asset, and none holds what a person or a model wrote. What is counted
in a workflow's code would be counted again at each replay: activities, edges and the ledger count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import metadata

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from bot.telemetry.intake import IntakeMetrics
from bot.telemetry.slack import SlackMetrics


@dataclass(frozen=True)
class Metrics:
    """Of one process. What a worker records is added by :class:`bot.telemetry.recorded.RecordedMetrics`, how many tasks
    there are by :class:`bot.telemetry.queue.QueueMetrics`, each where its parts are put together."""

    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=True))
    intake: IntakeMetrics = field(init=False)
    slack: SlackMetrics = field(init=False)

    def __post_init__(self) -> None:
        # When each series began, as a series of its own: twice as many for what nobody reads.
        disable_created_metrics()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        build = Gauge("gavel_build_info", "Which Gavel this is; always 1.", ["version"], registry=self.registry)
        build.labels(metadata.version("gavel")).set(1)
        object.__setattr__(self, "intake", IntakeMetrics(self.registry))
        object.__setattr__(self, "slack", SlackMetrics(self.registry))
