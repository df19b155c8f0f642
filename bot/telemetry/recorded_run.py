"""Metrics of what was run: tool calls, phases, rollbacks, and how tasks ended."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.telemetry.labels import one_of
from bot.workflows.messages import Outcome
from tools.base import FailureKind
from tools.contracts.common import Environment, JsonObject

_SECONDS: Final = (0.005, 0.05, 0.5, 5, 60)


class RunMetrics:
    def __init__(self, registry: CollectorRegistry, *, tools: Collection[str]) -> None:
        """`tools`: the names that there are; a model may write any other."""
        self._tools = frozenset(tools)
        self._calls = Counter(
            "gavel_tool_calls_total", "Tool calls, by how they ended.", ["tool", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "gavel_tool_seconds", "How long a tool call took.", ["tool"], buckets=_SECONDS, registry=registry
        )
        self._phases = Counter(
            "gavel_phases_total",
            "Phases of approved plans. Not run: what was checked again before it did not hold any more.",
            ["environment", "outcome"],
            registry=registry,
        )
        self._rollbacks = Counter(
            "gavel_rollbacks_total",
            "Rollbacks. Failed: something was left as it is.",
            ["environment", "outcome"],
            registry=registry,
        )
        self._ended = Counter("gavel_tasks_ended_total", "Tasks, by how they ended.", ["outcome"], registry=registry)
        # There from the start: an alert on the first of its kind compares with zero.
        for outcome in get_args(Outcome):
            self._ended.labels(outcome)
        for environment in get_args(Environment):
            for outcome in ("ok", "failed"):
                self._rollbacks.labels(environment, outcome)
            for outcome in ("ok", "failed", "not_run"):
                self._phases.labels(environment, outcome)

    def tool_called(self, body: JsonObject) -> None:
        if body.get("stage") != "outcome":
            return
        tool = one_of(body.get("tool"), self._tools)
        self._calls.labels(tool, one_of(body.get("outcome"), ("ok", *get_args(FailureKind)))).inc()
        self._seconds.labels(tool).observe(float(body.get("duration_ms") or 0) / 1000)

    def phase_finished(self, body: JsonObject) -> None:
        outcome = "ok" if body.get("ok") else "failed" if body.get("ran") else "not_run"
        self._phases.labels(one_of(body.get("environment"), get_args(Environment)), outcome).inc()

    def rolled_back(self, body: JsonObject) -> None:
        outcome = "ok" if body.get("ok") else "failed"
        self._rollbacks.labels(one_of(body.get("environment"), get_args(Environment)), outcome).inc()

    def ended(self, body: JsonObject) -> None:
        self._ended.labels(one_of(body.get("outcome"), get_args(Outcome))).inc()
