"""What the cost tools take and give. Their JSON Schemas are what models, gates and the dispatcher see."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.common import Contract, Environment
from tools.cost.savings import SavingKind
from tools.cost.trend import BudgetVerdict
from tools.fields import Id, Label, Moment, Names, Paged, PageOutput, Text

Month = Annotated[str, Field(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$", max_length=7)]
Dimension = Literal["month", "site", "environment", "image_family"]
Dollars = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0)]


class GetBillingDataInput(Paged):
    months: int = Field(default=3, ge=1, le=24)
    """The last full months, where `first_month` is not given."""
    first_month: Month | None = None
    last_month: Month | None = None
    """Null: the last full month."""
    group_by: Annotated[list[Dimension], Field(min_length=1, max_length=4)] = ["environment", "image_family"]
    environment: Environment | None = None
    sites: Names = []
    image_families: Names = []


class BillGroup(Contract):
    """Null: not grouped by this."""

    month: Month | None
    site: Id | None
    environment: Environment | None
    image_family: Id | None
    cost_usd: float
    """Negative where credits outweigh."""
    hours: Percent
    share_pct: float | None
    """Of the total of all groups."""


class MonthTotal(Contract):
    month: Month
    cost_usd: float
    change_pct: float | None
    """Against the month before; null where that has no bill."""


class GetBillingDataOutput(PageOutput):
    first_month: Month
    last_month: Month
    total_usd: float
    """Of everything asked about, whatever the page."""
    months: list[MonthTotal] = Field(max_length=24)
    months_without_bill: list[Month] = Field(max_length=24)
    """Not known, which is not nothing."""
    groups: list[BillGroup] = Field(max_length=200)
    """The dearest first."""


class GetCostRecommendationsInput(Paged):
    environment: Environment | None = None
    kinds: Annotated[list[SavingKind], Field(min_length=1, max_length=3)] = [
        "rightsize",
        "schedule",
        "delete_stopped",
    ]
    headroom_percent: float = Field(default=30, ge=0, le=200)
    """Above the 95th percentile of use."""
    minimum_saving_usd: float = Field(default=1, ge=0)
    """A month, for one machine."""


class Recommendation(Contract):
    asset_id: Id
    environment: Environment
    kind: SavingKind
    """`rightsize`: to `to_size`; `schedule`: off when nobody uses it; `delete_stopped`: its disks."""
    size: Label
    to_size: Label | None
    now_usd_month: Dollars
    saving_usd_month: Dollars
    cpu_p95_percent: Percent | None
    memory_p95_percent: Percent | None
    running_hours: Percent
    busy_hours: Percent | None
    observed_days: int = Field(ge=0)
    stopped_at: Moment | None
    basis: Text


class KindTotal(Contract):
    kind: SavingKind
    recommendations: int = Field(ge=1)
    saving_usd_month: Dollars


class GetCostRecommendationsOutput(PageOutput):
    computed_at: Moment
    recommendations: list[Recommendation] = Field(max_length=200)
    """The largest saving first; one for each machine at most."""
    total_recommendations: int = Field(ge=0)
    total_saving_usd_month: Dollars
    """Of all of them, whatever the page."""
    by_kind: list[KindTotal] = Field(max_length=3)
    machines: int = Field(ge=0)
    """That were looked at."""
    not_watched: int = Field(ge=0)
    """Running machines of whose use too little is known: nothing is said of them."""
    not_watched_ids: list[Id] = Field(max_length=50)
    unknown_size_ids: list[Id] = Field(max_length=50)
    """Machines of a size that is in no price list."""


class ForecastCostInput(Contract):
    environment: Environment | None = None
    days: int = Field(default=28, ge=7, le=60)
    """How many of the last full days the trend is drawn through."""


class CostForecast(Contract):
    environment: Environment
    month: Month
    month_to_date_usd: float | None
    forecast_by_trend_usd: float | None
    forecast_by_median_usd: float | None
    daily_change_usd: float | None
    """The trend's slope, in dollars a day."""
    budget_usd: Dollars | None
    """Null: none is set."""
    verdict: BudgetVerdict
    """`over` and `within` only when both forecasts say so; `unknown` without a budget or without every day's cost."""
    reason: Text
    """Why it is unknown; empty otherwise."""


class ForecastCostOutput(Contract):
    computed_at: Moment
    through: date
    """The last full day."""
    forecasts: list[CostForecast] = Field(max_length=3)


class FindCostAnomaliesInput(Paged):
    environment: Environment | None = None
    image_families: Names = []
    days: int = Field(default=14, ge=1, le=60)
    """How many of the last full days are judged."""
    baseline_days: int = Field(default=14, ge=7, le=60)
    """Each against the median of this many days before it."""
    threshold_percent: float = Field(default=30, ge=1, le=1000)
    minimum_usd: float = Field(default=10, ge=0)


class CostAnomaly(Contract):
    day: date
    environment: Environment
    image_family: Id
    cost_usd: float
    baseline_usd: float
    excess_usd: Dollars
    excess_pct: float | None
    """Of the baseline; null where that is nothing."""


class FindCostAnomaliesOutput(PageOutput):
    through: date
    anomalies: list[CostAnomaly] = Field(max_length=200)
    """The largest excess first."""
    total_anomalies: int = Field(ge=0)
    total_excess_usd: Dollars
    series: int = Field(ge=0)
    """Families in environments that were looked at."""
    not_judged: int = Field(ge=0)
    """Days of a series without a cost, or with too few before them."""
