"""The CVE feed, and rollouts that close what it tells of."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.local.estate.cves import bundled_advisories
from tests.unit.tools.bench import ORG, Bench
from tests.unit.tools.cve_data import about, loaded
from tests.unit.tools.test_security_records import running_on
from tests.unit.tools.test_security_scanning import NEIGHBOR, SCORES, VULNERABLE
from tools.contracts.common import JsonObject
from tools.drift.models import GeneratePatchPlanOutput


async def test_the_feed_is_everything_once_with_what_is_here(each_bench: Bench) -> None:
    found = await each_bench.pages("get_cve_feed", {"limit": 4}, "advisories")
    assert [row["advisory_id"] for row in found] == [
        one.id for one in sorted(bundled_advisories(), key=lambda one: (one.modified, one.id), reverse=True)
    ]
    packages = each_bench.rows("SELECT * FROM image_packages WHERE org_id = ?", ORG)
    by_id = {one.id: one for one in bundled_advisories()}
    for row in found:
        (affected,) = by_id[row["advisory_id"]].affected
        images = sorted(
            {
                package["image_id"]
                for package in packages
                if (package["ecosystem"], package["package"]) == (affected.ecosystem, affected.name)
                and row["cve_id"] in VULNERABLE.get((package["package"], package["version"]), set())
            }
        )
        assets = running_on(each_bench, images, "production")
        assert row["affected_assets"] == len(assets)
        assert row["cvss_score"] == SCORES[row["cve_id"]]
        assert {affected["package"] for affected in row["affected"]} == {affected.name}


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"minimum_severity": "critical"}, {cve for cve, score in SCORES.items() if score >= 9}),
        ({"ecosystem": "Rocky Linux"}, {"CVE-2024-6387", "CVE-2025-26465", "CVE-2025-1094"}),
        ({"ecosystem": "Rocky Linux:9", "package": "postgresql"}, {"CVE-2025-1094"}),
        ({"package": "ws"}, {"CVE-2024-37890"}),
        ({"modified_since": "2025-10-01T00:00:00Z"}, {"CVE-2025-49844", "CVE-2024-6119"}),
        ({"ecosystem": "CPAN"}, set[str]()),
    ],
)
async def test_the_feed_is_narrowed(bench: Bench, params: JsonObject, wanted: set[str]) -> None:
    found = await bench.pages("get_cve_feed", params, "advisories")
    assert {row["cve_id"] for row in found} == wanted


async def test_the_feed_counts_each_tenants_own(bench: Bench) -> None:
    ours = await bench.pages("get_cve_feed", {}, "advisories", environment=None)
    theirs = await bench.pages("get_cve_feed", {}, "advisories", environment=None, caller=NEIGHBOR)
    assert [row["advisory_id"] for row in ours] == [row["advisory_id"] for row in theirs]
    assert [row["affected_assets"] for row in ours] != [row["affected_assets"] for row in theirs]


async def test_a_strange_cursor_of_the_feed_is_an_error(bench: Bench) -> None:
    refused = await bench.ask("get_cve_feed", {"cursor": "yesterday"})
    assert refused.failure is not None
    assert "no cursor" in refused.failure.message


async def plan(bench: Bench, asset_ids: list[str], **choices: Any) -> JsonObject:
    return await bench.output("generate_rollout_plan", {"asset_ids": asset_ids, **choices})


async def holed(bench: Bench) -> list[str]:
    """The web machines, put on the release that has every hole of the family."""
    bench.alter(
        "UPDATE assets SET image_version = (SELECT version FROM images i WHERE i.org_id = assets.org_id"
        " AND i.family = 'web-base' ORDER BY created_at LIMIT 1) WHERE org_id = ? AND image_family = 'web-base'",
        ORG,
    )
    return [asset.id for asset in await bench.assets("web-base", "production")]


async def test_a_rollout_plan_is_a_patch_plan_with_what_it_closes(each_bench: Bench) -> None:
    asset_ids = await holed(each_bench)
    output = await plan(each_bench, asset_ids, canary_size=2, wait_seconds=120)
    same = {name: output[name] for name in GeneratePatchPlanOutput.model_fields}
    written = await each_bench.output(
        "generate_patch_plan",
        {
            "asset_ids": asset_ids,
            "target_image_id": await each_bench.golden_id(),
            "canary_size": 2,
            "wait_seconds": 120,
            "max_batch_percent": 20,
        },
    )
    assert same == written
    assert {row["cve_id"]: row["asset_ids"] for row in output["fixes"]} == dict.fromkeys(
        ("CVE-2024-6387", "CVE-2024-37890", "CVE-2024-7264", "CVE-2024-28182"), sorted(asset_ids)
    )
    assert [row["cvss_score"] for row in output["fixes"]] == [8.1, 7.5, 6.5, 5.3]
    assert (output["remaining"], output["doubts"]) == ([], 0)
    simulated = await each_bench.output("simulate_rollout", {"plan_id": output["plan_id"]})
    assert simulated["simulation"]["simulated_assets"] == len(asset_ids)


async def test_what_the_target_still_has_is_no_fix(bench: Bench, tmp_path: Path) -> None:
    asset_ids = await holed(bench)
    left = about("bash", ecosystem="Ubuntu:24.04:LTS", advisory_id="X-BASH")
    async with loaded(tmp_path, [*bundled_advisories(), left]) as bench.advisories:
        output = await plan(bench, asset_ids)
        assert [row["vulnerability"] for row in output["remaining"]] == ["X-BASH"]
        assert "X-BASH" not in {row["vulnerability"] for row in output["fixes"]}
        refused = await bench.ask("generate_rollout_plan", {"asset_ids": asset_ids, "cve_ids": ["X-BASH"]})
    assert refused.failure is not None
    assert "still has X-BASH" in refused.failure.message


async def test_what_it_must_close_is_closed_or_there_is_no_plan(bench: Bench) -> None:
    asset_ids = await holed(bench)
    assert (await plan(bench, asset_ids, cve_ids=["CVE-2024-6387"]))["plan_id"]
    refused = await bench.ask("generate_rollout_plan", {"asset_ids": asset_ids, "cve_ids": ["CVE-2021-44228"]})
    assert refused.failure is not None
    assert "None of these assets is known to have CVE-2021-44228" in refused.failure.message


async def test_a_rollout_that_closes_nothing_is_no_patch(bench: Bench) -> None:
    drifted = await bench.drifted()
    bench.alter(
        "UPDATE image_packages SET version = (SELECT version FROM image_packages g"
        " WHERE g.org_id = image_packages.org_id AND g.image_id = ? AND g.package = image_packages.package)"
        " WHERE org_id = ? AND image_id LIKE 'img-web-base-%' AND package IN ('ws', 'curl', 'openssh', 'nghttp2')",
        await bench.golden_id(),
        ORG,
    )
    refused = await bench.ask("generate_rollout_plan", {"asset_ids": drifted})
    assert refused.failure is not None
    assert "closes no known vulnerability" in refused.failure.message


async def test_two_families_are_two_rollouts(bench: Bench) -> None:
    web, api = await bench.drifted(), await bench.drifted("api-base")
    refused = await bench.ask("generate_rollout_plan", {"asset_ids": [*web, *api]})
    assert refused.failure is not None
    assert "one image family" in refused.failure.message
    assert api[0] in refused.failure.message


async def test_planning_changes_nothing_and_needs_no_grant(bench: Bench) -> None:
    asset_ids = await holed(bench)
    before = await bench.estate.snapshot(ORG)
    await plan(bench, asset_ids)
    assert await bench.estate.snapshot(ORG) == before


async def test_a_strangers_asset_makes_no_plan(bench: Bench) -> None:
    refused = await bench.ask("generate_rollout_plan", {"asset_ids": ["web-prod-moon1-01"]})
    assert refused.failure is not None
    assert refused.failure.kind == "out_of_scope"


@pytest.mark.parametrize("worse", [{"max_batch_percent": 0}, {"canary_size": 0}, {"cve_ids": ["a b"]}, {"target": "x"}])
async def test_parameters_out_of_bounds_are_refused(bench: Bench, worse: JsonObject) -> None:
    refused = await bench.ask("generate_rollout_plan", {"asset_ids": ["web-prod-euw1-01"], **worse})
    assert refused.failure is not None
    assert refused.failure.kind == "invalid_input"


async def test_the_feed_is_of_what_was_modified_since_a_moment_with_a_zone(bench: Bench) -> None:
    refused = await bench.ask("get_cve_feed", {"modified_since": "2025-10-01T00:00:00"})
    assert refused.failure is not None
    found = await bench.pages("get_cve_feed", {"modified_since": "2024-07-01T00:00:00Z"}, "advisories")
    since = datetime.fromisoformat("2024-07-01T00:00:00Z")
    assert {row["advisory_id"] for row in found} == {one.id for one in bundled_advisories() if one.modified >= since}
