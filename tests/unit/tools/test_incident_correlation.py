"""What came before what: recomputed from the tables for several estates, and for any rows at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.bench import NOW, ORG, Bench
from tools.contracts.common import JsonObject
from tools.contracts.incident import Alert, ChangeEvent, LogLine
from tools.incident.correlation import Picture, Place, likely_cause


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ill_alerts(bench: Bench) -> list[JsonObject]:
    return bench.rows("SELECT * FROM alerts WHERE org_id = ? AND title LIKE 'High error rate%'", ORG)


def onset_of(bench: Bench, alert: JsonObject) -> datetime:
    (row,) = bench.rows(
        "SELECT min(at) AS first FROM logs WHERE org_id = ? AND asset_id = ? AND level = 'error'",
        ORG,
        alert["asset_id"],
    )
    return at(row["first"])


async def correlated(bench: Bench, alert_id: str, **params: Any) -> JsonObject:
    output = await bench.output("correlate_events", {"alert_ids": [alert_id], **params}, environment=None)
    (found,) = output["correlations"]
    return found


async def test_onsets_and_leads_are_the_differences_of_the_stored_moments(each_bench: Bench) -> None:
    for alert in ill_alerts(each_bench):
        found, onset = await correlated(each_bench, alert["id"]), onset_of(each_bench, alert)
        assert at(found["onset_at"]) == onset
        assert found["onset_from"] == "log"
        assert found["alert_lag_seconds"] == round((at(alert["raised_at"]) - onset).total_seconds(), 3)
        for change in found["changes"]:
            (row,) = each_bench.rows(
                "SELECT * FROM change_events WHERE org_id = ? AND id = ?", ORG, change["change_id"]
            )
            assert change["lead_seconds"] == round((onset - at(row["at"])).total_seconds(), 3)
            assert change["preceded"] is (at(row["at"]) < onset)


async def test_the_change_that_made_a_machine_ill_is_singled_out_and_its_red_herrings_are_not(
    each_bench: Bench,
) -> None:
    explained = 0
    for alert in ill_alerts(each_bench):
        onset = onset_of(each_bench, alert)
        culprits = each_bench.rows(
            "SELECT reference, at FROM change_events WHERE org_id = ? AND asset_id = ? AND reference != 'CHG-3990'"
            " AND at < ? AND at >= ?",
            ORG,
            alert["asset_id"],
            onset.isoformat(timespec="microseconds"),
            (onset - timedelta(minutes=60)).isoformat(timespec="microseconds"),
        )
        found = await correlated(each_bench, alert["id"])
        assert found["likely_cause"] == (culprits[0]["reference"] if culprits else None)
        explained += bool(culprits)
        innocent = next(change for change in found["changes"] if change["reference"] == "CHG-3990")
        assert innocent["preceded"]
        assert innocent["changed_assets"] == 24 + len(ill_alerts(each_bench))
        assert innocent["changed_then_ill"] < innocent["changed_assets"] / 2
        (repair,) = [
            change for change in found["changes"] if change["kind"] == "restart" and change["relation"] == "same_asset"
        ]
        assert repair["lead_seconds"] < 0
    assert explained == len(ill_alerts(each_bench)) - 1


async def test_association_is_the_share_of_changed_and_ill_assets_that_are_both(each_bench: Bench) -> None:
    alert = ill_alerts(each_bench)[0]
    found = await correlated(each_bench, alert["id"])
    first = onset_of(each_bench, alert) - timedelta(hours=7)
    troubles: dict[str, list[datetime]] = defaultdict(list)
    for row in each_bench.rows(
        "SELECT asset_id, at FROM logs WHERE org_id = ?1 AND level = 'error'"
        " UNION ALL SELECT asset_id, raised_at FROM alerts WHERE org_id = ?1 AND asset_id IS NOT NULL",
        ORG,
    ):
        if at(row["at"]) >= first:
            troubles[row["asset_id"]].append(at(row["at"]))
    events = each_bench.rows("SELECT * FROM change_events WHERE org_id = ?", ORG)
    for change in found["changes"]:
        touched = {
            row["asset_id"]: at(row["at"])
            for row in sorted(events, key=lambda row: row["at"], reverse=True)
            if row["reference"] == change["reference"] and at(row["at"]) >= first
        }
        ill = [asset for asset, moment in touched.items() if asset in troubles and min(troubles[asset]) > moment]
        assert change["changed_then_ill"] == len(ill)
        assert change["association"] == round(len(ill) / len(set(touched) | set(troubles)), 4)


async def test_onsets_are_listed_in_the_order_in_which_assets_fell_ill(each_bench: Bench) -> None:
    output = await each_bench.output("correlate_events", {}, environment=None)
    order = output["order_of_onsets"]
    assert {alert["asset_id"] for alert in ill_alerts(each_bench)} == {row["asset_id"] for row in order}
    assert all(earlier["onset_at"] <= later["onset_at"] for earlier, later in pairwise(order))
    assert order[0]["seconds_after_first"] == 0


async def test_an_environments_correlation_reads_nothing_of_another(each_bench: Bench) -> None:
    for environment in ("production", "staging", "development"):
        output = await each_bench.output("correlate_events", {}, environment=environment)
        code = {"production": "-prod-", "staging": "-stg-", "development": "-dev-"}[environment]
        assert all(code in row["asset_id"] for row in output["order_of_onsets"])
        assert all(row["asset_id"] is None or code in row["asset_id"] for row in output["correlations"])


async def test_alerts_are_explained_page_by_page_and_each_once(each_bench: Bench) -> None:
    params: JsonObject = {"limit": 2, "start": (NOW - timedelta(days=2)).isoformat()}
    found = await each_bench.pages("correlate_events", params, "correlations", environment=None)
    expected = each_bench.rows(
        "SELECT id FROM alerts WHERE org_id = ? AND raised_at >= ? ORDER BY raised_at DESC, id DESC",
        ORG,
        (NOW - timedelta(days=2)).isoformat(timespec="microseconds"),
    )
    assert [row["alert_id"] for row in found] == [row["id"] for row in expected]


async def test_what_is_missing_is_said_rather_than_guessed(bench: Bench) -> None:
    (about_site,) = bench.rows("SELECT id FROM alerts WHERE org_id = ? AND asset_id IS NULL ORDER BY id LIMIT 1", ORG)
    found = await correlated(bench, about_site["id"])
    assert found["first_error"] is None
    assert any("names no asset" in sentence for sentence in found["missing"])
    assert found["likely_cause"] is None


async def test_an_alert_that_is_not_there_is_an_error_and_so_is_one_of_another_environment(bench: Bench) -> None:
    assert "alert-none" in (await bench.refusal("correlate_events", {"alert_ids": ["alert-none"]})).message
    staged = bench.rows("SELECT id FROM alerts WHERE org_id = ? AND environment != 'production' LIMIT 1", ORG)
    refused = await bench.refusal("correlate_events", {"alert_ids": [staged[0]["id"]]})
    assert "No such alerts" in refused.message


ASSETS = ("a", "b", "c", "d")
minutes = st.integers(min_value=-120, max_value=120)


def moment(minute: int) -> datetime:
    return NOW + timedelta(minutes=minute)


alerts = st.lists(st.tuples(st.sampled_from([*ASSETS, None]), minutes), min_size=1, max_size=4)
lines = st.lists(st.tuples(st.sampled_from(ASSETS), minutes), max_size=10)
events = st.lists(
    st.tuples(st.sampled_from(["R1", "R2", "R3"]), st.sampled_from([*ASSETS, None]), minutes), max_size=10
)
PLACES = {asset: Place(site=f"site-{index % 2}", fleet=("production", "web")) for index, asset in enumerate(ASSETS)}


def picture(
    alerts: Sequence[tuple[str | None, int]],
    lines: Sequence[tuple[str, int]],
    events: Sequence[tuple[str, str | None, int]],
    *,
    shift: timedelta = timedelta(0),
    backwards: bool = False,
) -> Picture:
    made = [
        Alert(
            id=f"alert-{number}",
            org_id=ORG,
            severity="critical",
            title="t",
            description="d",
            source="s",
            site="site-0",
            asset_id=asset,
            status="open",
            raised_at=moment(minute) + shift,
        )
        for number, (asset, minute) in enumerate(alerts)
    ]
    written = [
        LogLine(
            id=f"log-{number}",
            org_id=ORG,
            asset_id=asset,
            at=moment(minute) + shift,
            level="error",
            unit="u",
            message="m",
        )
        for number, (asset, minute) in enumerate(lines)
    ]
    changed = [
        ChangeEvent(
            id=f"event-{number}",
            org_id=ORG,
            at=moment(minute) + shift,
            kind="deploy",
            reference=reference,
            site="site-0" if asset is None else PLACES[asset].site,
            asset_id=asset,
            actor="ci",
            summary="s",
        )
        for number, (reference, asset, minute) in enumerate(events)
    ]
    step = -1 if backwards else 1
    return Picture(
        alerts=made[::step],
        lines=written[::step],
        events=changed[::step],
        places=PLACES,
        lookback=timedelta(minutes=60),
    )


def answers(seen: Picture, *, shift: timedelta = timedelta(0)) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for alert in seen.alerts:
        onset = seen.onset_of(alert)
        related = seen.related_to(alert, onset.at)
        cause = likely_cause(related)
        found[alert.id] = (
            onset.at - shift,
            onset.error_lines,
            [(one.event.id, one.relation, one.lead, one.changed_then_ill, one.association) for one in related],
            cause.event.reference if cause else None,
            seen.unrelated_before(alert, onset.at),
        )
    return found


@given(alerts=alerts, lines=lines, events=events, shift=st.integers(min_value=-10_000, max_value=10_000))
def test_neither_the_order_of_the_rows_nor_the_date_changes_an_answer(
    alerts: list[tuple[str | None, int]],
    lines: list[tuple[str, int]],
    events: list[tuple[str, str | None, int]],
    shift: int,
) -> None:
    answer = answers(picture(alerts, lines, events))
    assert answers(picture(alerts, lines, events, backwards=True)) == answer
    moved = timedelta(minutes=shift)
    assert answers(picture(alerts, lines, events, shift=moved), shift=moved) == answer


@given(alerts=alerts, lines=lines, events=events)
def test_an_effect_is_never_put_down_to_what_came_after_it(
    alerts: list[tuple[str | None, int]], lines: list[tuple[str, int]], events: list[tuple[str, str | None, int]]
) -> None:
    seen = picture(alerts, lines, events)
    for alert in seen.alerts:
        onset = seen.onset_of(alert)
        assert alert.raised_at - seen.lookback <= onset.at <= alert.raised_at
        related = seen.related_to(alert, onset.at)
        for one in related:
            assert one.lead == onset.at - one.event.at <= seen.lookback
            assert one.preceded is (one.event.at < onset.at)
            assert 0 <= one.association <= 1
            assert 0 <= one.changed_then_ill <= one.changed_assets
        preceding = [one.preceded for one in related]
        assert preceding == sorted(preceding, reverse=True)
        cause = likely_cause(related)
        if cause is not None:
            assert cause.event.at < onset.at
            assert cause.event.asset_id == alert.asset_id
            assert all(
                one.association <= cause.association
                for one in related
                if one.relation == "same_asset" and one.preceded and 2 * one.changed_then_ill >= one.changed_assets
            )


@pytest.mark.parametrize(
    ("rollout", "own"),
    [
        # Of an earlier rollout, a alone was changed once more, right before it fell ill.
        ([("R1", "a", -40), ("R1", "b", -40), ("R1", "c", -40)], -5),
        # The rollout came last, and one of the machines that it reached is well.
        ([("R1", "a", -5), ("R1", "b", -40), ("R1", "c", -40), ("R1", "d", -40)], -9),
    ],
)
def test_a_rollout_that_reached_every_ill_machine_of_a_small_place_does_not_outdo_what_changed_one_alone(
    rollout: list[tuple[str, str | None, int]], own: int
) -> None:
    seen = picture([("a", 0), ("b", -5), ("c", -8)], [], [*rollout, ("R2", "a", own)])
    first, second, _ = seen.alerts
    related = seen.related_to(first, seen.onset_of(first).at)
    association = {one.event.reference: one.association for one in related}
    assert association["R1"] > association["R2"]
    assert likely_cause(related) is None
    alone = likely_cause(seen.related_to(second, seen.onset_of(second).at))
    assert alone is not None
    assert alone.event.reference == "R1"


async def test_a_change_that_left_other_environments_well_is_not_singled_out_in_a_small_one(each_bench: Bench) -> None:
    for alert in ill_alerts(each_bench):
        output = await each_bench.output(
            "correlate_events", {"alert_ids": [alert["id"]]}, environment=alert["environment"]
        )
        (found,) = output["correlations"]
        innocent = next(change for change in found["changes"] if change["reference"] == "CHG-3990")
        assert innocent["changed_assets"] == 24 + len(ill_alerts(each_bench))
        assert found["likely_cause"] != "CHG-3990"
        named = {row["asset_id"] for row in output["order_of_onsets"]}
        places = {
            row["id"]: row["environment"] for row in each_bench.rows("SELECT * FROM assets WHERE org_id = ?", ORG)
        }
        assert {places[name] for name in named} == {alert["environment"]}
