"""What the estate costs: bills, daily costs, how machines are used, what sizes there are, budgets. US dollars."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from tools.contracts.common import Contract, Environment


class BillLine(Contract):
    """One line of a month's bill."""

    org_id: str
    month: str
    """`YYYY-MM`, a month that is over."""
    site: str
    environment: Environment
    image_family: str
    assets: int
    """Machines that ran in the month."""
    hours: float
    cost_usd: float


class DailyCost(Contract):
    """What one family's machines in one environment cost on one day (UTC) that is over."""

    org_id: str
    day: date
    environment: Environment
    image_family: str
    cost_usd: float


class AssetUsage(Contract):
    """How a machine was used over the days it was watched."""

    org_id: str
    asset_id: str
    size: str
    """Of :class:`MachineSize`."""
    observed_days: int = Field(ge=0)
    cpu_p95_percent: float | None
    """95th percentile; None: not measured."""
    memory_p95_percent: float | None
    running_hours: float
    busy_hours: float | None
    """Hours in which anybody used it; None: not measured."""
    stopped_at: datetime | None
    """Since when it does not run; None: it runs."""
    storage_usd_month: float
    """What its disks cost, running or not."""


class MachineSize(Contract):
    """Sizes of one series differ in how much, not in kind."""

    org_id: str
    name: str
    series: str
    vcpus: int
    memory_gb: float
    hourly_usd: float


class Budget(Contract):
    org_id: str
    environment: Environment
    monthly_usd: float
