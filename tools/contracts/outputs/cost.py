"""The cost agent's output (ADR-007). US dollars."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from tools.contracts.common import Contract, Environment
from tools.contracts.outputs.report import Report
from tools.contracts.plan import AssetId
from tools.contracts.sourced import SourcedRow

SavingKind = Literal["rightsize", "schedule", "delete_stopped"]


class Saving(SourcedRow):
    """One change of one machine, as `get_cost_recommendations` computed it from measured use."""

    asset_id: AssetId
    environment: Environment
    kind: SavingKind
    size: str
    to_size: str | None
    now_usd_month: float = Field(ge=0)
    saving_usd_month: float = Field(ge=0)
    cpu_p95_percent: float | None
    memory_p95_percent: float | None
    running_hours: float
    busy_hours: float | None
    observed_days: int
    stopped_at: AwareDatetime | None
    basis: str


class SavingsOfAKind(Contract):
    kind: SavingKind
    recommendations: int = Field(ge=1)
    saving_usd_month: float = Field(ge=0)


class SavingsTotal(SourcedRow):
    """All savings together, whatever the page; and the machines of whose use too little is known to say anything."""

    total_recommendations: int = Field(ge=0)
    total_saving_usd_month: float = Field(ge=0)
    by_kind: list[SavingsOfAKind] = Field(max_length=3)
    machines: int = Field(ge=0)
    not_watched: int = Field(ge=0)
    not_watched_ids: list[AssetId] = Field(max_length=50)
    unknown_size_ids: list[AssetId] = Field(max_length=50)


class MonthBilled(Contract):
    month: str
    cost_usd: float
    change_pct: float | None


class GroupBilled(Contract):
    environment: Environment | None
    image_family: str | None
    cost_usd: float
    share_pct: float | None


class Bill(SourcedRow):
    """What the months that are over cost."""

    first_month: str
    last_month: str
    total_usd: float
    months: list[MonthBilled] = Field(max_length=24)
    months_without_bill: list[str] = Field(max_length=24)
    """Not known, which is not nothing."""
    groups: list[GroupBilled] = Field(max_length=200)


class MonthForecast(SourcedRow):
    environment: Environment
    month: str
    month_to_date_usd: float | None
    forecast_by_trend_usd: float | None
    forecast_by_median_usd: float | None
    budget_usd: float | None
    verdict: Literal["over", "within", "at_risk", "unknown"]
    reason: str


class UnusualDay(SourcedRow):
    day: date
    environment: Environment
    image_family: str
    cost_usd: float
    baseline_usd: float
    excess_usd: float = Field(ge=0)
    excess_pct: float | None


class CostOptimizationPlan(Report):
    """What the estate costs and what would make it cost less. Proposals only: nothing in it is executed."""

    kind: Literal["CostOptimizationPlan"] = "CostOptimizationPlan"
    totals: list[SavingsTotal] = Field(default=[], max_length=4)
    savings: list[Saving] = Field(default=[], max_length=400)
    """The largest first."""
    bills: list[Bill] = Field(default=[], max_length=4)
    forecasts: list[MonthForecast] = Field(default=[], max_length=12)
    unusual_days: list[UnusualDay] = Field(default=[], max_length=200)
