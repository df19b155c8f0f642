"""Building and promoting: only under a grant, one step at a time, once a key, and nothing unfit to production."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import ORG, Bench
from tests.unit.tools.test_image_reading import checks_of, contract, validate
from tools.base import ToolCall
from tools.contracts.common import JsonObject
from tools.resources import named_resources


def build(bench: Bench, asked: JsonObject, **changes: Any) -> ToolCall:
    params: JsonObject = {"contract": asked, "asset_ids": []}
    grant = bench.grant([], tools=["build_image"], environment="staging", resource_ids=named_resources(params))
    call = bench.call("build_image", params, environment="staging", grant=grant)
    return replace(call, **changes)


def promotion(bench: Bench, image_id: str, to_status: str, **changes: Any) -> ToolCall:
    production = to_status in ("production", "deprecated")
    tool = "promote_image" if production else "promote_image_nonprod"
    environment = "production" if production else "staging"
    params: JsonObject = {"image_id": image_id, "to_status": to_status, "asset_ids": []}
    grant = bench.grant([], tools=[tool], environment=environment, resource_ids=named_resources(params))
    return replace(bench.call(tool, params, environment=environment, grant=grant), **changes)


async def built(bench: Bench, **params: object) -> JsonObject:
    result = await bench.dispatch(build(bench, (await contract(bench, **params))["contract"]))
    assert result.output is not None, result.failure
    return result.output


async def promoted(bench: Bench, image_id: str, to_status: str) -> JsonObject:
    result = await bench.dispatch(promotion(bench, image_id, to_status))
    assert result.output is not None, result.failure
    return result.output


async def refusal(bench: Bench, call: ToolCall) -> str:
    before = (bench.rows("SELECT * FROM images ORDER BY org_id, id"), bench.rows("SELECT * FROM image_checks"))
    result = await bench.dispatch(call)
    assert result.failure is not None
    assert (bench.rows("SELECT * FROM images ORDER BY org_id, id"), bench.rows("SELECT * FROM image_checks")) == before
    return f"{result.failure.kind}: {result.failure.message}"


async def test_a_build_is_a_tested_and_signed_draft_with_the_newest_packages(each_bench: Bench) -> None:
    output = await built(each_bench)
    assert (output["status"], output["signed"]) == ("draft", True)
    assert {row["name"] for row in output["tests"]} == {
        "agent_node-exporter",
        "auditd_enabled",
        "boot",
        "denied_packages",
        "kernel_sysctl_cis",
        "ssh_no_root_login",
    }
    assert all(row["passed"] for row in output["tests"])
    rows = each_bench.rows(
        "SELECT package, version FROM image_packages WHERE org_id = ? AND image_id = ?", ORG, output["image_id"]
    )
    versions = {row["package"]: row["version"] for row in rows}
    # 13.12 is newer than 13, and 1ubuntu0.2 than 1build4: as text neither is.
    assert versions["openssh"] == "1:9.6p1-3ubuntu13.12"
    assert versions["nghttp2"] == "1.59.0-1ubuntu0.2"
    assert versions["ws"] == "8.18.0"
    checked = await validate(each_bench, output["image_id"])
    assert checked["valid"], checks_of(checked)
    assert checked["scan"]["critical"] == checked["scan"]["high"] == 0


async def test_an_image_goes_from_draft_to_production_and_becomes_golden(bench: Bench) -> None:
    image_id = (await built(bench))["image_id"]
    drifted_before = await bench.drifted()
    steps = [await promoted(bench, image_id, stage) for stage in ("dev", "staging", "production")]
    assert [(step["from_status"], step["to_status"]) for step in steps] == [
        ("draft", "dev"),
        ("dev", "staging"),
        ("staging", "production"),
    ]
    assert await bench.golden_id() == image_id
    assert len(await bench.drifted()) > len(drifted_before)
    assert (await promoted(bench, image_id, "deprecated"))["from_status"] == "production"


@pytest.mark.parametrize("stage", ["staging", "production", "deprecated"])
async def test_no_step_is_skipped(bench: Bench, stage: str) -> None:
    image_id = (await built(bench))["image_id"]
    said = await refusal(bench, promotion(bench, image_id, stage))
    assert f"draft, which dev follows; not {stage}" in said


async def test_what_fails_a_check_goes_nowhere(bench: Bench) -> None:
    image_id = (await built(bench))["image_id"]
    await promoted(bench, image_id, "dev")
    bench.alter("UPDATE image_packages SET version = '8.0.0' WHERE image_id = ? AND package = 'ws'", image_id)
    said = await refusal(bench, promotion(bench, image_id, "staging"))
    assert "not fit for staging: scan (CVE-2024-37890)" in said


async def test_what_cannot_be_told_goes_to_staging_and_not_to_production(bench: Bench) -> None:
    image_id = (await built(bench))["image_id"]
    bench.alter("DELETE FROM image_checks WHERE image_id = ? AND name = 'auditd_enabled'", image_id)
    await promoted(bench, image_id, "dev")
    await promoted(bench, image_id, "staging")
    said = await refusal(bench, promotion(bench, image_id, "production"))
    assert "not fit for production: hardening (not tested: auditd_enabled)" in said


async def test_an_unsigned_image_is_refused_by_the_source_too(bench: Bench) -> None:
    image_id = (await built(bench))["image_id"]
    bench.alter("UPDATE images SET signed = 0, status = 'staging' WHERE id = ?", image_id)
    assert "signed (signed: False)" in await refusal(bench, promotion(bench, image_id, "production"))


async def test_the_same_call_again_answers_the_same_and_changes_nothing(bench: Bench) -> None:
    call = build(bench, (await contract(bench))["contract"])
    first = await bench.dispatch(call)
    again = await bench.dispatch(call)
    assert first.ok
    assert (again.output, again.digest) == (first.output, first.digest)
    assert first.output is not None
    step = promotion(bench, first.output["image_id"], "dev")
    done, repeated = await bench.dispatch(step), await bench.dispatch(step)
    assert done.ok
    assert repeated.output == done.output
    assert len(bench.rows("SELECT * FROM image_calls")) == 2


async def test_a_key_answers_for_one_change_only(bench: Bench) -> None:
    image_id = (await built(bench))["image_id"]
    step = promotion(bench, image_id, "dev")
    await bench.dispatch(step)
    other = replace(step, params={**step.params, "to_status": "staging"})
    assert "used for another change" in await refusal(bench, other)


@pytest.mark.parametrize("tool", ["build", "dev", "production"])
async def test_without_a_grant_nothing_is_changed(bench: Bench, tool: str) -> None:
    asked = (await contract(bench))["contract"]
    call = build(bench, asked) if tool == "build" else promotion(bench, await bench.golden_id(), tool)
    assert (await refusal(bench, replace(call, grant=None))).startswith("no_grant")


async def test_a_grant_for_the_milder_tool_is_none_for_the_graver(bench: Bench) -> None:
    call = promotion(bench, await bench.golden_id(), "deprecated")
    named = named_resources(call.params)
    grant = bench.grant([], tools=["promote_image_nonprod"], environment="production", resource_ids=named)
    assert (await refusal(bench, replace(call, grant=grant))).startswith("no_grant")


async def test_each_tool_keeps_to_its_environment_and_its_stages(bench: Bench) -> None:
    image_id = await bench.golden_id()
    wrong_place = promotion(bench, image_id, "dev", environment="production")
    assert (await refusal(bench, wrong_place)).startswith("out_of_scope")
    call = promotion(bench, image_id, "dev")
    for stage in ("production", "deprecated", "draft"):
        graver = replace(call, params={**call.params, "to_status": stage})
        assert (await refusal(bench, graver)).startswith("invalid_input")


async def test_a_call_that_names_an_asset_is_refused(bench: Bench) -> None:
    call = promotion(bench, await bench.golden_id(), "deprecated")
    named = replace(call, params={**call.params, "asset_ids": ["web-prod-euw1-01"]})
    assert (await refusal(bench, named)).startswith("invalid_input")


async def test_another_tenants_image_stays_where_it_is(bench: Bench) -> None:
    ours = {row["id"] for row in bench.rows("SELECT id FROM images WHERE org_id = ?", ORG)}
    theirs = {row["id"] for row in bench.rows("SELECT id FROM images WHERE org_id = ?", NEIGHBOR_ORG)}
    said = await refusal(bench, promotion(bench, sorted(theirs - ours)[0], "deprecated"))
    assert "no image" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_image_id": "img-ubuntu-20-04-1.9.2", "os_version": "20.04"}, "is deprecated"),
        ({"base_image_id": "img-web-base"}, "no base image"),
        ({"os_name": "debian"}, "is ubuntu 24.04, not debian 24.04"),
        ({"packages": [{"name": "left-pad", "version": None}]}, "No mirror has left-pad"),
        ({"packages": [{"name": "ws", "version": "9.9.9"}]}, "No mirror has ws 9.9.9"),
    ],
)
async def test_what_cannot_be_built_is_not_built(bench: Bench, changes: JsonObject, said: str) -> None:
    asked = {**(await contract(bench))["contract"], **changes}
    assert said in await refusal(bench, build(bench, asked))


async def test_a_version_that_is_there_is_not_built_again(bench: Bench) -> None:
    asked = (await contract(bench))["contract"]
    await bench.dispatch(build(bench, asked))
    assert "already" in await refusal(bench, build(bench, asked))


async def test_a_build_that_fails_a_test_is_not_signed(bench: Bench) -> None:
    asked = (await contract(bench))["contract"]
    asked = {**asked, "packages": [*asked["packages"], {"name": "telnet", "version": None}]}
    result = await bench.dispatch(build(bench, asked))
    assert result.output is not None
    assert result.output["signed"] is False
    assert [row["observed"] for row in result.output["tests"] if not row["passed"]] == ["telnet installed"]
    said = await refusal(bench, promotion(bench, result.output["image_id"], "dev"))
    assert "not fit for dev" in said


async def test_a_pinned_version_is_built_as_it_is(bench: Bench) -> None:
    asked = (await contract(bench))["contract"]
    asked = {**asked, "packages": [{"name": "ws", "version": "8.16.0"}]}
    result = await bench.dispatch(build(bench, asked))
    assert result.output is not None
    assert checks_of(await validate(bench, result.output["image_id"]))["scan"] == "fail"


@pytest.mark.parametrize("version", ["1", "latest", "2026.09.03", "1.0.0; rm"])
async def test_a_contract_with_a_version_that_is_none_is_refused(bench: Bench, version: str) -> None:
    asked = {**(await contract(bench))["contract"], "version": version}
    assert (await refusal(bench, build(bench, asked))).startswith("invalid_input")


@pytest.mark.parametrize("names", [[], ["web-base 1.0.0"], ["img-web-base-1.0.0"]])
async def test_a_grant_for_another_image_builds_nothing(bench: Bench, names: list[str]) -> None:
    call = build(bench, (await contract(bench))["contract"])
    grant = bench.grant([], tools=["build_image"], environment="staging", resource_ids=names)
    assert (await refusal(bench, replace(call, grant=grant))).startswith("no_grant")
