"""Costs from the estate's tables: recomputed for several estates."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import linear_regression, median

import pytest

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import NOW, ORG, Bench
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller

NEIGHBOR = Caller(org=NEIGHBOR_ORG, user="U9", roles=["operator"])
TODAY = NOW.astimezone(UTC).date()


def near(found: float | None, expected: float, *, by: float = 0.011) -> bool:
    return found is not None and abs(found - expected) <= by


@pytest.mark.parametrize("group_by", [["month"], ["environment", "image_family"], ["site"], ["month", "site"]])
async def test_bills_add_up_by_whatever_they_are_grouped(each_bench: Bench, group_by: list[str]) -> None:
    lines = each_bench.rows("SELECT * FROM bills WHERE org_id = ?", ORG)
    expected: dict[tuple[str, ...], float] = defaultdict(float)
    for line in lines:
        expected[tuple(line[name] for name in group_by)] += line["cost_usd"]
    params: JsonObject = {"group_by": group_by, "limit": 5}
    found = await each_bench.pages("get_billing_data", params, "groups", environment=None)
    sums = {tuple(row[name] for name in group_by): row["cost_usd"] for row in found}
    assert len(found) == len(sums)
    assert sums.keys() == expected.keys()
    assert all(near(sums[key], expected[key]) for key in expected)
    assert [row["cost_usd"] for row in found] == sorted(sums.values(), reverse=True)
    whole = sum(expected.values())
    assert all(near(row["share_pct"], 100 * row["cost_usd"] / whole) for row in found)
    output = await each_bench.output("get_billing_data", params, environment=None)
    assert near(output["total_usd"], whole)


async def test_months_have_their_totals_and_the_change_between_them(each_bench: Bench) -> None:
    output = await each_bench.output("get_billing_data", {"months": 5})
    assert (output["first_month"], output["last_month"]) == ("2026-06", "2026-10")
    assert output["months_without_bill"] == ["2026-06", "2026-07"]
    expected = each_bench.rows(
        "SELECT month, sum(cost_usd) AS cost FROM bills WHERE org_id = ? AND environment = 'production'"
        " GROUP BY month ORDER BY month",
        ORG,
    )
    assert [row["month"] for row in output["months"]] == [row["month"] for row in expected]
    before: float | None = None
    for row, stored in zip(output["months"], expected, strict=True):
        assert near(row["cost_usd"], stored["cost"])
        assert (
            row["change_pct"] is None
            if before is None
            else near(row["change_pct"], 100 * (stored["cost"] - before) / before)
        )
        before = stored["cost"]


async def test_sites_families_and_the_tasks_environment_narrow_a_bill(each_bench: Bench) -> None:
    params: JsonObject = {
        "sites": ["aws-eu-west-1"],
        "image_families": ["web-base"],
        "first_month": "2026-09",
        "last_month": "2026-09",
    }
    output = await each_bench.output("get_billing_data", params, environment="staging")
    (row,) = each_bench.rows(
        "SELECT sum(cost_usd) AS cost FROM bills WHERE org_id = ? AND site = 'aws-eu-west-1' AND month = '2026-09'"
        " AND environment = 'staging' AND image_family = 'web-base'",
        ORG,
    )
    assert near(output["total_usd"], row["cost"])


async def test_months_without_any_bill_are_an_error_and_not_free_of_charge(bench: Bench) -> None:
    for params, said in (
        ({"first_month": "2025-01", "last_month": "2025-03"}, "No bill for this is on record"),
        ({"sites": ["moon"]}, "No bill for this is on record"),
        ({"last_month": "2026-11"}, "is not over"),
        ({"first_month": "2026-10", "last_month": "2026-09"}, "`first_month` is after"),
        ({"first_month": "2020-01"}, "at most 24"),
        ({"cursor": "x|y"}, "no page cursor"),
    ):
        refused = await bench.refusal("get_billing_data", params)
        assert refused.kind == "tool_error"
        assert said in refused.message
    assert (await bench.refusal("get_billing_data", {"first_month": "2026-13"})).kind == "invalid_input"


async def test_bills_and_daily_costs_are_two_views_of_the_same_hours(each_bench: Bench) -> None:
    for month in ("2026-08", "2026-09", "2026-10"):
        billed = each_bench.rows(
            "SELECT environment, image_family, sum(cost_usd) AS cost FROM bills WHERE org_id = ? AND month = ?"
            " GROUP BY environment, image_family",
            ORG,
            month,
        )
        daily = each_bench.rows(
            "SELECT environment, image_family, sum(cost_usd) AS cost FROM daily_costs WHERE org_id = ?"
            " AND substr(day, 1, 7) = ? GROUP BY environment, image_family",
            ORG,
            month,
        )
        assert len(billed) == len(daily)
        for bill, days in zip(billed, daily, strict=True):
            assert near(bill["cost"], days["cost"], by=0.5)


def monthly(hours: float, days: int) -> float:
    return hours * 730 / (24 * days)


def expected_savings(bench: Bench, org: str = ORG) -> dict[str, tuple[str, float]]:
    """Asset → the best change and its monthly saving, worked out from the tables with 30 % headroom."""
    sizes = {row["name"]: row for row in bench.rows("SELECT * FROM machine_sizes WHERE org_id = ?", org)}
    found: dict[str, tuple[str, float]] = {}
    for row in bench.rows(
        "SELECT asset_usage.*, environment FROM asset_usage JOIN assets ON assets.org_id = asset_usage.org_id"
        " AND assets.id = asset_id WHERE asset_usage.org_id = ?",
        org,
    ):
        size = sizes[row["size"]]
        options: list[tuple[float, str]] = []
        if row["stopped_at"] is not None:
            if NOW - datetime.fromisoformat(row["stopped_at"]) >= timedelta(days=30):
                options.append((row["storage_usd_month"], "delete_stopped"))
        elif row["cpu_p95_percent"] is not None:
            smaller = [
                other
                for other in sizes.values()
                if other["series"] == size["series"]
                and other["vcpus"] >= size["vcpus"] * row["cpu_p95_percent"] / 100 * 1.3
                and other["memory_gb"] >= size["memory_gb"] * row["memory_p95_percent"] / 100 * 1.3
                and other["hourly_usd"] < size["hourly_usd"]
            ]
            if smaller:
                price = min(other["hourly_usd"] for other in smaller)
                hours = monthly(row["running_hours"], row["observed_days"])
                options.append((hours * (size["hourly_usd"] - price), "rightsize"))
            idle = row["running_hours"] - row["busy_hours"]
            if row["environment"] != "production" and idle >= 0.5 * row["running_hours"]:
                unused = row["running_hours"] - min(row["running_hours"], 1.3 * row["busy_hours"])
                options.append((monthly(unused, row["observed_days"]) * size["hourly_usd"], "schedule"))
        if options and max(options)[0] >= 1:
            found[row["asset_id"]] = (max(options)[1], max(options)[0])
    return found


async def test_recommendations_are_what_use_and_prices_give(each_bench: Bench) -> None:
    expected = expected_savings(each_bench)
    assert {kind for kind, _ in expected.values()} == {"rightsize", "schedule", "delete_stopped"}
    found = await each_bench.pages("get_cost_recommendations", {"limit": 40}, "recommendations", environment=None)
    assert {row["asset_id"]: row["kind"] for row in found} == {asset: kind for asset, (kind, _) in expected.items()}
    assert all(near(row["saving_usd_month"], expected[row["asset_id"]][1]) for row in found)
    assert [row["saving_usd_month"] for row in found] == sorted(
        (row["saving_usd_month"] for row in found), reverse=True
    )
    output = await each_bench.output("get_cost_recommendations", {"limit": 1}, environment=None)
    assert output["total_recommendations"] == len(expected)
    assert near(output["total_saving_usd_month"], sum(saving for _, saving in expected.values()), by=0.1)
    assert near(sum(row["saving_usd_month"] for row in output["by_kind"]), output["total_saving_usd_month"], by=0.05)
    assert sum(row["recommendations"] for row in output["by_kind"]) == len(expected)


async def test_machines_nobody_watches_are_counted_and_not_judged(each_bench: Bench) -> None:
    unwatched = {
        row["id"]
        for row in each_bench.rows(
            "SELECT id FROM assets JOIN asset_usage ON asset_usage.org_id = assets.org_id AND asset_id = id"
            " WHERE assets.org_id = ? AND state = 'running' AND cpu_p95_percent IS NULL",
            ORG,
        )
    }
    output = await each_bench.output("get_cost_recommendations", {}, environment=None)
    assert output["not_watched"] == len(unwatched) > 0
    assert set(output["not_watched_ids"]) == unwatched
    found = await each_bench.pages("get_cost_recommendations", {}, "recommendations", environment=None)
    assert not unwatched & {row["asset_id"] for row in found}


async def test_an_environments_recommendations_name_no_other_environments_machines(each_bench: Bench) -> None:
    expected = expected_savings(each_bench)
    for environment, code in (("production", "-prod-"), ("staging", "-stg-"), ("development", "-dev-")):
        found = await each_bench.pages("get_cost_recommendations", {}, "recommendations", environment=environment)
        assert {row["asset_id"] for row in found} == {asset for asset in expected if code in asset}
        assert environment != "production" or all(row["kind"] != "schedule" for row in found)


async def test_what_is_chosen_narrows_the_recommendations(bench: Bench) -> None:
    params: JsonObject = {"kinds": ["delete_stopped"], "minimum_saving_usd": 10}
    found = await bench.pages("get_cost_recommendations", params, "recommendations", environment=None)
    assert all(row["kind"] == "delete_stopped" and row["saving_usd_month"] >= 10 for row in found)
    strict = await bench.output("get_cost_recommendations", {"headroom_percent": 200}, environment=None)
    loose = await bench.output("get_cost_recommendations", {"headroom_percent": 0}, environment=None)
    assert strict["total_saving_usd_month"] < loose["total_saving_usd_month"]


async def test_no_usage_on_record_is_an_error_and_not_an_estate_without_waste(bench: Bench) -> None:
    bench.alter("DELETE FROM asset_usage WHERE org_id = ?", ORG)
    assert "on no record" in (await bench.refusal("get_cost_recommendations", {})).message


def daily_totals(bench: Bench, environment: str) -> dict[date, float]:
    rows = bench.rows(
        "SELECT day, sum(cost_usd) AS cost FROM daily_costs WHERE org_id = ? AND environment = ? GROUP BY day",
        ORG,
        environment,
    )
    return {date.fromisoformat(row["day"]): row["cost"] for row in rows}


async def test_forecasts_are_the_line_and_the_median_through_the_last_days(each_bench: Bench) -> None:
    budgets = {
        row["environment"]: row["monthly_usd"] for row in each_bench.rows("SELECT * FROM budgets WHERE org_id = ?", ORG)
    }
    output = await each_bench.output("forecast_cost", {"days": 21}, environment=None)
    assert output["through"] == (TODAY - timedelta(days=1)).isoformat()
    assert {row["environment"] for row in output["forecasts"]} == {"production", "staging", "development"}
    for row in output["forecasts"]:
        totals = daily_totals(each_bench, row["environment"])
        so_far = sum(cost for day, cost in totals.items() if (day.year, day.month) == (TODAY.year, TODAY.month))
        window = [totals[TODAY - timedelta(days=number)] for number in range(21, 0, -1)]
        slope, level = linear_regression(range(21), window)
        ahead = 30 - (TODAY.day - 1)
        by_trend = so_far + sum(max(0, level + slope * (21 + number)) for number in range(ahead))
        by_median = so_far + median(window) * ahead
        assert near(row["month_to_date_usd"], so_far)
        assert near(row["forecast_by_trend_usd"], by_trend)
        assert near(row["forecast_by_median_usd"], by_median)
        budget = budgets.get(row["environment"])
        assert row["budget_usd"] == budget
        if budget is None:
            assert (row["verdict"], row["reason"]) == ("unknown", "no budget is set")
        else:
            over = [forecast > budget for forecast in (by_trend, by_median)]
            assert row["verdict"] == ("over" if all(over) else "at_risk" if any(over) else "within")


async def test_a_missing_day_makes_a_forecast_unknown(bench: Bench) -> None:
    bench.alter("DELETE FROM daily_costs WHERE environment = 'production' AND day = '2026-11-20'")
    (row,) = (await bench.output("forecast_cost", {}))["forecasts"]
    assert (row["verdict"], row["forecast_by_trend_usd"]) == ("unknown", None)
    assert "2026-11-20" in row["reason"]
    bench.alter("DELETE FROM daily_costs")
    for tool in ("forecast_cost", "find_cost_anomalies"):
        assert "No costs of production are on record" in (await bench.refusal(tool, {})).message


async def test_the_burst_that_nobody_planned_is_found_and_nothing_else(each_bench: Bench) -> None:
    found = await each_bench.pages("find_cost_anomalies", {"limit": 2}, "anomalies", environment=None)
    assert len(found) == 3
    assert {row["image_family"] for row in found} == {"worker-base"}
    assert len({row["environment"] for row in found}) == 1
    days = sorted(date.fromisoformat(row["day"]) for row in found)
    assert days[2] - days[0] == timedelta(days=2)
    for row in found:
        series = {
            date.fromisoformat(stored["day"]): stored["cost_usd"]
            for stored in each_bench.rows(
                "SELECT * FROM daily_costs WHERE org_id = ? AND environment = ? AND image_family = 'worker-base'",
                ORG,
                row["environment"],
            )
        }
        day = date.fromisoformat(row["day"])
        usual = median(series[day - timedelta(days=number)] for number in range(1, 15))
        assert near(row["baseline_usd"], usual)
        assert near(row["excess_usd"], series[day] - usual)
    output = await each_bench.output("find_cost_anomalies", {}, environment=None)
    assert near(output["total_excess_usd"], sum(row["excess_usd"] for row in found), by=0.05)
    assert output["not_judged"] == 0


async def test_families_without_costs_are_an_error(bench: Bench) -> None:
    refused = await bench.refusal("find_cost_anomalies", {"image_families": ["moon-base"]})
    assert "worker-base" in refused.message


async def test_each_tenant_pays_its_own_bills(bench: Bench) -> None:
    for tool in ("get_billing_data", "get_cost_recommendations", "forecast_cost"):
        ours = await bench.output(tool, {}, environment=None)
        theirs = await bench.output(tool, {}, environment=None, caller=NEIGHBOR)
        assert ours != theirs
    found = await bench.pages("get_cost_recommendations", {}, "recommendations", environment=None, caller=NEIGHBOR)
    assert {row["asset_id"] for row in found} == set(expected_savings(bench, NEIGHBOR_ORG))
