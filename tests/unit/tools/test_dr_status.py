"""Recovery status: recomputed from the estate's tables, for several estates."""

from __future__ import annotations

import json
from datetime import datetime

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import NOW, ORG, Bench
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller

NEIGHBOR = Caller(org=NEIGHBOR_ORG, user="U9", roles=["operator"])


def age_minutes(row: JsonObject) -> float:
    if row["lag_seconds"] is not None:
        return row["lag_seconds"] / 60
    return (NOW - datetime.fromisoformat(row["last_sync_at"])).total_seconds() / 60


def streams_of(bench: Bench, pair_id: str, *, org: str = ORG) -> list[JsonObject]:
    return bench.rows("SELECT * FROM replication_streams WHERE org_id = ? AND dr_pair_id = ?", org, pair_id)


def runs_of(bench: Bench, pair_id: str) -> list[JsonObject]:
    rows = bench.rows("SELECT * FROM dr_runs WHERE org_id = ? AND dr_pair_id = ? ORDER BY at DESC", ORG, pair_id)
    return [{**row, "steps": {step["name"]: step["minutes"] for step in json.loads(row["steps"])}} for row in rows]


def machines_at(bench: Bench, site: str) -> int:
    (row,) = bench.rows(
        "SELECT count(*) AS n FROM assets WHERE org_id = ? AND site = ? AND environment = 'production'"
        " AND state = 'running'",
        ORG,
        site,
    )
    return row["n"]


def expected_rto(bench: Bench, pair: JsonObject) -> float | None:
    streams = streams_of(bench, pair["id"])
    if any(row["status"] == "failed" for row in streams):
        return None
    run = next(row for row in runs_of(bench, pair["id"]) if row["ok"])
    steps = run["steps"]
    replay = max(row["backlog_mb"] / row["replay_mb_per_minute"] for row in streams)
    start = steps["start_machines"] * machines_at(bench, pair["primary_site_id"]) / run["machines"]
    return steps["stop_writes"] + replay + start + steps["switch_traffic"] + steps["verify"]


async def test_rpo_and_rto_are_what_the_tables_give(each_bench: Bench) -> None:
    bench = each_bench
    rows = {row["dr_pair_id"]: row for row in await bench.pages("get_dr_status", {"limit": 3}, "pairs")}
    stored = bench.rows("SELECT * FROM dr_pairs WHERE org_id = ? ORDER BY id", ORG)
    assert list(rows) == [pair["id"] for pair in stored]
    for pair in stored:
        row = rows[pair["id"]]
        loss = max(age_minutes(stream) for stream in streams_of(bench, pair["id"]))
        assert abs(row["rpo_minutes"] - loss) < 0.01
        assert row["rpo_verdict"] == ("met" if loss <= pair["rpo_minutes"] else "missed")
        rto = expected_rto(bench, pair)
        if rto is None:
            assert (row["rto_minutes"], row["rto_verdict"]) == (None, "unknown")
        else:
            assert abs(row["rto_minutes"] - rto) < 0.01
            assert row["rto_verdict"] == ("met" if rto <= pair["rto_minutes"] else "missed")
        passed = next(run for run in runs_of(bench, pair["id"]) if run["ok"])
        assert row["last_passed_test_id"] == passed["id"]
        assert row["last_run_failed"] is not bool(runs_of(bench, pair["id"])[0]["ok"])


async def test_a_pair_that_says_more_than_it_holds_is_found_out(each_bench: Bench) -> None:
    bench = each_bench
    for row in await bench.pages("get_dr_status", {}, "pairs"):
        said_in_sync = row["stated_replication"] == "in-sync"
        about_sync = [sentence for sentence in row["disagreements"] if "says in-sync" in sentence]
        assert bool(about_sync) is (said_in_sync and row["rpo_verdict"] != "met")
        about_tests = [sentence for sentence in row["disagreements"] if "names a test" in sentence]
        assert bool(about_tests) is row["last_run_failed"]


async def test_check_rto_shows_each_part_and_what_it_rests_on(each_bench: Bench) -> None:
    bench = each_bench
    for pair in bench.rows("SELECT * FROM dr_pairs WHERE org_id = ?", ORG):
        output = await bench.output("check_rto", {"dr_pair_id": pair["id"]})
        assert {row["dataset"]: round(row["age_minutes"], 1) for row in output["streams"]} == {
            row["dataset"]: round(age_minutes(row), 1) for row in streams_of(bench, pair["id"])
        }
        rto = output["rto"]
        assert rto["machines"] == machines_at(bench, pair["primary_site_id"])
        if rto["minutes"] is None:
            assert rto["parts"] == []
            assert "has failed" in rto["reason"]
            continue
        assert abs(sum(part["minutes"] for part in rto["parts"]) - rto["minutes"]) < 0.01
        assert rto["based_on_run"] == next(run for run in runs_of(bench, pair["id"]) if run["ok"])["id"]


async def test_a_site_narrows_to_the_pairs_that_have_it_on_either_side(bench: Bench) -> None:
    for pair in bench.rows("SELECT * FROM dr_pairs WHERE org_id = ?", ORG):
        for side in ("primary_site_id", "dr_site_id"):
            found = await bench.pages("get_dr_status", {"site_id": pair[side]}, "pairs")
            assert [row["dr_pair_id"] for row in found] == [pair["id"]]
    assert await bench.pages("get_dr_status", {"site_id": "moon"}, "pairs") == []


async def test_a_pair_that_is_not_there_is_an_error_that_names_the_others(bench: Bench) -> None:
    for tool in ("check_rto", "simulate_failover", "generate_dr_runbook"):
        refused = await bench.refusal(tool, {"dr_pair_id": "dr-9"})
        assert refused.kind == "tool_error"
        assert "dr-1, dr-2, dr-3, dr-4" in refused.message
        refused = await bench.refusal(tool, {"dr_pair_id": "dr-1"}, environment="staging")
        assert "in staging" in refused.message
    assert "dr-9" in (await bench.refusal("get_dr_status", {"dr_pair_id": "dr-9"})).message


async def test_each_tenant_sees_its_own_pairs_under_the_same_ids(bench: Bench) -> None:
    theirs = await bench.pages("get_dr_status", {}, "pairs", caller=NEIGHBOR)
    assert [row["dr_pair_id"] for row in theirs] == ["dr-1", "dr-2", "dr-3", "dr-4"]
    for row in theirs:
        loss = max(age_minutes(stream) for stream in streams_of(bench, row["dr_pair_id"], org=NEIGHBOR_ORG))
        assert abs(row["rpo_minutes"] - loss) < 0.01
    assert theirs != await bench.pages("get_dr_status", {}, "pairs")


async def test_replication_that_is_not_on_record_makes_figures_unknown_and_not_good(bench: Bench) -> None:
    bench.alter("UPDATE replication_streams SET last_sync_at = NULL, lag_seconds = NULL WHERE dr_pair_id = 'dr-1'")
    output = await bench.output("check_rto", {"dr_pair_id": "dr-1"})
    assert (output["rpo"]["minutes"], output["rpo"]["verdict"]) == (None, "unknown")
    bench.alter("DELETE FROM dr_runs WHERE dr_pair_id = 'dr-1'")
    bench.alter(
        "UPDATE replication_streams SET status = 'in-sync', replay_mb_per_minute = 500 WHERE dr_pair_id = 'dr-1'"
    )
    output = await bench.output("check_rto", {"dr_pair_id": "dr-1"})
    assert (output["rto"]["minutes"], output["rto"]["verdict"]) == (None, "unknown")
    assert "no drill or failover" in output["rto"]["reason"]
