"""The disaster-recovery agent's output (ADR-007)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract
from tools.contracts.plan import Plan, ResourceId
from tools.contracts.recovery import DrStepName


class RecoveryStep(Contract):
    """A step of the runbook, for the people who follow it. What is called stands in the plan's actions."""

    order: int = Field(ge=1)
    kind: Literal["precondition", "run", "observe", "decide", "return"]
    title: str = Field(max_length=200)
    estimated_minutes: float | None = Field(default=None, ge=0)
    basis: str = Field(default="", max_length=200)


class Objective(Contract):
    """RPO or RTO, as it was computed when the runbook was written."""

    objective_minutes: int
    minutes: float | None = Field(default=None, ge=0)
    """None: unknown, which meets nothing."""
    verdict: Literal["met", "missed", "unknown"]


class RecoveryPart(Contract):
    """A part of the RTO."""

    step: DrStepName
    minutes: float = Field(ge=0)
    basis: str = Field(max_length=200)


class FailoverSimulation(Contract):
    """The result of `simulate_failover` on this pair."""

    id: str
    ready: bool
    not_passed: list[str] = Field(max_length=9)
    """Names of its checks that failed, or that nothing could be told of."""
    machines: int = Field(ge=0)
    data_loss_minutes: float | None = Field(default=None, ge=0)
    downtime_minutes: float | None = Field(default=None, ge=0)


class DRRunbook(Plan):
    """How one recovery pair is drilled or failed over."""

    kind: Literal["DRRunbook"] = "DRRunbook"
    pair_id: ResourceId
    operation: Literal["drill", "failover"]
    from_site: str
    to_site: str
    steps: list[RecoveryStep] = Field(min_length=1, max_length=40)
    rpo: Objective
    rto: Objective
    rto_parts: list[RecoveryPart] = Field(max_length=5)
    last_passed_test_at: datetime | None
    days_since_passed_test: float | None
    """None: no test of the pair ever passed."""
    max_data_loss_minutes: int | None = Field(default=None, ge=0)
    """What a failover may lose at most; None for a drill, which loses nothing."""
    simulation: FailoverSimulation
