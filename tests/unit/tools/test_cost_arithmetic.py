"""Savings, forecasts and unusual days as functions: what holds for any use, any costs."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.bench import NOW, ORG
from tools.contracts.billing import AssetUsage, MachineSize
from tools.contracts.common import Environment
from tools.cost.money import dollars, exact, percent, total
from tools.cost.savings import SavingKind, best_saving, delete_stopped, rightsize, schedule
from tools.cost.trend import Forecast, anomalies, budget_verdict, forecast, next_month

KINDS: tuple[SavingKind, ...] = get_args(SavingKind)
percents = st.floats(min_value=0, max_value=100, allow_nan=False).map(lambda value: round(value, 1))
costs = st.decimals(min_value=0, max_value=10_000, places=2)


def size(name: str, vcpus: int, memory: float, price: float) -> MachineSize:
    return MachineSize(
        org_id=ORG,
        name=name,
        series=name.rpartition("-")[0],
        vcpus=vcpus,
        memory_gb=memory,
        hourly_usd=price,
    )


SIZES = [size("g-1", 1, 4, 0.05), size("g-2", 2, 8, 0.1), size("g-4", 4, 16, 0.2), size("x-1", 1, 4, 0.01)]


def usage(**changes: Any) -> AssetUsage:
    return AssetUsage.model_validate(
        {
            "org_id": ORG,
            "asset_id": "web-1",
            "size": "g-4",
            "observed_days": 30,
            "cpu_p95_percent": 20,
            "memory_p95_percent": 20,
            "running_hours": 720,
            "busy_hours": 700,
            "stopped_at": None,
            "storage_usd_month": 12.5,
            **changes,
        }
    )


@given(cpu=percents, memory=percents, headroom=st.integers(min_value=0, max_value=100), hours=st.integers(1, 720))
def test_a_smaller_size_holds_what_was_used_and_costs_less(
    cpu: float, memory: float, headroom: int, hours: int
) -> None:
    used = usage(cpu_p95_percent=cpu, memory_p95_percent=memory, running_hours=hours)
    saving = rightsize(used, SIZES, headroom_percent=headroom)
    factor = 1 + exact(headroom) / 100
    vcpus, gigabytes = 4 * exact(cpu) / 100 * factor, 16 * exact(memory) / 100 * factor
    expected = next(
        (one for one in SIZES[:2] if one.vcpus >= vcpus and exact(one.memory_gb) >= gigabytes),
        None,
    )
    assert (saving.to_size if saving else None) == (expected.name if expected else None)
    if saving is not None and expected is not None:
        monthly = Decimal(hours) * 730 / 720
        assert saving.monthly_usd == monthly * (exact(0.2) - exact(expected.hourly_usd))
        assert 0 < saving.monthly_usd < saving.now_usd


@given(cpu=percents, memory=percents, more=st.integers(min_value=0, max_value=100))
def test_more_headroom_never_saves_more(cpu: float, memory: float, more: int) -> None:
    used = usage(cpu_p95_percent=cpu, memory_p95_percent=memory)
    careless, careful = (rightsize(used, SIZES, headroom_percent=spare) for spare in (10, 10 + more))
    assert (careful.monthly_usd if careful else 0) <= (careless.monthly_usd if careless else 0)


@given(running=st.integers(min_value=0, max_value=720), share=st.floats(min_value=0, max_value=1, allow_nan=False))
def test_a_schedule_saves_the_idle_hours_and_never_in_production(running: int, share: float) -> None:
    busy = round(running * share, 1)
    used = usage(running_hours=running, busy_hours=busy)
    assert schedule(used, "production", SIZES, headroom_percent=0) is None
    saving = schedule(used, "staging", SIZES, headroom_percent=0)
    idle = exact(running) - exact(busy)
    worth_it = running > 0 and idle / running >= Decimal("0.5")
    assert (saving is not None) is worth_it
    if saving is not None:
        assert abs(saving.monthly_usd - idle * 730 / 720 * exact(0.2)) < Decimal("0.001")
        assert saving.monthly_usd <= saving.now_usd


def test_disks_are_recommended_for_deletion_only_after_a_month_of_standing_still() -> None:
    for days, offered in ((None, False), (29, False), (30, True), (200, True)):
        stopped = None if days is None else NOW - timedelta(days=days)
        saving = delete_stopped(usage(stopped_at=stopped), now=NOW)
        assert (saving is not None) is offered
        if saving is not None:
            assert saving.monthly_usd == Decimal("12.5")


def test_nothing_is_recommended_of_what_is_not_known() -> None:
    for changes in (
        {"cpu_p95_percent": None},
        {"memory_p95_percent": None},
        {"busy_hours": None},
        {"observed_days": 13},
        {"observed_days": 0},
        {"size": "unheard-of"},
    ):
        used = usage(**{"cpu_p95_percent": 1, "memory_p95_percent": 1, "busy_hours": 1, **changes})
        assert best_saving(used, "staging", SIZES, now=NOW, headroom_percent=30, kinds=KINDS) is None


@given(cpu=percents, memory=percents, busy=st.integers(min_value=0, max_value=720))
def test_a_machine_gets_the_one_change_that_saves_most(cpu: float, memory: float, busy: int) -> None:
    used = usage(cpu_p95_percent=cpu, memory_p95_percent=memory, busy_hours=busy)
    environments: tuple[Environment, ...] = ("production", "staging")
    for environment in environments:
        possible = [
            one
            for one in (
                rightsize(used, SIZES, headroom_percent=30),
                schedule(used, environment, SIZES, headroom_percent=30),
            )
            if one is not None and one.monthly_usd > 0
        ]
        best = best_saving(used, environment, SIZES, now=NOW, headroom_percent=30, kinds=KINDS)
        assert (best.monthly_usd if best else None) == max((one.monthly_usd for one in possible), default=None)
        only = best_saving(used, environment, SIZES, now=NOW, headroom_percent=30, kinds=["delete_stopped"])
        assert only is None


def days_of(values: list[Decimal], *, today: date) -> dict[date, Decimal]:
    """The values of the days before today, the last for yesterday."""
    return {today - timedelta(days=len(values) - index): value for index, value in enumerate(values)}


TODAY = date(2026, 11, 23)


@given(level=costs, length=st.integers(min_value=23, max_value=60))
def test_costs_that_never_change_are_forecast_as_they_are(level: Decimal, length: int) -> None:
    found = forecast(days_of([level] * length, today=TODAY), today=TODAY, days=14)
    assert isinstance(found, Forecast)
    assert abs(found.by_trend - 30 * level) < Decimal("1e-6")
    assert found.by_median == 30 * level
    assert found.so_far == 22 * level


@given(start=costs, step=st.integers(min_value=0, max_value=50))
def test_costs_that_grow_evenly_are_forecast_to_go_on_growing(start: Decimal, step: int) -> None:
    found = forecast(days_of([start + step * day for day in range(40)], today=TODAY), today=TODAY, days=20)
    assert isinstance(found, Forecast)
    assert abs(found.daily_change - step) < Decimal("1e-6")
    ahead = sum((start + step * day for day in range(40, 48)), Decimal(0))
    assert abs(found.by_trend - found.so_far - ahead) < Decimal("1e-4")


@given(values=st.lists(costs, min_size=25, max_size=25))
def test_no_forecast_is_below_what_is_spent_already(values: list[Decimal]) -> None:
    found = forecast(days_of(values, today=TODAY), today=TODAY, days=14)
    assert isinstance(found, Forecast)
    assert found.so_far == sum(values[-22:], Decimal(0))
    assert found.by_trend >= found.so_far
    assert found.by_median == found.so_far + median(values[-14:]) * 8


@given(gone=st.integers(min_value=1, max_value=28))
def test_a_day_without_a_cost_is_not_a_day_that_cost_nothing(gone: int) -> None:
    known = days_of([Decimal(5)] * 28, today=TODAY)
    del known[TODAY - timedelta(days=gone)]
    found = forecast(known, today=TODAY, days=28)
    assert isinstance(found, str)
    assert (TODAY - timedelta(days=gone)).isoformat() in found
    assert budget_verdict(found, Decimal(1)) == "unknown"


def test_on_the_first_of_a_month_the_whole_month_lies_ahead() -> None:
    first = date(2026, 12, 1)
    found = forecast(days_of([Decimal(2)] * 28, today=first), today=first, days=28)
    assert isinstance(found, Forecast)
    assert (found.so_far, found.by_median) == (0, 62)
    assert next_month(date(2026, 12, 31)) == date(2027, 1, 1)
    assert next_month(date(2028, 2, 29)) == date(2028, 3, 1)


@given(trend=costs, usual=costs, budget=costs)
def test_a_budget_is_kept_or_broken_only_when_both_forecasts_say_so(
    trend: Decimal, usual: Decimal, budget: Decimal
) -> None:
    found = Forecast(so_far=Decimal(0), by_trend=trend, by_median=usual, daily_change=Decimal(0))
    verdict = budget_verdict(found, budget)
    assert (verdict == "over") is (min(trend, usual) > budget)
    assert (verdict == "within") is (max(trend, usual) <= budget)
    assert budget_verdict(found, None) == "unknown"


@given(
    values=st.lists(costs, min_size=20, max_size=40),
    threshold=st.integers(min_value=1, max_value=200),
    minimum=st.integers(min_value=0, max_value=500),
)
def test_an_unusual_day_costs_more_than_the_median_of_the_days_before(
    values: list[Decimal], threshold: int, minimum: int
) -> None:
    known = days_of(values, today=TODAY)
    days = sorted(known)[14:]
    found, unjudged = anomalies(
        known, days=days, baseline_days=14, threshold_percent=Decimal(threshold), minimum=Decimal(minimum)
    )
    assert unjudged == 0
    by_day = {one.day: one for one in found}
    for index, day in enumerate(sorted(known)):
        if index < 14:
            continue
        usual = median(values[index - 14 : index])
        excess = values[index] - usual
        assert (day in by_day) is (excess >= minimum and 100 * excess >= threshold * usual)
        if day in by_day:
            assert by_day[day].excess == excess


def test_a_day_with_too_little_before_it_is_not_judged() -> None:
    known = days_of([Decimal(1)] * 6 + [Decimal(900)], today=TODAY)
    found, unjudged = anomalies(
        known, days=[TODAY - timedelta(days=1)], baseline_days=14, threshold_percent=Decimal(10), minimum=Decimal(1)
    )
    assert (found, unjudged) == ([], 1)
    found, unjudged = anomalies(
        known, days=[TODAY], baseline_days=14, threshold_percent=Decimal(10), minimum=Decimal(1)
    )
    assert (found, unjudged) == ([], 1)


@given(amounts=st.lists(st.integers(min_value=-10_000, max_value=10_000)))
def test_cents_are_added_up_exactly(amounts: list[int]) -> None:
    assert total(amount / 100 for amount in amounts) == Decimal(sum(amounts)) / 100


def test_half_a_cent_is_rounded_away_from_zero_and_no_whole_has_no_share() -> None:
    assert (dollars(Decimal("0.005")), dollars(Decimal("2.675"))) == (0.01, 2.68)
    assert percent(Decimal(1), Decimal(0)) is None
    assert percent(Decimal(1), Decimal(3)) == 33.33
