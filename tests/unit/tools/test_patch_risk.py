"""The risk score, recomputed from the tables factor by factor."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import ORG, Bench
from tests.unit.tools.test_security_blast import machines
from tests.unit.tools.test_security_scanning import NEIGHBOR
from tools.contracts.common import JsonObject
from tools.patch.risk import CHANGE_SCORES, WEIGHTS, level_of


async def score(bench: Bench, asset_ids: list[str], change: str = "image_rollout", **changes: Any) -> JsonObject:
    params: JsonObject = {"asset_ids": asset_ids, "change_type": change}
    return await bench.output("calculate_risk_score", params, **changes)


def factors_of(output: JsonObject) -> dict[str, float]:
    return {row["name"]: row["score"] for row in output["factors"]}


def golden_of(bench: Bench, family: str, *, org: str = ORG) -> tuple[list[str], int]:
    """The family's versions, newest first, and where the golden one is."""
    rows = bench.rows(
        "SELECT version, signed, status FROM images WHERE org_id = ? AND family = ? ORDER BY created_at DESC",
        org,
        family,
    )
    golden = next(number for number, row in enumerate(rows) if row["signed"] and row["status"] == "production")
    return [row["version"] for row in rows], golden


def expected(bench: Bench, touched: list[JsonObject], running: list[JsonObject]) -> dict[str, float]:
    ids = {row["id"] for row in touched}
    versions = {row["id"]: row["image_version"] for row in bench.rows("SELECT * FROM assets WHERE org_id = ?", ORG)}
    health = {row["asset_id"]: row for row in bench.rows("SELECT * FROM asset_health WHERE org_id = ?", ORG)}

    def worst(*columns: str) -> float:
        there = Counter(tuple(row[name] for name in columns) for row in running)
        taken = Counter(tuple(row[name] for name in columns) for row in running if row["id"] in ids)
        return max(count / there[place] for place, count in taken.items())

    behind: list[int] = []
    for row in touched:
        line, golden = golden_of(bench, row["image_family"])
        behind.append(min(4, max(0, line.index(versions[row["id"]]) - golden)))
    well = [
        row["state"] == "running"
        and bool(health[row["id"]]["heartbeat"])
        and bool(health[row["id"]]["http_ok"])
        and health[row["id"]]["error_rate_percent"] < 5
        for row in touched
    ]
    return {
        "change_type": 60,
        "environment": 100,
        "stateful": 100 * sum(row["role"] in ("db", "cache") for row in touched) / len(touched),
        "fleet_share": 100 * worst("image_family"),
        "site_capacity": 100 * worst("site", "role"),
        "version_distance": 100 * sum(behind) / len(behind) / 4,
        "health": 100 * (1 - sum(well) / len(well)),
    }


@pytest.mark.parametrize("step", [1, 3, 7, 40])
async def test_every_factor_is_what_the_tables_give_and_the_score_is_their_sum(each_bench: Bench, step: int) -> None:
    everything = machines(each_bench, environment="production")
    touched = everything[::step]
    output = await score(each_bench, [row["id"] for row in touched])
    running = [row for row in everything if row["state"] == "running"]
    wanted = expected(each_bench, touched, running)
    assert factors_of(output) == {name: pytest.approx(value, abs=0.006) for name, value in wanted.items()}
    assert output["score"] == pytest.approx(sum(WEIGHTS[name] * value for name, value in wanted.items()), abs=0.02)
    assert output["score"] == round(sum(row["points"] for row in output["factors"]), 2)
    assert all(row["points"] == round(row["weight"] * row["score"], 4) for row in output["factors"])
    assert output["level"] == level_of(output["score"])
    assert output["assets"] == len(touched)


def test_the_weights_add_up() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert [level_of(value) for value in (0, 24.99, 25, 49.99, 50, 74.99, 75, 100)] == [
        "low",
        "low",
        "medium",
        "medium",
        "high",
        "high",
        "critical",
        "critical",
    ]


async def test_only_changes_of_versions_score_the_distance(bench: Bench) -> None:
    drifted = await bench.drifted()
    for change, base in CHANGE_SCORES.items():
        factors = factors_of(await score(bench, drifted, change))
        assert factors["change_type"] == base
        assert (factors["version_distance"] > 0) is (change in ("image_rollout", "package_patch"))


async def test_more_of_the_same_fleet_never_scores_less(bench: Bench) -> None:
    web = [row["id"] for row in machines(bench, environment="production", image_family="web-base", state="running")]
    shares = [factors_of(await score(bench, web[:count]))["fleet_share"] for count in range(1, len(web) + 1, 5)]
    assert shares == sorted(shares)
    assert factors_of(await score(bench, web))["fleet_share"] == 100


async def test_an_unknown_version_is_as_far_as_it_gets_and_no_health_data_is_unwell(bench: Bench) -> None:
    asset_id = (await bench.drifted())[0]
    bench.alter("UPDATE assets SET image_version = '0.0.1' WHERE org_id = ? AND id = ?", ORG, asset_id)
    bench.alter("DELETE FROM asset_health WHERE org_id = ? AND asset_id = ?", ORG, asset_id)
    factors = factors_of(await score(bench, [asset_id]))
    assert (factors["version_distance"], factors["health"]) == (100, 100)


async def test_staging_scores_less_than_production(bench: Bench) -> None:
    staged = [row["id"] for row in machines(bench, environment="staging", image_family="web-base", state="running")]
    output = await score(bench, staged, environment="staging")
    assert factors_of(output)["environment"] == 50


async def test_each_tenants_machines_are_scored_by_their_own_rows(bench: Bench) -> None:
    shared = sorted(
        {row["id"] for row in machines(bench, environment="production")}
        & {row["id"] for row in machines(bench, org=NEIGHBOR_ORG, environment="production")}
    )
    ours, theirs = await score(bench, shared), await score(bench, shared, caller=NEIGHBOR)
    assert factors_of(ours) != factors_of(theirs)


@pytest.mark.parametrize(
    "params",
    [
        {"asset_ids": ["web-prod-euw1-01"]},
        {"change_type": "restart"},
        {"asset_ids": [], "change_type": "restart"},
        {"asset_ids": ["web-prod-euw1-01"], "change_type": "rm -rf"},
        {"asset_ids": ["web-prod-euw1-01"], "change_type": "restart", "weight": 0},
    ],
)
async def test_parameters_out_of_bounds_are_refused(bench: Bench, params: JsonObject) -> None:
    refused = await bench.ask("calculate_risk_score", params)
    assert refused.failure is not None
    assert refused.failure.kind == "invalid_input"
