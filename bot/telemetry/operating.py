"""What an operator sees of one process, put together: its counters, its traces, the listener that shows how it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from bot.local.stack import RunningStack
from bot.probes import NoAnswer, ask_opa, ask_redis, ask_slack, ask_sql, ask_temporal
from bot.starting import needed
from bot.telemetry.health import HealthMetrics, Readiness, Vital
from bot.telemetry.listener import listening_to_operators, operations_app
from bot.telemetry.metrics import Metrics
from bot.telemetry.queue import QueueMetrics
from bot.telemetry.tracing import Tracing, open_tracing
from bot.workflows.client import connect

SLACK_KEEP_SECONDS = 60.0
"""A worker asks Slack itself whether it answers, which counts against Slack's rates."""


class Operations:
    """What `serve` tells of itself."""

    def __init__(self, stack: RunningStack, readiness: Readiness, *, metrics: Metrics, tracing: Tracing) -> None:
        self.metrics = metrics
        self.tracing = tracing
        self._stack = stack
        self._readiness = readiness

    @contextmanager
    def serving(self, *, slack: Callable[[], Awaitable[bool]] | None = None) -> Generator[None]:
        """While it lasts this process is ready. The innermost of all: all parts are open, and none has begun to close.

        `slack`: whether what Slack sends can be taken; None: this process takes nothing in.
        """
        self._readiness.serving(vitals_of(self._stack, slack=slack))
        try:
            yield
        finally:
            self._readiness.leaving()


def vitals_of(stack: RunningStack, *, slack: Callable[[], Awaitable[bool]] | None) -> list[Vital]:
    """Temporal, the policies, the records and Slack must answer. Redis holds what may be lost: work goes on without."""
    settings = stack.settings

    async def connected() -> None:
        if slack is not None and not await slack():
            raise NoAnswer("the socket that Slack sends over is closed")

    async def asked_slack() -> None:
        # Where workspaces install the app there is no token to ask with but theirs, and one that ended is one's own.
        if not settings.slack.distributed:
            await ask_slack(settings.slack)

    asked = Vital("slack", asked_slack, keep_seconds=SLACK_KEEP_SECONDS)
    vitals = [
        asked if slack is None else Vital("slack", connected),
        Vital("temporal", lambda: ask_temporal(settings.temporal, stack.temporal_address)),
        Vital("sql", lambda: ask_sql(settings.database_url)),
    ]
    url = settings.opa.url
    if url is not None:
        vitals.append(Vital("opa", lambda: ask_opa(url)))
    if settings.redis.url is not None:
        vitals.append(Vital("redis", lambda: ask_redis(stack.redis_url), needed=False))
    return vitals


def measure_temporal(address: str) -> None:
    """Clients that are made from here on have their metrics there. Raises `StackError` where the port is taken."""
    with needed(f"The metrics of Temporal's SDK cannot have {address} (GAVEL_OPS_TEMPORAL_PORT)"):
        shown = PrometheusConfig(bind_address=address, durations_as_seconds=True, unit_suffix=True)
        Runtime.set_default(Runtime(telemetry=TelemetryConfig(metrics=shown)), error_if_already_set=False)


@asynccontextmanager
async def operating(stack: RunningStack) -> AsyncGenerator[Operations]:
    """While it lasts, the listener tells how this process is; within `Operations.serving`, that it is ready."""
    settings, readiness, metrics = stack.settings, Readiness(), Metrics()
    async with AsyncExitStack() as exits:
        tracing = await exits.enter_async_context(open_tracing(os.environ))
        if settings.ops.temporal_port is not None:
            measure_temporal(f"{settings.ops.host}:{settings.ops.temporal_port}")
        if settings.ops.port is not None:
            temporal = await connect(
                # No payload is read, so any key will do.
                settings.temporal,
                address=stack.temporal_address,
                codec_key=bytes(32),
                lazy=True,
            )
            queue = QueueMetrics(metrics.registry, temporal, task_queue=settings.temporal.task_queue)
            health = HealthMetrics(metrics.registry)

            async def before_scrape() -> None:
                looked, _ = await asyncio.gather(readiness.look(), queue.refresh())
                health.tell(looked)

            app = operations_app(metrics.registry, readiness, before_scrape=before_scrape)
            await exits.enter_async_context(listening_to_operators(settings.ops, app))
        yield Operations(stack, readiness, metrics=metrics, tracing=tracing)
