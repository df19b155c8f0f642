"""`forecast_cost` and `find_cost_anomalies`: from each day's cost, over days (UTC) that are over."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal

from tools.base import ToolContext, ToolError
from tools.connectors.rows import require_own
from tools.contracts.common import Environment
from tools.cost.models import (
    CostAnomaly,
    CostForecast,
    FindCostAnomaliesInput,
    FindCostAnomaliesOutput,
    ForecastCostInput,
    ForecastCostOutput,
)
from tools.cost.money import dollars, exact, percent
from tools.cost.sources import after, cost_source, daily_series
from tools.cost.trend import Anomaly, anomalies, budget_verdict, forecast
from tools.fields import clipped
from tools.lookup import listed


async def forecast_cost(given: ForecastCostInput, context: ToolContext) -> ForecastCostOutput:
    today = context.now().astimezone(UTC).date()
    start = min(today.replace(day=1), today - timedelta(days=given.days))
    end = today - timedelta(days=1)
    series = await daily_series(context, start=start, end=end, environment=given.environment)
    org, source = context.caller.org, cost_source(context)
    rows = await source.budgets(org, environment=given.environment)
    budgets = {
        budget.environment: exact(budget.monthly_usd)
        for budget in require_own(rows, org=org, source=context.estate.name)
    }
    per_environment: dict[Environment, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for (environment, _), costs in series.items():
        for day, cost in costs.items():
            per_environment[environment][day] += cost
    return ForecastCostOutput(
        computed_at=context.now(),
        through=end,
        forecasts=[
            _forecast(environment, costs, budgets.get(environment), today=today, days=given.days)
            for environment, costs in sorted(per_environment.items())
        ],
    )


def _forecast(
    environment: Environment, costs: dict[date, Decimal], budget: Decimal | None, *, today: date, days: int
) -> CostForecast:
    found = forecast(costs, today=today, days=days)
    known = None if isinstance(found, str) else found
    reason = found if isinstance(found, str) else "" if budget is not None else "no budget is set"
    return CostForecast(
        environment=environment,
        month=f"{today:%Y-%m}",
        month_to_date_usd=dollars(known.so_far) if known else None,
        forecast_by_trend_usd=dollars(known.by_trend) if known else None,
        forecast_by_median_usd=dollars(known.by_median) if known else None,
        daily_change_usd=dollars(known.daily_change) if known else None,
        budget_usd=None if budget is None else dollars(budget),
        verdict=budget_verdict(found, budget),
        reason=clipped(reason),
    )


@dataclass(frozen=True)
class _Found:
    environment: Environment
    image_family: str
    anomaly: Anomaly

    @property
    def place(self) -> str:
        return f"{self.anomaly.day.isoformat()}|{self.environment}|{self.image_family}"


async def find_cost_anomalies(given: FindCostAnomaliesInput, context: ToolContext) -> FindCostAnomaliesOutput:
    today = context.now().astimezone(UTC).date()
    days = [today - timedelta(days=number) for number in range(given.days, 0, -1)]
    start = days[0] - timedelta(days=given.baseline_days)
    series = await daily_series(context, start=start, end=days[-1], environment=given.environment)
    chosen = {
        place: costs for place, costs in series.items() if not given.image_families or place[1] in given.image_families
    }
    if not chosen:
        known = sorted({family for _, family in series})
        raise ToolError(f"Nothing was judged. None of these families has costs. Families: {listed(known, at_most=40)}.")
    found: list[_Found] = []
    unjudged = 0
    for (environment, family), costs in chosen.items():
        here, without = anomalies(
            costs,
            days=days,
            baseline_days=given.baseline_days,
            threshold_percent=exact(given.threshold_percent),
            minimum=exact(given.minimum_usd),
        )
        unjudged += without
        found.extend(_Found(environment, family, anomaly) for anomaly in here)
    found.sort(key=lambda one: (-one.anomaly.excess, one.place))
    first = after(given.cursor, [one.place for one in found])
    page = found[first : first + given.limit]
    return FindCostAnomaliesOutput(
        through=days[-1],
        anomalies=[_anomaly(one) for one in page],
        total_anomalies=len(found),
        total_excess_usd=dollars(sum((one.anomaly.excess for one in found), Decimal(0))),
        series=len(chosen),
        not_judged=unjudged,
        returned=len(page),
        next_cursor=page[-1].place if first + given.limit < len(found) else None,
    )


def _anomaly(found: _Found) -> CostAnomaly:
    anomaly = found.anomaly
    return CostAnomaly(
        day=anomaly.day,
        environment=found.environment,
        image_family=found.image_family,
        cost_usd=dollars(anomaly.cost),
        baseline_usd=dollars(anomaly.baseline),
        excess_usd=dollars(anomaly.excess),
        excess_pct=percent(anomaly.excess, anomaly.baseline),
    )
