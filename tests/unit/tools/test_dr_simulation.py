"""Simulated failovers: every check is computed, each can fail, and what is not known does not pass."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.unit.tools.bench import ORG, Bench
from tools.contracts.common import JsonObject

CHECKS = {
    "active_on_primary",
    "replication_in_sync",
    "rpo_met",
    "rto_met",
    "recovery_capacity",
    "recovery_health",
    "images_published",
    "tested_within_30_days",
    "no_critical_alert_at_recovery_site",
}


async def simulate(bench: Bench, pair_id: str = "dr-1", **params: Any) -> JsonObject:
    return await bench.output("simulate_failover", {"dr_pair_id": pair_id, **params})


async def results(bench: Bench) -> dict[str, str]:
    return {check["name"]: check["result"] for check in (await simulate(bench))["checks"]}


def make_ready(bench: Bench) -> None:
    """Put right whatever the seed drew for the first pair, so that every check passes."""
    bench.alter("UPDATE dr_pairs SET rto_minutes = 10000 WHERE org_id = ?", ORG)
    bench.alter(
        "UPDATE replication_streams SET status = 'in-sync', lag_seconds = 20, last_sync_at = NULL,"
        " backlog_mb = 10, replay_mb_per_minute = 900 WHERE org_id = ?",
        ORG,
    )
    bench.alter("UPDATE dr_runs SET at = '2026-11-10T10:00:00.000000+00:00' WHERE org_id = ? AND ok", ORG)
    bench.alter("UPDATE site_quotas SET machines = 1000 WHERE org_id = ?", ORG)
    bench.alter("UPDATE asset_health SET heartbeat = 1, http_ok = 1 WHERE org_id = ?", ORG)
    bench.alter("UPDATE alerts SET severity = 'info' WHERE org_id = ?", ORG)


async def test_a_pair_in_order_is_ready_and_says_what_each_check_rests_on(bench: Bench) -> None:
    make_ready(bench)
    output = await simulate(bench)
    assert output["ready"]
    assert output["not_passed"] == []
    assert {check["name"] for check in output["checks"]} == CHECKS
    for check in output["checks"]:
        assert check["result"] == "passed"
        assert check["required"]
        assert check["observed"]
        if check["name"] != "no_critical_alert_at_recovery_site":
            assert check["evidence"], check["name"]


BREAKS = {
    "active_on_primary": "UPDATE dr_pairs SET active_site_id = dr_site_id WHERE id = 'dr-1'",
    "replication_in_sync": (
        "UPDATE replication_streams SET status = 'lagging' WHERE dr_pair_id = 'dr-1' AND dataset = 'uploads'"
    ),
    "rpo_met": "UPDATE replication_streams SET lag_seconds = 901 WHERE dr_pair_id = 'dr-1' AND dataset = 'uploads'",
    "rto_met": "UPDATE dr_pairs SET rto_minutes = 1 WHERE id = 'dr-1'",
    "recovery_capacity": "UPDATE site_quotas SET machines = 3 WHERE image_family = 'web-base'",
    "recovery_health": "UPDATE asset_health SET http_ok = 0 WHERE asset_id = 'web-prod-weu-01'",
    "images_published": "DELETE FROM image_coordinates WHERE platform = 'azure' AND image_id LIKE 'img-db-base-%'",
    "tested_within_30_days": "UPDATE dr_runs SET at = '2026-10-24T09:59:59.000000+00:00'",
    "no_critical_alert_at_recovery_site": (
        "UPDATE alerts SET severity = 'critical', status = 'acknowledged', site = 'azure-westeurope',"
        " environment = 'production' WHERE id = 'alert-001'"
    ),
}


@pytest.mark.parametrize("name", sorted(CHECKS))
async def test_what_is_out_of_order_fails_its_own_check_and_no_other(bench: Bench, name: str) -> None:
    """Mistake 15 before us: the checks of a simulated failover said "passed", whatever the estate said."""
    make_ready(bench)
    bench.alter(BREAKS[name])
    found = await results(bench)
    assert {check for check, result in found.items() if result != "passed"} == {name}
    assert found[name] == "failed"
    assert not (await simulate(bench))["ready"]


UNKNOWNS: dict[str, tuple[set[str], str]] = {
    "no data sets": (
        {"replication_in_sync", "rto_met"},
        "DELETE FROM replication_streams WHERE dr_pair_id = 'dr-1'",
    ),
    "no synchronization": (
        {"rpo_met"},
        "UPDATE replication_streams SET lag_seconds = NULL WHERE dr_pair_id = 'dr-1'",
    ),
    "no runs": ({"rto_met", "tested_within_30_days"}, "DELETE FROM dr_runs WHERE dr_pair_id = 'dr-1'"),
    "no quotas": ({"recovery_capacity"}, "DELETE FROM site_quotas WHERE site = 'azure-westeurope'"),
    "no health": ({"recovery_health"}, "DELETE FROM asset_health WHERE asset_id = 'web-prod-weu-01'"),
}


@pytest.mark.parametrize("name", sorted(UNKNOWNS))
async def test_what_is_not_known_does_not_pass(bench: Bench, name: str) -> None:
    make_ready(bench)
    bench.alter("UPDATE dr_pairs SET last_sync_at = NULL, lag_seconds = 5 WHERE id = 'dr-1'")
    checks, statement = UNKNOWNS[name]
    bench.alter(statement)
    found = await results(bench)
    assert {check for check, result in found.items() if result == "no_data"} == checks
    assert not (await simulate(bench))["ready"]


async def test_room_and_health_are_those_of_the_tables(each_bench: Bench) -> None:
    bench = each_bench
    quotas = {
        (row["site"], row["image_family"]): row["machines"]
        for row in bench.rows("SELECT * FROM site_quotas WHERE org_id = ?", ORG)
    }
    running = Counter(
        (row["site"], row["image_family"])
        for row in bench.rows(
            "SELECT site, image_family FROM assets WHERE org_id = ? AND environment = 'production'"
            " AND state = 'running'",
            ORG,
        )
    )
    for pair in bench.rows("SELECT * FROM dr_pairs WHERE org_id = ?", ORG):
        primary, recovery = pair["primary_site_id"], pair["dr_site_id"]
        output = await simulate(bench, pair["id"])
        checks = {check["name"]: check for check in output["checks"]}
        short = sorted(
            family
            for (site, family), count in running.items()
            if site == primary and count + running[recovery, family] > quotas[recovery, family]
        )
        assert checks["recovery_capacity"]["result"] == ("failed" if short else "passed")
        assert not short or checks["recovery_capacity"]["evidence"] == short
        ill = bench.rows(
            "SELECT asset_id FROM asset_health JOIN assets ON assets.org_id = asset_health.org_id AND id = asset_id"
            " WHERE assets.org_id = ? AND site = ? AND environment = 'production' AND state = 'running'"
            " AND NOT (heartbeat AND http_ok)",
            ORG,
            recovery,
        )
        assert checks["recovery_health"]["result"] == ("failed" if ill else "passed")
        assert output["machines"] == sum(count for (site, _), count in running.items() if site == primary)


async def test_the_same_estate_gives_the_same_simulation_and_another_gives_another(bench: Bench) -> None:
    first = await simulate(bench)
    assert await simulate(bench) == first
    bench.alter("UPDATE site_quotas SET machines = machines + 1000 WHERE org_id = ?", ORG)
    bench.alter("UPDATE dr_pairs SET rto_minutes = rto_minutes + 1 WHERE org_id = ?", ORG)
    assert (await simulate(bench))["simulation_id"] != first["simulation_id"]


async def test_a_simulation_that_is_asked_to_move_traffic_is_refused(bench: Bench) -> None:
    before = bench.rows("SELECT * FROM dr_pairs")
    refused = await bench.refusal("simulate_failover", {"dr_pair_id": "dr-1", "dry_run": False})
    assert "Nothing was moved" in refused.message
    assert bench.rows("SELECT * FROM dr_pairs") == before
