"""What a machine could cost instead, from how it was used. Pure. What was not measured is not recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from tools.contracts.billing import AssetUsage, MachineSize
from tools.contracts.common import Environment
from tools.cost.money import exact

SavingKind = Literal["rightsize", "schedule", "delete_stopped"]

HOURS_A_MONTH = Decimal(730)
"""365 days of 24 hours, over 12."""
WATCHED_AT_LEAST = 14
"""Days, before anything is said of how a machine is used."""
STOPPED_AT_LEAST = timedelta(days=30)
IDLE_AT_LEAST = Decimal("0.5")
"""Share of running hours without any use, before switching off is worth its trouble."""


@dataclass(frozen=True)
class Saving:
    kind: SavingKind
    monthly_usd: Decimal
    now_usd: Decimal
    """What the machine costs a month, as it is used."""
    to_size: str | None
    basis: str


def best_saving(
    usage: AssetUsage,
    environment: Environment,
    sizes: Sequence[MachineSize],
    *,
    now: datetime,
    headroom_percent: float,
    kinds: Sequence[SavingKind],
) -> Saving | None:
    """The one change of a machine that saves most: two of them at once would be counted twice."""
    possible = [
        saving
        for kind, saving in (
            ("rightsize", rightsize(usage, sizes, headroom_percent=headroom_percent)),
            ("schedule", schedule(usage, environment, sizes, headroom_percent=headroom_percent)),
            ("delete_stopped", delete_stopped(usage, now=now)),
        )
        if saving is not None and kind in kinds and saving.monthly_usd > 0
    ]
    return max(possible, key=lambda saving: (saving.monthly_usd, saving.kind), default=None)


def is_watched(usage: AssetUsage) -> bool:
    """Whether enough is known of a running machine to say anything."""
    measured = usage.cpu_p95_percent is not None and usage.memory_p95_percent is not None
    return measured and usage.busy_hours is not None and usage.observed_days >= WATCHED_AT_LEAST


def rightsize(usage: AssetUsage, sizes: Sequence[MachineSize], *, headroom_percent: float) -> Saving | None:
    """To the cheapest size of the series that holds the 95th percentile of CPU and memory, and the headroom."""
    size = _size_of(usage, sizes)
    if size is None or usage.stopped_at is not None or not is_watched(usage):
        return None
    cpu, memory = exact(usage.cpu_p95_percent or 0), exact(usage.memory_p95_percent or 0)
    spare = 1 + exact(headroom_percent) / 100
    vcpus, gigabytes = size.vcpus * cpu / 100 * spare, exact(size.memory_gb) * memory / 100 * spare
    fitting = [
        other
        for other in sizes
        if other.series == size.series
        and other.vcpus >= vcpus
        and exact(other.memory_gb) >= gigabytes
        and other.hourly_usd < size.hourly_usd
    ]
    smaller = min(fitting, key=lambda other: (other.hourly_usd, other.name), default=None)
    if smaller is None:
        return None
    hours = _monthly(usage.running_hours, usage)
    return Saving(
        kind="rightsize",
        monthly_usd=hours * (exact(size.hourly_usd) - exact(smaller.hourly_usd)),
        now_usd=hours * exact(size.hourly_usd),
        to_size=smaller.name,
        basis=(
            f"p95 of {usage.cpu_p95_percent:g} % CPU and {usage.memory_p95_percent:g} % memory in"
            f" {usage.observed_days} days needs {float(vcpus):.2f} vCPU and {float(gigabytes):.2f} GB with"
            f" {headroom_percent:g} % headroom"
        ),
    )


def schedule(
    usage: AssetUsage, environment: Environment, sizes: Sequence[MachineSize], *, headroom_percent: float
) -> Saving | None:
    """Off when nobody uses it. Never in production."""
    size = _size_of(usage, sizes)
    if environment == "production" or size is None or usage.stopped_at is not None or not is_watched(usage):
        return None
    running, busy = exact(usage.running_hours), exact(usage.busy_hours or 0)
    needed = min(running, busy * (1 + exact(headroom_percent) / 100))
    if not running or (running - busy) / running < IDLE_AT_LEAST:
        return None
    price = exact(size.hourly_usd)
    return Saving(
        kind="schedule",
        monthly_usd=_monthly(float(running - needed), usage) * price,
        now_usd=_monthly(usage.running_hours, usage) * price,
        to_size=None,
        basis=f"used in {busy:g} of {running:g} running hours in {usage.observed_days} days",
    )


def delete_stopped(usage: AssetUsage, *, now: datetime) -> Saving | None:
    """The disks of a machine that has not run for long."""
    if usage.stopped_at is None or now - usage.stopped_at < STOPPED_AT_LEAST:
        return None
    cost = exact(usage.storage_usd_month)
    return Saving(
        kind="delete_stopped",
        monthly_usd=cost,
        now_usd=cost,
        to_size=None,
        basis=f"stopped for {(now - usage.stopped_at).days} days; its disks are still paid for",
    )


def _size_of(usage: AssetUsage, sizes: Sequence[MachineSize]) -> MachineSize | None:
    return next((size for size in sizes if size.name == usage.size), None)


def _monthly(hours: float, usage: AssetUsage) -> Decimal:
    """Hours of the days watched, as hours of a month."""
    return exact(hours) * HOURS_A_MONTH / (24 * Decimal(usage.observed_days))
