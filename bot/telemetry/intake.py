"""Metrics of the edge: what Slack sent, how it was answered, and how long Temporal took to take it."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.redaction import is_object
from bot.telemetry.labels import one_of

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
"""Slack waits three seconds, and Temporal gets two of them."""

KINDS: Final = frozenset(
    {
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "block_actions",
        "block_suggestion",
        "link_shared",
        "message",
        "message_action",
        "shortcut",
        "slash_command",
        "tokens_revoked",
        "view_closed",
        "view_submission",
        "assistant_thread_started",
        "assistant_thread_context_changed",
    }
)
"""Of envelopes: an event's type, an interaction's, or a command."""

HandedOver = Literal["start", "alert", "decide", "answer", "edit", "control"]


class NoTask(Exception):
    """Never raised: of a hand-over that no task's end can stop."""


class IntakeMetrics:
    """Counted at the edge, once for each delivery."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._envelopes = Counter(
            "gavel_intake_envelopes_total",
            "What Slack delivered, by how it was answered. Not acknowledged: Slack sends it again.",
            ["kind", "outcome"],
            registry=registry,
        )
        self._acknowledged = Histogram(
            "gavel_intake_acknowledge_seconds",
            "From a delivery to its answer.",
            ["kind"],
            buckets=SECONDS,
            registry=registry,
        )
        self._handed_over = Histogram(
            "gavel_intake_hand_over_seconds",
            "One hand-over to Temporal: a task to start, or a signal to one.",
            ["what", "outcome"],
            buckets=SECONDS,
            registry=registry,
        )

    def answered(self, kind: str, status: int, seconds: float) -> None:
        """`kind`: as :func:`known_kind` has it; `status`: as HTTP does."""
        outcome = "acknowledged" if status < 400 else "unknown" if status < 500 else "not_acknowledged"
        self._envelopes.labels(kind, outcome).inc()
        self._acknowledged.labels(kind).observe(seconds)

    @contextmanager
    def handing_over(self, what: HandedOver, *, over: type[Exception] = NoTask) -> Generator[None]:
        """Around one hand-over. What it raises says why there was none; `over`: that its task has ended."""
        started, outcome = time.perf_counter(), "failed"
        try:
            yield
            outcome = "taken"
        except over:
            outcome = "task_over"
            raise
        finally:
            self._handed_over.labels(what, outcome).observe(time.perf_counter() - started)


def known_kind(body: Mapping[str, Any]) -> str:
    """What an envelope is, by its payload as Bolt parsed it: one of :data:`KINDS`, or `other`."""
    event = body.get("event")
    if is_object(event):
        return one_of(event.get("type"), KINDS)
    return "slash_command" if "command" in body else one_of(body.get("type"), KINDS)
