"""Drills, failovers and runbooks: exactly what was approved, once, and no more data lost than agreed."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import ORG, Bench, without
from tests.unit.tools.test_dr_simulation import make_ready, simulate
from tools.base import ToolCall
from tools.contracts.common import JsonObject
from tools.dispatcher import Dispatcher
from tools.guards.grant import Granted
from tools.guards.scope import WithinScope
from tools.resources import named_resources


async def triggering(bench: Bench, tool: str, **changes: Any) -> ToolCall:
    """A granted call for the first pair."""
    asset_ids = (await simulate(bench))["asset_ids"]
    params: JsonObject = {"dr_pair_id": "dr-1", "asset_ids": asset_ids}
    if tool == "trigger_dr_failover":
        params["max_data_loss_minutes"] = 5
    params |= changes.pop("params", {})
    grant = bench.grant(asset_ids, tools=[tool], resource_ids=named_resources(params))
    return bench.call(tool, params, grant=grant, **changes)


async def output_of(bench: Bench, call: ToolCall) -> JsonObject:
    result = await bench.dispatch(call)
    assert result.output is not None, result.failure
    return result.output


EVERYTHING = (
    "SELECT * FROM dr_pairs WHERE org_id = ?",
    "SELECT * FROM replication_streams WHERE org_id = ?",
    "SELECT * FROM dr_runs WHERE org_id = ?",
    "SELECT * FROM assets WHERE org_id = ?",
)


def state(bench: Bench, org: str = ORG) -> list[list[JsonObject]]:
    """Pairs, streams, runs and machines."""
    return [bench.rows(statement, org) for statement in EVERYTHING]


async def test_a_drill_is_measured_and_recorded_and_moves_no_traffic(bench: Bench) -> None:
    make_ready(bench)
    ours, theirs = state(bench), state(bench, NEIGHBOR_ORG)
    call = await triggering(bench, "trigger_dr_drill")
    output = await output_of(bench, call)
    assert (output["ok"], output["kind"], output["failed"]) == (True, "drill", 0)
    assert output["changed"] == len(call.params["asset_ids"])
    assert abs(output["minutes"] - sum(step["minutes"] for step in output["steps"])) < 0.01
    after = state(bench)
    assert [pair["active_site_id"] for pair in after[0]] == [pair["active_site_id"] for pair in ours[0]]
    assert after[1] == ours[1]
    assert len(after[2]) == len(ours[2]) + 1
    assert after[3] == ours[3]
    assert state(bench, NEIGHBOR_ORG) == theirs
    status = await bench.output("get_dr_status", {"dr_pair_id": "dr-1"})
    assert status["pairs"][0]["last_passed_test_id"] == call.id
    assert status["pairs"][0]["days_since_passed_test"] == 0


async def test_a_drill_without_room_fails_and_is_no_test(bench: Bench) -> None:
    make_ready(bench)
    bench.alter("UPDATE site_quotas SET machines = 1 WHERE org_id = ?", ORG)
    before = (await bench.output("get_dr_status", {"dr_pair_id": "dr-1"}))["pairs"][0]
    output = await output_of(bench, await triggering(bench, "trigger_dr_drill"))
    assert (output["ok"], output["rto_met"], output["changed"]) == (False, False, 0)
    assert "quota" in output["note"]
    after = (await bench.output("get_dr_status", {"dr_pair_id": "dr-1"}))["pairs"][0]
    assert after["last_passed_test_id"] == before["last_passed_test_id"]
    assert after["last_run_failed"]


async def test_a_failover_moves_traffic_and_its_rollback_moves_it_back(bench: Bench) -> None:
    make_ready(bench)
    (pair,) = bench.rows("SELECT * FROM dr_pairs WHERE org_id = ? AND id = 'dr-1'", ORG)
    theirs = state(bench, NEIGHBOR_ORG)
    over = await output_of(bench, await triggering(bench, "trigger_dr_failover"))
    assert (over["ok"], over["kind"], over["active_site_id"]) == (True, "failover", pair["dr_site_id"])
    (moved,) = bench.rows("SELECT * FROM dr_pairs WHERE org_id = ? AND id = 'dr-1'", ORG)
    assert (moved["active_site_id"], moved["status"]) == (pair["dr_site_id"], "failed-over")
    again = await bench.dispatch(await triggering(bench, "trigger_dr_failover"))
    assert again.failure is not None
    assert "there is no failover from there" in again.failure.message
    back = await output_of(bench, await triggering(bench, "trigger_dr_failover", params={"rollback": True}))
    assert (back["ok"], back["kind"], back["active_site_id"]) == (True, "failback", pair["primary_site_id"])
    (returned,) = bench.rows("SELECT * FROM dr_pairs WHERE org_id = ? AND id = 'dr-1'", ORG)
    assert returned["active_site_id"] == pair["primary_site_id"]
    assert state(bench, NEIGHBOR_ORG) == theirs


@pytest.mark.parametrize("tool", ["trigger_dr_drill", "trigger_dr_failover"])
async def test_the_same_call_again_answers_the_same_and_changes_nothing(bench: Bench, tool: str) -> None:
    make_ready(bench)
    call = await triggering(bench, tool)
    first = await bench.dispatch(call)
    assert first.ok, first.failure
    after = state(bench)
    assert (await bench.dispatch(call)).digest == first.digest
    assert state(bench) == after


async def test_a_repeated_failover_is_answered_from_its_run_whatever_replication_says_now(bench: Bench) -> None:
    make_ready(bench)
    call = await triggering(bench, "trigger_dr_failover")
    first = await bench.dispatch(call)
    bench.alter("UPDATE replication_streams SET lag_seconds = 90000 WHERE org_id = ?", ORG)
    assert (await bench.dispatch(call)).digest == first.digest


async def test_more_data_lost_than_agreed_moves_nothing(bench: Bench) -> None:
    make_ready(bench)
    bench.alter("UPDATE replication_streams SET lag_seconds = 301 WHERE org_id = ? AND dataset = 'uploads'", ORG)
    before = state(bench)
    refused = await bench.dispatch(await triggering(bench, "trigger_dr_failover"))
    assert refused.failure is not None
    assert "at most 5 were agreed to" in refused.failure.message
    bench.alter("UPDATE replication_streams SET lag_seconds = NULL WHERE org_id = ? AND dataset = 'uploads'", ORG)
    refused = await bench.dispatch(await triggering(bench, "trigger_dr_failover"))
    assert refused.failure is not None
    assert "is not known" in refused.failure.message
    bench.alter("UPDATE replication_streams SET lag_seconds = 301 WHERE org_id = ? AND dataset = 'uploads'", ORG)
    assert state(bench) == before
    agreed = await triggering(bench, "trigger_dr_failover", params={"max_data_loss_minutes": 6})
    assert (await output_of(bench, agreed))["ok"]


@pytest.mark.parametrize("tool", ["trigger_dr_drill", "trigger_dr_failover"])
async def test_machines_that_are_not_exactly_those_that_move_are_refused(bench: Bench, tool: str) -> None:
    make_ready(bench)
    before = state(bench)
    whole = await triggering(bench, tool)
    asset_ids = whole.params["asset_ids"]
    other = next(asset.id for asset in await bench.assets("web-base", "production") if asset.id not in asset_ids)
    for named in (asset_ids[1:], [*asset_ids, other]):
        params: JsonObject = {**whole.params, "asset_ids": named}
        result = await bench.ask(tool, params, grant=bench.grant(named, tools=[tool], resource_ids=["dr-1"]))
        assert result.failure is not None
        assert "are not those that were named" in result.failure.message
    assert state(bench) == before


@pytest.mark.parametrize("tool", ["trigger_dr_drill", "trigger_dr_failover"])
async def test_without_a_grant_nothing_is_triggered(bench: Bench, tool: str) -> None:
    make_ready(bench)
    before = state(bench)
    call = await triggering(bench, tool)
    assert (await bench.refusal(tool, call.params)).kind == "no_grant"
    assert state(bench) == before


async def test_a_runbooks_call_is_the_one_that_runs(each_bench: Bench) -> None:
    bench = each_bench
    make_ready(bench)
    for kind, tool in (("drill", "trigger_dr_drill"), ("failover", "trigger_dr_failover")):
        runbook = await bench.output("generate_dr_runbook", {"dr_pair_id": "dr-1", "kind": kind})
        assert [step["order"] for step in runbook["steps"]] == list(range(1, len(runbook["steps"]) + 1))
        (run,) = [step for step in runbook["steps"] if step["kind"] == "run"]
        assert run["tool"] == tool
        grant = bench.grant(runbook["asset_ids"], tools=[tool], resource_ids=["dr-1"])
        result = await bench.ask(tool, run["params"], grant=grant)
        assert result.ok, result.failure


async def test_a_runbook_lists_what_does_not_hold_and_todays_figures(each_bench: Bench) -> None:
    bench = each_bench
    for pair in bench.rows("SELECT * FROM dr_pairs WHERE org_id = ?", ORG):
        simulation = await simulate(bench, pair["id"])
        params: JsonObject = {"dr_pair_id": pair["id"], "kind": "failover"}
        runbook = await bench.output("generate_dr_runbook", params)
        assert runbook["not_passed"] == simulation["not_passed"]
        preconditions = [step for step in runbook["steps"] if step["kind"] == "precondition"]
        assert len(preconditions) == len(simulation["not_passed"])
        assert runbook["max_data_loss_minutes"] == ceil(simulation["predicted_data_loss_minutes"])
        assert runbook["estimated_minutes"] == simulation["predicted_downtime_minutes"]
        assert runbook["asset_ids"] == simulation["asset_ids"]
        (back,) = [step for step in runbook["steps"] if step["kind"] == "return"]
        assert back["params"]["rollback"] is True


async def test_no_failover_runbook_is_written_where_the_loss_is_unknown(bench: Bench) -> None:
    bench.alter("UPDATE replication_streams SET last_sync_at = NULL, lag_seconds = NULL WHERE dr_pair_id = 'dr-1'")
    refused = await bench.refusal("generate_dr_runbook", {"dr_pair_id": "dr-1", "kind": "failover"})
    assert "No runbook was written" in refused.message
    assert (await bench.output("generate_dr_runbook", {"dr_pair_id": "dr-1"}))["max_data_loss_minutes"] is None


@pytest.mark.parametrize("tool", ["trigger_dr_drill", "trigger_dr_failover"])
async def test_a_pair_outside_production_is_left_alone_when_no_guard_stands_before_the_tool(
    bench: Bench, tool: str
) -> None:
    make_ready(bench)
    call = await triggering(bench, tool)
    bench.alter("UPDATE dr_pairs SET environment = 'staging' WHERE id = 'dr-1'")
    asset_ids = (await bench.output("simulate_failover", {"dr_pair_id": "dr-1"}, environment="staging"))["asset_ids"]
    before = state(bench)
    params: JsonObject = {**call.params, "asset_ids": asset_ids, "environment": "staging"}
    chain = without(without(bench.chain(), WithinScope), Granted)
    result = await Dispatcher(chain).dispatch(bench.call(tool, params, environment="staging"))
    assert result.failure is not None
    assert "this tool is for production" in result.failure.message
    assert state(bench) == before
