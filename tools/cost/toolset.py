"""The cost tools' registry entries. The descriptions are what a model chooses by."""

from __future__ import annotations

from tools.base import Tool
from tools.cost import models
from tools.cost.billing import get_billing_data
from tools.cost.forecasting import find_cost_anomalies, forecast_cost
from tools.cost.recommending import get_cost_recommendations

READ_SECONDS = 20.0
PLAN_SECONDS = 30.0


def cost_tools() -> list[Tool]:
    """The cost agent's tools."""
    return [
        Tool(
            name="get_billing_data",
            description=(
                "Bills of months that are over, added up by any of month, site, environment and image family, the"
                " dearest group first, with totals and the change from month to month. `environment` defaults to the"
                " task's. Months without a bill are named, not counted as nothing. US dollars."
            ),
            input=models.GetBillingDataInput,
            output=models.GetBillingDataOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=get_billing_data,
        ),
        Tool(
            name="get_cost_recommendations",
            description=(
                "What to change, machine by machine, with the saving a month computed from measured use and listed"
                " prices: a smaller size of the series, off when nobody uses it (never in production), disks of"
                " machines long stopped. Machines whose use is not known are counted, not judged."
            ),
            input=models.GetCostRecommendationsInput,
            output=models.GetCostRecommendationsOutput,
            risk="plan_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=PLAN_SECONDS,
            run=get_cost_recommendations,
        ),
        Tool(
            name="forecast_cost",
            description=(
                "The running month's cost at its end, by environment: by the trend and by the median of the last full"
                " days, against the budget. `at_risk` where the two disagree; `unknown` without a budget or where a"
                " day's cost is missing."
            ),
            input=models.ForecastCostInput,
            output=models.ForecastCostOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=forecast_cost,
        ),
        Tool(
            name="find_cost_anomalies",
            description=(
                "Days on which an image family in an environment cost more than the median of the days before, by a"
                " share and an amount you choose, the largest excess first. It does not say why; get_change_history"
                " may."
            ),
            input=models.FindCostAnomaliesInput,
            output=models.FindCostAnomaliesOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=find_cost_anomalies,
        ),
    ]
