"""`generate_patch_plan`: pure planning over the estate as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.bench import ORG, Bench
from tools.contracts.common import JsonObject, Platform
from tools.contracts.estate import Asset
from tools.drift.models import ExecuteRolloutInput, GeneratePatchPlanOutput
from tools.drift.phases import DEFAULT_CHECKS, Rollout, spread, wave_size

PLATFORMS: list[Platform] = ["aws", "azure", "gcp", "vsphere"]


def asset(number: int, *, sites: int) -> Asset:
    platform = PLATFORMS[number % sites % len(PLATFORMS)]
    return Asset(
        id=f"web-{number:03d}",
        org_id=ORG,
        environment="production",
        platform=platform,
        site=f"{platform}-{number % sites}",
        name=f"web-{number:03d}",
        image_family="web-base",
        image_version="1.0.0",
        state="running",
    )


@given(
    total=st.integers(1, 120),
    sites=st.integers(1, 9),
    canary=st.integers(1, 10),
    percent=st.floats(0.5, 100),
    wait=st.sampled_from([0, 60]),
)
def test_every_asset_is_changed_once_and_no_wave_exceeds_its_share(
    total: int, sites: int, canary: int, percent: float, wait: int
) -> None:
    assets = [asset(number, sites=sites) for number in range(total)]
    rollout = Rollout(
        image_id="img",
        environment="production",
        canary_size=canary,
        max_batch_percent=percent,
        wait_seconds=wait,
        checks=list(DEFAULT_CHECKS),
    )
    phases = rollout.phases(assets)
    changing = [phase for phase in phases if phase.actions]
    changed = [asset_id for phase in changing for asset_id in phase.asset_ids]
    assert sorted(changed) == sorted(asset.id for asset in assets)
    assert phases[0].type == "canary"
    assert len(phases[0].asset_ids) == min(canary, total)
    assert phases[-1].type == "verify"
    assert sorted(phases[-1].asset_ids) == sorted(changed)
    assert [phase.wait_seconds for phase in phases if phase.type == "wait"] == ([wait] if wait else [])
    for phase in changing:
        assert phase.batch_percent == round(100 * len(phase.asset_ids) / total, 2)
        assert phase.health_checks
        if phase.type == "wave":
            assert len(phase.asset_ids) == 1 or len(phase.asset_ids) <= total * percent / 100 + 1e-9
    assert rollout.phases(assets[::-1]) == phases


def test_shares_are_exact() -> None:
    assert [wave_size(100, 29), wave_size(100, 57), wave_size(24, 20), wave_size(3, 20)] == [29, 57, 4, 1]


def test_the_first_canaries_stand_on_different_platforms() -> None:
    first = spread([asset(number, sites=8) for number in range(40)])[:8]
    assert len({asset.platform for asset in first[:4]}) == 4
    assert len({asset.site for asset in first}) == 8


async def test_a_plan_holds_what_the_estate_holds(bench: Bench) -> None:
    output = await bench.plan(canary_size=2, max_batch_percent=20, wait_seconds=120)
    plan = GeneratePatchPlanOutput.model_validate(output)
    estate = await bench.estate.snapshot(ORG)
    total = len(plan.expectations)
    assert 8 <= total <= 28
    assert plan.phases[0].name == f"Canary: 2 of {total}"
    for expectation in plan.expectations:
        assert expectation.fingerprint == estate[expectation.asset_id].fingerprint
        assert expectation.from_version == estate[expectation.asset_id].image_version
        assert expectation.to_version == plan.target_image.version != expectation.from_version
    assert all(row.releases_behind > 0 for row in plan.version_comparison)
    assert plan.maintenance_window is not None
    assert plan.environment == "production"


async def test_every_action_is_a_valid_call_and_the_way_back_leads_to_where_each_asset_came_from(bench: Bench) -> None:
    plan = GeneratePatchPlanOutput.model_validate(await bench.plan())
    images = {image.id: image for image in await bench.estate.images(ORG)}
    came_from = {row.asset_id: row.from_version for row in plan.expectations}
    returned: dict[str, str] = {}
    for action in plan.rollback.actions:
        given = ExecuteRolloutInput.model_validate(action.params)
        assert given.rollback
        assert given.asset_ids == action.asset_ids
        returned |= dict.fromkeys(given.asset_ids, images[given.target_image_id].version)
    assert returned == came_from
    for phase in plan.phases:
        for action in phase.actions:
            given = ExecuteRolloutInput.model_validate(action.params)
            assert action.tool == "execute_rollout_prod"
            assert given.target_image_id == plan.target_image.id
            assert given.asset_ids == action.asset_ids == phase.asset_ids
    ids = [action.id for phase in plan.phases for action in phase.actions]
    assert len(set(ids)) == len(ids)


async def test_the_same_choices_make_the_same_plan_under_the_same_id(bench: Bench) -> None:
    first = await bench.plan(canary_size=2)
    assert await bench.plan(canary_size=2) == first
    assert (await bench.plan(canary_size=3))["plan_id"] != first["plan_id"]
    drifted = await bench.drifted()
    await bench.dispatch(await bench.rollout(drifted[:1]))
    assert (await bench.plan(canary_size=2))["plan_id"] != first["plan_id"]


async def test_a_plan_breaking_policy_is_written_as_asked_for_the_gates_to_judge(bench: Bench) -> None:
    plan = GeneratePatchPlanOutput.model_validate(await bench.plan(max_batch_percent=50))
    assert max(phase.batch_percent for phase in plan.phases if phase.type == "wave") > 20


async def test_planning_changes_nothing(bench: Bench) -> None:
    before = await bench.estate.snapshot(ORG)
    await bench.plan()
    assert await bench.estate.snapshot(ORG) == before
    assert await bench.estate.journal(ORG) == []


async def refusal(bench: Bench, asset_ids: list[str], image_id: str, **changes: object) -> str:
    params: JsonObject = {"asset_ids": asset_ids, "target_image_id": image_id}
    refused = await bench.ask("generate_patch_plan", params, **changes)
    assert refused.failure is not None
    assert refused.failure.kind == "tool_error"
    return refused.failure.message


async def test_assets_of_another_family_are_named(bench: Bench) -> None:
    api = (await bench.assets("api-base", "production"))[0]
    said = await refusal(bench, [*await bench.drifted(), api.id], await bench.golden_id())
    assert f"{api.id} runs api-base, not web-base" in said
    assert "No plan was written" in said


async def test_assets_that_are_current_or_stopped_are_named(bench: Bench) -> None:
    drifted = await bench.drifted()
    current = next(asset for asset in await bench.assets("web-base", "production") if asset.id not in drifted)
    await bench.estate.set_state(ORG, drifted[0], "stopped")
    said = await refusal(bench, [current.id, *drifted], await bench.golden_id())
    assert f"{current.id} runs" in said
    assert f"{drifted[0]} is stopped" in said
    assert drifted[1] not in said


async def test_assets_of_two_environments_make_no_plan(bench: Bench) -> None:
    staged = await bench.drifted(environment="staging") or [(await bench.assets("web-base", "staging"))[0].id]
    said = await refusal(bench, [*await bench.drifted(), *staged], await bench.golden_id(), environment=None)
    assert "one environment" in said
    assert staged[0] in said


async def test_an_image_that_may_not_run_there_makes_no_plan(bench: Bench) -> None:
    drifted = await bench.drifted()
    images = await bench.estate.images(ORG, family="web-base")
    deprecated = next(image for image in images if image.status == "deprecated")
    assert "deprecated" in await refusal(bench, drifted, deprecated.id)
    assert "no image with id 'img-none'" in await refusal(bench, drifted, "img-none")


@pytest.mark.parametrize("family", ["web-base", "api-base", "worker-base", "db-base", "node-base"])
async def test_counting_and_comparing_agree_on_what_is_drifted(bench: Bench, family: str) -> None:
    status = await bench.output("get_drift_status", {"image_family": family})
    off = sum(row["total_assets"] - row["compliant_assets"] for row in status["rows"])
    assert off == len(await bench.drifted(family))
    assert sum(row["total_assets"] for row in status["rows"]) == len(await bench.assets(family, "production"))


async def test_the_golden_image_is_the_newest_that_is_signed_and_in_production(bench: Bench) -> None:
    for family in ("web-base", "api-base", "cache-base"):
        output = await bench.output("get_golden_image", {"family": family})
        images = await bench.estate.images(ORG, family=family)
        fit = [image.version for image in images if image.signed and image.status == "production"]
        assert output["image"]["version"] == fit[0]
        assert output["previous_versions"] == [image.version for image in images][-len(output["previous_versions"]) :]
    refused = await bench.ask("get_golden_image", {"family": "windows-base"})
    assert refused.failure is not None
    assert "web-base" in refused.failure.message
