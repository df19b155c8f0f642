"""RPO and RTO as functions: what they are for any replication and any record of runs."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.bench import NOW, ORG
from tools.contracts.recovery import DrPair, DrRun, DrStep, DrStepName, ReplicationStatus, ReplicationStream
from tools.dr.objectives import data_loss, downtime, last_passed_test, verdict_of

STEPS: tuple[DrStepName, ...] = ("stop_writes", "replay", "start_machines", "switch_traffic", "verify")

seconds = st.integers(min_value=0, max_value=500_000)
backlogs = st.floats(min_value=0, max_value=1e6, allow_nan=False)
rates = st.floats(min_value=0.5, max_value=1e4, allow_nan=False)
minutes = st.floats(min_value=0, max_value=300, allow_nan=False)


def pair(**changes: object) -> DrPair:
    return DrPair.model_validate(
        {
            "id": "dr-1",
            "org_id": ORG,
            "environment": "production",
            "primary_site_id": "a",
            "dr_site_id": "b",
            "active_site_id": "a",
            "status": "healthy",
            "replication_status": "in-sync",
            "rpo_minutes": 15,
            "rto_minutes": 60,
            "last_failover_test": None,
            "last_sync_at": NOW,
            **changes,
        }
    )


def stream(
    name: str,
    *,
    age: int | None = 0,
    backlog: float = 0,
    rate: float | None = 100,
    status: ReplicationStatus = "in-sync",
) -> ReplicationStream:
    return ReplicationStream(
        org_id=ORG,
        dr_pair_id="dr-1",
        dataset=name,
        status=status,
        last_sync_at=None if age is None else NOW - timedelta(seconds=age),
        backlog_mb=backlog,
        replay_mb_per_minute=rate,
    )


def run(*, days_ago: int = 5, ok: bool = True, machines: int = 10, took: tuple[float, ...] = (1, 2, 10, 3, 4)) -> DrRun:
    return DrRun(
        id=f"run-{days_ago}",
        org_id=ORG,
        dr_pair_id="dr-1",
        kind="drill",
        at=NOW - timedelta(days=days_ago),
        ok=ok,
        machines=machines,
        steps=[DrStep(name=name, minutes=length) for name, length in zip(STEPS, took, strict=False)],
        note="",
    )


@given(ages=st.lists(seconds, min_size=1, max_size=6), later=st.integers(min_value=0, max_value=10_000))
def test_the_data_lost_is_the_age_of_the_oldest_synchronization_and_grows_with_time(
    ages: list[int], later: int
) -> None:
    streams = [stream(f"set-{number}", age=age) for number, age in enumerate(ages)]
    loss = data_loss(pair(), streams, now=NOW)
    assert loss.minutes is not None
    assert abs(loss.minutes - max(ages) / 60) < 1e-6
    assert loss.dataset in {f"set-{number}" for number, age in enumerate(ages) if age == max(ages)}
    grown = data_loss(pair(), streams, now=NOW + timedelta(seconds=later)).minutes
    assert grown is not None
    assert abs(grown - loss.minutes - later / 60) < 1e-6


@given(ages=st.lists(st.none() | st.integers(min_value=-5000, max_value=5000), max_size=5))
def test_a_synchronization_that_is_unknown_or_in_the_future_is_no_small_loss(ages: list[int | None]) -> None:
    streams = [stream(f"set-{number}", age=age) for number, age in enumerate(ages)]
    loss = data_loss(pair(last_sync_at=None), streams, now=NOW)
    knowable = bool(ages) and all(age is not None and age >= 0 for age in ages)
    assert (loss.minutes is not None) is knowable
    assert bool(loss.reason) is not knowable
    assert (verdict_of(loss.minutes, 15) == "unknown") is not knowable


def test_without_data_sets_the_pairs_own_statement_is_used_and_said_to_be() -> None:
    loss = data_loss(pair(last_sync_at=NOW - timedelta(minutes=9)), [], now=NOW)
    assert (loss.minutes, loss.dataset) == (9, None)
    away = downtime([], [run()], machines=3)
    assert away.minutes is None
    assert "nothing is known" in away.reason


@given(
    loads=st.lists(st.tuples(backlogs, rates), min_size=1, max_size=5),
    took=st.tuples(minutes, minutes, minutes, minutes, minutes),
    then=st.integers(min_value=1, max_value=400),
    machines=st.integers(min_value=0, max_value=400),
)
def test_downtime_is_the_measured_steps_the_slowest_replay_and_todays_machines(
    loads: list[tuple[float, float]], took: tuple[float, ...], then: int, machines: int
) -> None:
    streams = [stream(f"set-{number}", backlog=size, rate=rate) for number, (size, rate) in enumerate(loads)]
    away = downtime(streams, [run(machines=then, took=took)], machines=machines)
    expected = took[0] + max(size / rate for size, rate in loads) + took[2] * machines / then + took[3] + took[4]
    assert away.minutes is not None
    assert abs(away.minutes - expected) < 1e-6 * max(1, expected)
    more = [*streams, stream("one more", backlog=loads[0][0] * 2 + 1, rate=loads[0][1])]
    longer = downtime(more, [run(machines=then, took=took)], machines=machines + 1).minutes
    assert longer is not None
    assert longer >= away.minutes - 1e-9


def test_what_was_not_measured_is_not_estimated() -> None:
    fine = [stream("orders", backlog=100)]
    for streams, runs, machines, said in (
        ([stream("orders", status="failed")], [run()], 5, "has failed"),
        ([stream("orders", rate=None)], [run()], 5, "not known"),
        ([stream("orders", rate=0)], [run()], 5, "not known"),
        (fine, [], 5, "no drill or failover"),
        (fine, [run(ok=False)], 5, "no drill or failover"),
        (fine, [run(took=(1, 2))], 5, "no drill or failover"),
        (fine, [run(machines=0)], 5, "started no machines"),
    ):
        away = downtime(streams, runs, machines=machines)
        assert away.minutes is None
        assert said in away.reason
        assert verdict_of(away.minutes, 10_000) == "unknown"


def test_the_last_run_that_went_through_is_the_measure_and_a_failed_one_is_no_test() -> None:
    runs = [run(days_ago=2, ok=False), run(days_ago=9, took=(1, 0, 0, 0, 0)), run(days_ago=80, took=(50, 0, 0, 0, 0))]
    away = downtime([stream("orders")], runs, machines=0)
    assert (away.minutes, away.run_id) == (1, "run-9")
    passed = last_passed_test(runs)
    assert passed is not None
    assert passed.id == "run-9"


@given(reached=minutes, objective=st.integers(min_value=1, max_value=300))
def test_an_objective_is_met_up_to_and_including_its_limit(reached: float, objective: int) -> None:
    assert verdict_of(reached, objective) == ("met" if reached <= objective else "missed")
