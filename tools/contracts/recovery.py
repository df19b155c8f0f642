"""Recovery pairs, what is replicated between their sites, and what tests of them measured."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract, Environment

ReplicationStatus = Literal["in-sync", "lagging", "failed"]
DrRunKind = Literal["drill", "failover", "failback"]
DrStepName = Literal["stop_writes", "replay", "start_machines", "switch_traffic", "verify"]


class DrPair(Contract):
    """Two sites, one of which can take over from the other. Its stated status is a statement, not a measurement."""

    id: str
    org_id: str
    environment: Environment
    primary_site_id: str
    dr_site_id: str
    active_site_id: str
    """Where traffic goes now: the primary site, or after a failover the recovery site."""
    status: str
    replication_status: ReplicationStatus
    rpo_minutes: int
    """Objective: at most this much data may be lost."""
    rto_minutes: int
    """Objective: the service is back after at most this long."""
    last_failover_test: datetime | None
    last_sync_at: datetime | None


class ReplicationStream(Contract):
    """One data set that is copied from the active site to the other."""

    org_id: str
    dr_pair_id: str
    dataset: str
    status: ReplicationStatus
    last_sync_at: datetime | None
    backlog_mb: float = Field(ge=0)
    """Received and not yet replayed."""
    replay_mb_per_minute: float | None
    """As measured lately; None: unknown."""


class DrStep(Contract):
    name: DrStepName
    minutes: float = Field(ge=0)


class DrRun(Contract):
    """A drill, a failover or a way back, as it went."""

    id: str
    org_id: str
    dr_pair_id: str
    kind: DrRunKind
    at: datetime
    ok: bool
    machines: int = Field(ge=0)
    """That were started at the recovery site."""
    steps: list[DrStep]
    note: str

    @property
    def minutes(self) -> float:
        """How long it took altogether: a measured recovery time."""
        return sum(step.minutes for step in self.steps)


class SiteQuota(Contract):
    """How many machines of a family a site may run at once."""

    org_id: str
    site: str
    image_family: str
    machines: int = Field(ge=0)
