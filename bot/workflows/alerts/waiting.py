"""What waits to be weighed, in bounds; and what is said where something no longer fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from temporalio import workflow

T = TypeVar("T")

DROPPED = "gavel_alert_signals_dropped"
"""Counter of Temporal's SDK (`GAVEL_OPS_TEMPORAL_PORT`): it counts what a workflow does, and no replay of it."""


def enqueue(waiting: list[T], arrived: Sequence[T], *, most: int, of: str) -> None:
    """Put at the end what fits. `of`: whose queue it is, for people.

    Temporal takes 10,000 signals of a run and refuses more, which the edge then answers 503: only where a signal
    carries many does something get here that does not fit. It was acknowledged, so that nobody sends it again, and
    must not be lost without a word.
    """
    fits = max(0, most - len(waiting))
    waiting += arrived[:fits]
    dropped = len(arrived) - fits
    if dropped > 0:
        workflow.logger.error(
            "%s of what came for %s were dropped: %s wait already. Is a worker up?", dropped, of, len(waiting)
        )
        workflow.metric_meter().create_counter(DROPPED, "Acknowledged, and dropped.").add(dropped)
