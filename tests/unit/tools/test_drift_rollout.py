"""Simulation, execution and health checks, each against the estate's own rows."""

from __future__ import annotations

from typing import Any

from tests.unit.tools.bench import ORG, Bench
from tools.contracts.common import JsonObject
from tools.contracts.rollout import Simulation

CHECKS: list[JsonObject] = [
    {"kind": "heartbeat"},
    {"kind": "http_ok"},
    {"kind": "version_matches"},
    {"kind": "error_rate_below", "threshold": 5},
]


async def simulate(bench: Bench, plan_id: str, **changes: Any) -> Simulation:
    output = await bench.output("simulate_rollout", {"plan_id": plan_id}, **changes)
    return Simulation.model_validate(output["simulation"])


async def check(bench: Bench, asset_ids: list[str], **params: Any) -> JsonObject:
    return await bench.output("check_health", {"asset_ids": asset_ids, "checks": CHECKS, **params})


async def golden_version(bench: Bench) -> str:
    return (await bench.output("get_golden_image", {"family": "web-base"}))["image"]["version"]


async def test_a_fit_fleet_is_predicted_to_succeed(bench: Bench) -> None:
    plan = await bench.plan(canary_size=1, max_batch_percent=20, wait_seconds=300)
    simulation = await simulate(bench, plan["plan_id"])
    assert simulation.predicted_failures == 0
    assert simulation.simulated_assets == len(plan["expectations"])
    assert simulation.predicted_duration_seconds > 300
    longer = await simulate(bench, (await bench.plan(wait_seconds=900))["plan_id"])
    assert longer.predicted_duration_seconds > simulation.predicted_duration_seconds


async def test_assets_that_stopped_changed_or_fell_ill_are_predicted_to_fail(bench: Bench) -> None:
    plan = await bench.plan()
    stopped, moved, ill = [row["asset_id"] for row in plan["expectations"]][:3]
    await bench.estate.set_state(ORG, stopped, "stopped")
    await bench.estate.set_fault(ORG, ill, "unhealthy_after_change")
    await bench.dispatch(await bench.rollout([moved]))
    simulation = await simulate(bench, plan["plan_id"])
    assert simulation.predicted_failures == 2
    assert any(warning.startswith(f"{stopped}: is stopped") for warning in simulation.warnings)
    assert any(warning.startswith(f"{moved}: has changed") for warning in simulation.warnings)
    await bench.dispatch(await bench.rollout([ill]))
    assert (await simulate(bench, plan["plan_id"])).predicted_failures == 3


async def test_an_ill_asset_is_predicted_to_fail_before_it_is_touched(bench: Bench) -> None:
    asset_id = (await bench.drifted())[0]
    await bench.estate.set_fault(ORG, asset_id, "unhealthy_after_change")
    older = (await bench.output("get_golden_image", {"family": "web-base"}))["previous_versions"][0]
    await bench.dispatch(
        await bench.rollout([asset_id], params={"asset_ids": [asset_id], "target_image_id": f"img-web-base-{older}"})
    )
    simulation = await simulate(bench, (await bench.plan(asset_ids=[asset_id]))["plan_id"])
    assert simulation.predicted_failures == 1
    assert "fails its HTTP check before the change" in simulation.warnings[0]


async def test_bigger_batches_cost_sites_more_capacity(bench: Bench) -> None:
    careful = await simulate(bench, (await bench.plan(max_batch_percent=5))["plan_id"])
    bold = await simulate(bench, (await bench.plan(max_batch_percent=100))["plan_id"])
    assert len([warning for warning in bold.warnings if "N+1" in warning]) > len(
        [warning for warning in careful.warnings if "N+1" in warning]
    )


async def test_another_tasks_plan_cannot_be_simulated(bench: Bench) -> None:
    plan = await bench.plan()
    refused = await bench.ask("simulate_rollout", {"plan_id": plan["plan_id"]}, task_id="task-2")
    assert refused.failure is not None
    assert "generate_patch_plan" in refused.failure.message


async def test_a_rollout_that_fails_leaves_the_asset_and_says_so(bench: Bench) -> None:
    failing, other = (await bench.drifted())[:2]
    before = await bench.estate.snapshot(ORG)
    await bench.estate.set_fault(ORG, failing, "apply_fails")
    result = await bench.dispatch(await bench.rollout([failing, other]))
    assert result.output is not None
    assert (result.output["changed"], result.output["failed"]) == (1, 1)
    after = await bench.estate.snapshot(ORG)
    assert after[failing] == before[failing]
    assert after[other].image_version == await golden_version(bench)


async def test_a_change_that_makes_an_asset_ill_is_found_and_its_rollback_heals_it(bench: Bench) -> None:
    asset_ids = (await bench.drifted())[:2]
    ill, well = asset_ids
    before = await bench.estate.snapshot(ORG)
    version = await golden_version(bench)
    await bench.estate.set_fault(ORG, ill, "unhealthy_after_change")
    await bench.dispatch(await bench.rollout(asset_ids))
    findings = (await check(bench, asset_ids, target_version=version))["findings"]
    assert {(row["asset_id"], row["check"]) for row in findings} == {(ill, "http_ok"), (ill, "error_rate_below")}
    assert (await check(bench, [well], target_version=version))["healthy"]
    back: JsonObject = {
        "asset_ids": [ill],
        "target_image_id": f"img-web-base-{before[ill].image_version}",
        "rollback": True,
    }
    result = await bench.dispatch(await bench.rollout([ill], params=back))
    assert result.ok, result.failure
    assert (await check(bench, [ill], target_version=before[ill].image_version))["healthy"]
    assert (await bench.estate.snapshot(ORG))[ill].fingerprint == before[ill].fingerprint


async def test_a_check_that_lacks_its_measure_is_an_error_and_not_a_pass(bench: Bench) -> None:
    asset_id = (await bench.drifted())[0]
    for checks in ([{"kind": "version_matches"}], [{"kind": "error_rate_below"}]):
        refused = await bench.ask("check_health", {"asset_ids": [asset_id], "checks": checks})
        assert refused.failure is not None
        assert refused.failure.kind == "tool_error"
        assert "Nothing was checked" in refused.failure.message


async def test_a_stopped_asset_has_no_heartbeat(bench: Bench) -> None:
    asset_id = (await bench.drifted())[0]
    await bench.estate.set_state(ORG, asset_id, "stopped")
    output = await bench.output("check_health", {"asset_ids": [asset_id], "checks": [{"kind": "heartbeat"}]})
    assert output["findings"][0]["observed"] == "no heartbeat"
    assert not output["healthy"]
