"""Metrics of model calls and what they cost."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.telemetry.labels import Bounded
from tools.contracts.common import JsonObject

_SECONDS: Final = (0.1, 0.5, 1, 2, 5, 10, 20, 40, 80, 160)


class ModelMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        which = ["provider", "model"]
        self._calls = Counter(
            "gavel_model_calls_total", "Calls of models.", [*which, "purpose", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "gavel_model_seconds", "How long a call took.", which, buckets=_SECONDS, registry=registry
        )
        self._tokens = Counter("gavel_model_tokens_total", "Tokens.", [*which, "direction"], registry=registry)
        self._cost = Counter(
            "gavel_model_cost_usd_total", "US dollars, of calls with a price.", which, registry=registry
        )
        self._unpriced = Counter(
            "gavel_model_calls_unpriced_total",
            "Calls that succeeded and whose cost is unknown, which is not zero.",
            which,
            registry=registry,
        )
        self._reused = Counter("gavel_model_answers_reused_total", "Answers that needed no call.", registry=registry)
        self._names, self._purposes, self._errors = Bounded(100), Bounded(30), Bounded(30)

    def called(self, body: JsonObject) -> None:
        provider, model = self._names(body.get("provider")), self._names(body.get("model"))
        outcome = "ok" if body.get("success") else self._errors(body.get("error_class"))
        purpose = self._purposes(body.get("purpose"))
        self._calls.labels(provider, model, purpose, outcome).inc()
        self._seconds.labels(provider, model).observe(float(body.get("duration_ms") or 0) / 1000)
        for direction in ("prompt", "completion", "cached"):
            self._tokens.labels(provider, model, direction).inc(body.get(f"{direction}_tokens") or 0)
        cost = body.get("estimated_cost")
        if cost is not None:
            self._cost.labels(provider, model).inc(cost)
        elif body.get("success"):
            self._unpriced.labels(provider, model).inc()

    def reused(self, _body: JsonObject) -> None:
        self._reused.inc()
