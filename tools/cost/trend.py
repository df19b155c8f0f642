"""Where costs are going, and days that fall out of the row. Pure, over days that are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Literal

BudgetVerdict = Literal["within", "at_risk", "over", "unknown"]
BASELINE_AT_LEAST = 7
"""Days, before a day can be called unusual."""


@dataclass(frozen=True)
class Forecast:
    """A month's total at its end: by the trend of the last days, and by their median."""

    so_far: Decimal
    by_trend: Decimal
    by_median: Decimal
    daily_change: Decimal
    """The trend's slope, in dollars a day."""


def forecast(costs: Mapping[date, Decimal], *, today: date, days: int) -> Forecast | str:
    """From the last `days` days before today and the running month; why not, where one of them is missing."""
    fitted = [today - timedelta(days=number) for number in range(days, 0, -1)]
    first = today.replace(day=1)
    elapsed = [first + timedelta(days=number) for number in range((today - first).days)]
    missing = sorted({day for day in [*fitted, *elapsed] if day not in costs})
    if missing:
        return f"no cost is on record for {missing[0].isoformat()} and {len(missing) - 1} more days"
    slope, level = _line([costs[day] for day in fitted])
    ahead = (next_month(today) - today).days
    so_far = sum((costs[day] for day in elapsed), Decimal(0))
    trend = sum((max(Decimal(0), level + slope * (days + number)) for number in range(ahead)), Decimal(0))
    usual = median([costs[day] for day in fitted]) * ahead
    return Forecast(so_far=so_far, by_trend=so_far + trend, by_median=so_far + usual, daily_change=slope)


def budget_verdict(found: Forecast | str, budget: Decimal | None) -> BudgetVerdict:
    """`within` and `over` only when both forecasts say so."""
    if isinstance(found, str) or budget is None:
        return "unknown"
    over = (found.by_trend > budget, found.by_median > budget)
    return "over" if all(over) else "at_risk" if any(over) else "within"


@dataclass(frozen=True)
class Anomaly:
    day: date
    cost: Decimal
    baseline: Decimal
    """Median of the days before."""

    @property
    def excess(self) -> Decimal:
        return self.cost - self.baseline


def anomalies(
    costs: Mapping[date, Decimal],
    *,
    days: Sequence[date],
    baseline_days: int,
    threshold_percent: Decimal,
    minimum: Decimal,
) -> tuple[list[Anomaly], int]:
    """Days that cost more than the days before them do, and how many days had too few before them to tell."""
    found: list[Anomaly] = []
    unjudged = 0
    for day in days:
        if day not in costs:
            unjudged += 1
            continue
        earlier = [day - timedelta(days=number) for number in range(1, baseline_days + 1)]
        known = [costs[before] for before in earlier if before in costs]
        if len(known) < BASELINE_AT_LEAST:
            unjudged += 1
            continue
        anomaly = Anomaly(day=day, cost=costs[day], baseline=median(known))
        if anomaly.excess >= minimum and 100 * anomaly.excess >= threshold_percent * anomaly.baseline:
            found.append(anomaly)
    return found, unjudged


def next_month(day: date) -> date:
    """The first day of the month after the day's."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _line(values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Least squares over equally spaced values: (slope, value at 0). One value is a level line."""
    count = Decimal(len(values))
    middle, mean = (count - 1) / 2, sum(values, Decimal(0)) / count
    spread = sum(((Decimal(x) - middle) ** 2 for x in range(len(values))), Decimal(0))
    if not spread:
        return Decimal(0), mean
    slope = sum(((Decimal(x) - middle) * (y - mean) for x, y in enumerate(values)), Decimal(0)) / spread
    return slope, mean - slope * middle
