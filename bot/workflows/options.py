"""How long each step may take, and how it is retried. One sentence for each number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio.common import RetryPolicy


@dataclass(frozen=True)
class StepOptions:
    start_to_close: timedelta
    """One attempt may take this long."""
    schedule_to_close: timedelta
    """All attempts together; then the task ends and says what was not done."""
    heartbeat: timedelta
    """A worker that is silent for this long is dead; another takes over."""
    retry: RetryPolicy
    sees_it_out: bool = False
    """Who cancels it waits until its attempt has stopped: what comes next must find what it did."""


PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=15)
)
"""An engine, a model or Slack is away: keep trying, the thread has been told."""

SILENCE = timedelta(seconds=5)
"""Of a worker: then it is dead, and another takes its step over."""

MODEL_STEP = StepOptions(
    start_to_close=timedelta(minutes=10),  # a council of slow models, each with its own deadline
    schedule_to_close=timedelta(hours=1),
    heartbeat=SILENCE,
    retry=PATIENT,
)
REPLY_STEP = StepOptions(
    start_to_close=timedelta(minutes=4),  # two model calls, each member in turn
    schedule_to_close=timedelta(minutes=10),  # decisions wait behind it: rather tell its writer that it was not read
    heartbeat=SILENCE,
    retry=PATIENT,
)
GATE_STEP = StepOptions(
    start_to_close=timedelta(seconds=30),
    schedule_to_close=timedelta(hours=24),  # OPA away: the task waits for it, and no repair attempt is spent
    heartbeat=SILENCE,
    retry=PATIENT,
)
WRITE_STEP = StepOptions(
    start_to_close=timedelta(seconds=20),  # one Slack write or ledger entry, rate limits included
    schedule_to_close=timedelta(hours=24),
    heartbeat=SILENCE,
    retry=PATIENT,
)
REMIND_STEP = StepOptions(
    start_to_close=timedelta(seconds=10),
    schedule_to_close=timedelta(seconds=20),  # decisions wait behind it: rather leave a reminder out
    heartbeat=SILENCE,
    retry=PATIENT,
)
CARDS_STEP = StepOptions(
    start_to_close=timedelta(minutes=10),  # a handful of cards, each in its turn, while Slack lets one through a second
    schedule_to_close=timedelta(hours=24),
    heartbeat=SILENCE,
    retry=PATIENT,
    sees_it_out=True,
)
ENTER_STEP = StepOptions(
    start_to_close=timedelta(minutes=1),
    schedule_to_close=timedelta(hours=24),
    # In a storm everything is slow, and a second attempt at what is only slow makes it slower.
    heartbeat=timedelta(seconds=30),
    retry=PATIENT,
)
ESTATE_STEP = StepOptions(
    start_to_close=timedelta(seconds=20),
    schedule_to_close=timedelta(minutes=1),  # then each alert is looked into by itself
    heartbeat=SILENCE,
    retry=PATIENT,
)
FOLLOW_STEP = StepOptions(
    start_to_close=timedelta(seconds=30),
    schedule_to_close=timedelta(days=40),  # longer than any task: one attempt after the other asks whether it is over
    heartbeat=SILENCE,
    retry=PATIENT,
)
STORM_TASK = timedelta(minutes=1)
"""One step of an alert's or a desk's own code. Temporal's 10 s are over on a busy machine before hundreds of signals
are weighed, and then they would be weighed again, with more."""

EXECUTE_STEP = StepOptions(
    start_to_close=timedelta(minutes=30),  # one phase: its changes and its health checks
    schedule_to_close=timedelta(hours=2),
    heartbeat=SILENCE,
    retry=PATIENT,
)
