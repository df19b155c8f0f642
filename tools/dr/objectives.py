"""Recovery objectives, computed. Pure: RPO from when data were last synchronized, RTO from backlog and measured runs.

RPO: the age of the oldest synchronization. RTO: the longest replay of a backlog at its measured rate (data sets are
replayed side by side), plus the steps of the last run that went through, its start of machines scaled to today's
number. What is not known makes the figure unknown, never good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tools.contracts.recovery import DrPair, DrRun, DrStepName, ReplicationStream

Verdict = Literal["met", "missed", "unknown"]
MEASURED_STEPS: tuple[DrStepName, ...] = ("stop_writes", "start_machines", "switch_traffic", "verify")
"""A run is a measurement only when it holds all of these."""


@dataclass(frozen=True)
class DataLoss:
    """What would be lost if traffic moved now."""

    minutes: float | None
    """None: unknown."""
    dataset: str | None
    """The data set that is furthest behind; None when the pair's own statement is all there is."""
    synced_at: datetime | None
    reason: str
    """Why it is unknown; empty when it is known."""


@dataclass(frozen=True)
class Part:
    step: DrStepName
    minutes: float
    basis: str
    """What it was computed from."""


@dataclass(frozen=True)
class Downtime:
    """How long the service would be away."""

    parts: tuple[Part, ...]
    run_id: str | None
    reason: str
    """Why it is unknown; empty when it is known."""

    @property
    def minutes(self) -> float | None:
        return None if self.reason else sum(part.minutes for part in self.parts)


def data_loss(pair: DrPair, streams: Sequence[ReplicationStream], *, now: datetime) -> DataLoss:
    """The data set that is furthest behind decides; without data sets, what the pair states."""
    if not streams:
        return _age(pair.last_sync_at, dataset=None, now=now)
    unsynced = [stream.dataset for stream in streams if stream.last_sync_at is None]
    if unsynced:
        return DataLoss(None, unsynced[0], None, f"{unsynced[0]} has no synchronization on record")
    ages = [_age(stream.last_sync_at, dataset=stream.dataset, now=now) for stream in streams]
    unknown = [age for age in ages if age.minutes is None]
    return unknown[0] if unknown else max(ages, key=lambda age: (age.minutes or 0.0, age.dataset or ""))


def _age(synced_at: datetime | None, *, dataset: str | None, now: datetime) -> DataLoss:
    if synced_at is None:
        return DataLoss(None, dataset, None, "no synchronization is on record")
    if synced_at > now:
        of = f" of {dataset}" if dataset else ""
        return DataLoss(None, dataset, synced_at, f"the last synchronization{of} lies in the future")
    return DataLoss((now - synced_at).total_seconds() / 60, dataset, synced_at, "")


def downtime(streams: Sequence[ReplicationStream], runs: Sequence[DrRun], *, machines: int) -> Downtime:
    """`machines`: how many must be started at the recovery site today."""
    if not streams:
        return Downtime((), None, "nothing is known about the replication of its data sets")
    broken = [stream.dataset for stream in streams if stream.status == "failed"]
    if broken:
        return Downtime((), None, f"the replication of {broken[0]} has failed: it must be copied anew first")
    unmeasured = [stream.dataset for stream in streams if not stream.replay_mb_per_minute]
    if unmeasured:
        return Downtime((), None, f"how fast {unmeasured[0]} is replayed is not known")
    run = last_measurement(runs)
    if run is None:
        return Downtime((), None, "no drill or failover that went through is on record")
    minutes = {step.name: step.minutes for step in run.steps}
    if machines and not run.machines:
        return Downtime((), run.id, f"{run.id} started no machines, and {machines} would have to be")
    scaled = minutes["start_machines"] * machines / run.machines if machines else 0.0
    slowest = max(streams, key=_replay_minutes)
    return Downtime(
        parts=(
            Part("stop_writes", minutes["stop_writes"], f"measured in {run.id}"),
            Part("replay", _replay_minutes(slowest), f"backlog of {slowest.dataset} at its measured rate"),
            Part("start_machines", scaled, f"{run.machines} machines in {run.id}, {machines} now"),
            Part("switch_traffic", minutes["switch_traffic"], f"measured in {run.id}"),
            Part("verify", minutes["verify"], f"measured in {run.id}"),
        ),
        run_id=run.id,
        reason="",
    )


def last_measurement(runs: Sequence[DrRun]) -> DrRun | None:
    """The latest run into the recovery site that went through, with every step measured."""
    complete = [
        run
        for run in runs
        if run.ok and run.kind != "failback" and {step.name for step in run.steps} >= set(MEASURED_STEPS)
    ]
    return max(complete, key=lambda run: (run.at, run.id), default=None)


def last_passed_test(runs: Sequence[DrRun]) -> DrRun | None:
    """A failover that went through tests more than a drill does."""
    passed = [run for run in runs if run.ok and run.kind != "failback"]
    return max(passed, key=lambda run: (run.at, run.id), default=None)


def verdict_of(minutes: float | None, objective: int) -> Verdict:
    if minutes is None:
        return "unknown"
    return "met" if minutes <= objective else "missed"


def _replay_minutes(stream: ReplicationStream) -> float:
    return stream.backlog_mb / stream.replay_mb_per_minute if stream.replay_mb_per_minute else 0.0
