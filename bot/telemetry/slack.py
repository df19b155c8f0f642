"""Metrics of what is asked of Slack: calls, those it put off, and how long writers waited for their turn."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from bot.telemetry.labels import Bounded

_WAITS: Final = (0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60)


class SlackMetrics:
    """Counted at each attempt of each call of this process's clients."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "gavel_slack_calls_total",
            "Attempts of Web API calls, by what came of them.",
            ["method", "outcome"],
            registry=registry,
        )
        self._turns = Histogram(
            "gavel_slack_turn_seconds",
            "How long a write waited for its turn, under Slack's rates.",
            ["urgent"],
            buckets=_WAITS,
            registry=registry,
        )
        self._held = Counter(
            "gavel_slack_held_seconds_total",
            "Seconds that Slack asked writers to keep off, with a 429.",
            ["method"],
            registry=registry,
        )
        self._methods = Bounded(100)

    def called(self, method: str, outcome: str) -> None:
        self._calls.labels(self._methods(method), outcome).inc()

    def waited(self, seconds: float, *, urgent: bool) -> None:
        self._turns.labels(str(urgent).lower()).observe(seconds)

    def held(self, method: str, seconds: float) -> None:
        self._held.labels(self._methods(method)).inc(seconds)


class CountedCalls(AsyncRetryHandler):
    """A look at every attempt: what the SDK asks whether to try again is told of each. It never says yes."""

    def __init__(self, metrics: SlackMetrics) -> None:
        super().__init__(max_retry_count=0)
        self._metrics = metrics

    async def can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        # The URL's last part is the method's name, which our code gave it.
        self._metrics.called(request.url.rstrip("/").rpartition("/")[2], _outcome(response, error))
        return False


def _outcome(response: HttpResponse | None, error: Exception | None) -> str:
    if response is None or error is not None:
        return "no_answer"
    if response.status_code == 429:
        return "rate_limited"
    if response.status_code >= 400:
        return "failed"
    return "ok" if response.body is None or response.body.get("ok", True) else "refused"
