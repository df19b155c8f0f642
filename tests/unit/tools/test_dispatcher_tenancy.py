"""The org and the environment come from the caller and the task, whatever the parameters say."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.local.estate import NEIGHBOR_ORG, SampleEstate
from tests.unit.tools.bench import ORG, Bench, now
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller


@pytest.mark.parametrize("field", ["org", "org_id", "tenant", "orgId"])
async def test_a_parameter_that_names_an_org_is_refused(bench: Bench, field: str) -> None:
    refused = await bench.ask("query_assets", {field: NEIGHBOR_ORG})
    assert refused.failure is not None
    assert refused.failure.kind == "invalid_input"
    assert field in refused.failure.message


async def test_two_tenants_with_the_same_names_each_see_their_own_rows(bench: Bench) -> None:
    ours = await bench.output("query_assets", {"limit": 500})
    theirs = await bench.output("query_assets", {"limit": 500}, caller=Caller(org=NEIGHBOR_ORG, user="U9"))
    mine = await bench.estate.snapshot(ORG)
    shared = {row["name"] for row in ours["assets"]} & {row["name"] for row in theirs["assets"]}
    assert len(shared) > 100
    assert all(row["fingerprint"] == mine[row["id"]].fingerprint for row in ours["assets"])
    assert not {row["fingerprint"] for row in ours["assets"]} & {row["fingerprint"] for row in theirs["assets"]}


async def test_a_neighbors_asset_is_refused_in_the_same_words_as_one_that_never_was(bench: Bench) -> None:
    foreign = sorted(set(await bench.estate.snapshot(NEIGHBOR_ORG)) - set(await bench.estate.snapshot(ORG)))[0]
    said: list[str] = []
    for asset_id in (foreign, "web-prod-moon1-01"):
        params: JsonObject = {"asset_ids": [asset_id], "target_image_id": await bench.golden_id()}
        refused = await bench.ask("compare_versions", params)
        assert refused.failure is not None
        assert refused.failure.kind == "out_of_scope"
        said.append(refused.failure.message.replace(asset_id, "…"))
    assert said[0] == said[1]


async def test_a_query_without_an_environment_is_narrowed_to_the_tasks(bench: Bench) -> None:
    output = await bench.output("query_assets", {"limit": 500}, environment="staging")
    assert {row["environment"] for row in output["assets"]} == {"staging"}
    status = await bench.output("get_drift_status", {})
    assert {row["environment"] for row in status["rows"]} == {"production"}


async def test_a_task_about_no_single_environment_reads_all_and_changes_none(bench: Bench) -> None:
    output = await bench.output("get_drift_status", {}, environment=None)
    assert {row["environment"] for row in output["rows"]} == {"production", "staging", "development"}
    refused = await bench.dispatch(await bench.rollout((await bench.drifted())[:1], environment=None))
    assert refused.failure is not None
    assert refused.failure.kind == "out_of_scope"


async def test_the_nonproduction_tool_cannot_change_production(bench: Bench) -> None:
    asset_ids = (await bench.drifted())[:1]
    before = await bench.estate.snapshot(ORG)
    for environment in ("production", "staging"):
        grant = bench.grant(asset_ids, tools=["execute_rollout_nonprod"], environment=environment)
        params: JsonObject = {"asset_ids": asset_ids, "target_image_id": await bench.golden_id()}
        refused = await bench.ask("execute_rollout_nonprod", params, grant=grant, environment=environment)
        assert refused.failure is not None
        assert refused.failure.kind == "out_of_scope"
    assert await bench.estate.snapshot(ORG) == before


@pytest.mark.parametrize(
    ("tool", "params"),
    [
        ("query_assets", {}),
        ("get_golden_image", {"family": "web-base"}),
        ("get_drift_status", {}),
        ("compare_versions", {"asset_ids": ["web-prod-euw1-01"], "target_image_id": "img"}),
        ("check_health", {"asset_ids": ["web-prod-euw1-01"], "checks": [{"kind": "heartbeat"}]}),
        ("generate_patch_plan", {"asset_ids": ["web-prod-euw1-01"], "target_image_id": "img"}),
    ],
)
async def test_an_estate_that_cannot_answer_is_an_error_and_not_an_empty_result(
    bench: Bench, tmp_path: Path, tool: str, params: JsonObject
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is not a database, however long one looks at it" * 100)
    for path in (broken, tmp_path / "nowhere.db"):
        estate = SampleEstate(path, now=now)
        bench.estate = estate
        refused = await bench.ask(tool, params)
        await estate.close()
        assert refused.output is None
        assert refused.failure is not None
        assert refused.failure.kind == "tool_error"
        assert "could not be read" in refused.failure.message
    assert not (tmp_path / "nowhere.db").exists()
