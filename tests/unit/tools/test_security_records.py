"""The scanner's findings and the databases' records, against the tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.local.estate import NEIGHBOR_ORG
from bot.local.estate.cves import bundled_advisories
from tests.unit.tools.bench import ORG, Bench
from tests.unit.tools.cve_data import about, loaded
from tests.unit.tools.test_security_scanning import NEIGHBOR, SCORES, VULNERABLE
from tools.contracts.common import JsonObject


def running_on(bench: Bench, image_ids: list[str], environment: str | None, *, org: str = ORG) -> list[str]:
    rows = bench.rows(
        "SELECT a.id, a.environment, i.id AS image FROM assets a JOIN images i ON i.org_id = a.org_id"
        " AND i.family = a.image_family AND i.version = a.image_version WHERE a.org_id = ? ORDER BY a.id",
        org,
    )
    return [row["id"] for row in rows if row["image"] in image_ids and environment in (None, row["environment"])]


@pytest.mark.parametrize("environment", ["production", "staging", None])
async def test_alerts_name_what_runs_their_images_now(each_bench: Bench, environment: str | None) -> None:
    found = await each_bench.pages("list_cve_alerts", {"limit": 2}, "alerts", environment=environment)
    stored = each_bench.rows("SELECT * FROM cve_alerts WHERE org_id = ? ORDER BY detected_at DESC, cve DESC", ORG)
    expected: dict[str, list[str]] = {}
    for row in stored:
        assets = running_on(each_bench, json.loads(row["image_ids"]), environment)
        if assets:
            expected[row["cve"]] = assets
    assert {row["cve_id"]: row["asset_ids"] for row in found} == expected
    assert [row["cve_id"] for row in found] == list(expected)
    assert all(row["assets_total"] == len(row["asset_ids"]) for row in found)
    assert all(row["status"] == "open" for row in found)


async def test_an_alert_is_resolved_when_nothing_runs_its_images_any_more(bench: Bench) -> None:
    (before,) = (await bench.output("list_cve_alerts", {"cve_id": "CVE-2024-28182"}))["alerts"]
    assert before["status"] == "open"
    image_ids = json.dumps(before["image_ids"])
    bench.alter(
        "UPDATE assets SET image_version = (SELECT version FROM images i WHERE i.org_id = assets.org_id AND i.id = ?)"
        " WHERE org_id = ? AND image_family = 'web-base' AND 'img-web-base-' || image_version IN"
        " (SELECT value FROM json_each(?))",
        await bench.golden_id(),
        ORG,
        image_ids,
    )
    (after,) = (await bench.output("list_cve_alerts", {"cve_id": "CVE-2024-28182"}, environment=None))["alerts"]
    assert (after["status"], after["asset_ids"]) == ("resolved", [])
    assert (await bench.output("list_cve_alerts", {"cve_id": "CVE-2024-28182", "status": "open"}))["alerts"] == []
    theirs = await bench.output("list_cve_alerts", {"cve_id": "CVE-2024-28182"}, caller=NEIGHBOR, environment=None)
    assert [row["status"] for row in theirs["alerts"]] == [
        "open" for _ in bench.rows("SELECT 1 FROM cve_alerts WHERE org_id = ? AND cve = 'CVE-2024-28182'", NEIGHBOR_ORG)
    ]


async def test_alerts_are_narrowed_by_severity(bench: Bench) -> None:
    found = await bench.pages("list_cve_alerts", {"minimum_severity": "high"}, "alerts", environment=None)
    stored = [row["cve"] for row in bench.rows("SELECT cve FROM cve_alerts WHERE org_id = ?", ORG)]
    assert {row["cve_id"] for row in found} == {cve for cve in stored if SCORES[cve] >= 7}


async def test_an_alert_of_unknown_severity_passes_every_minimum(bench: Bench) -> None:
    bench.alter("UPDATE cve_alerts SET severity = NULL WHERE org_id = ? AND cve = 'CVE-2025-32462'", ORG)
    found = await bench.pages("list_cve_alerts", {"minimum_severity": "critical"}, "alerts", environment=None)
    assert "CVE-2025-32462" in {row["cve_id"] for row in found}


async def test_a_cursor_of_no_page_is_an_error(bench: Bench) -> None:
    refused = await bench.ask("list_cve_alerts", {"cursor": "x"})
    assert refused.failure is not None
    assert "no page cursor" in refused.failure.message


@pytest.mark.parametrize("cve", ["CVE-2024-6387", "CVE-2021-45046", "CVE-2024-37891", "CVE-2025-32462"])
async def test_details_say_where_it_is_here(each_bench: Bench, cve: str) -> None:
    output = await each_bench.output("get_cve_details", {"cve_id": cve})
    rows = each_bench.rows(
        "SELECT DISTINCT p.image_id, p.package, p.version FROM image_packages p WHERE p.org_id = ?", ORG
    )
    images = {row["image_id"] for row in rows if cve in VULNERABLE.get((row["package"], row["version"]), set())}
    assets = running_on(each_bench, sorted(images), "production")
    assert output["affected_asset_ids"] == assets
    assert output["affected_assets"] == len(assets)
    in_use = {image_id for image_id in images if running_on(each_bench, [image_id], "production")}
    assert output["affected_image_ids"] == sorted(in_use)
    assert (output["cve_id"], output["cvss_score"]) == (cve, SCORES[cve])


async def test_details_hold_each_databases_record(bench: Bench) -> None:
    output = await bench.output("get_cve_details", {"cve_id": "cve-2024-6387"})
    records = {row["advisory_id"]: row for row in output["records"]}
    assert set(records) == {"DEBIAN-CVE-2024-6387", "RLSA-2024:4312", "UBUNTU-CVE-2024-6387"}
    assert output["also_known_as"] == sorted(records)
    assert records["RLSA-2024:4312"]["affected"] == [
        {
            "ecosystem": "Rocky Linux:9",
            "package": "openssh",
            "fixed_versions": ["0:8.7p1-38.el9_4.1"],
            "severity": "high",
            "cvss_score": 8.1,
        }
    ]
    by_alias = await bench.output("get_cve_details", {"cve_id": "GHSA-jfh8-c2jp-5v3q"})
    assert by_alias["cve_id"] == "CVE-2021-44228"


async def test_a_cve_that_is_not_in_the_data_is_no_all_clear(bench: Bench) -> None:
    for cve in ("CVE-2014-0160", "CVE-2024-638", "%"):
        refused = await bench.ask("get_cve_details", {"cve_id": cve})
        assert refused.output is None
        assert refused.failure is not None
    refused = await bench.ask("get_cve_details", {"cve_id": "CVE-2014-0160"})
    assert refused.failure is not None
    assert "says nothing of whether anything is affected" in refused.failure.message


async def test_images_that_could_not_be_judged_by_it_are_named(bench: Bench, tmp_path: Path) -> None:
    curl = about(
        "curl", ecosystem="Alpine:v3.20", fixed="8.9.0-r0", advisory_id="ALPINE-CVE-2024-7264", cve="CVE-2024-7264"
    )
    async with loaded(tmp_path, [*bundled_advisories(), curl]) as bench.advisories:
        output = await bench.output("get_cve_details", {"cve_id": "CVE-2024-7264"})
    nodes = {f"img-node-base-{asset.image_version}" for asset in await bench.assets("node-base", "production")}
    assert nodes <= set(output["doubtful_image_ids"])
    assert not nodes & set(output["affected_image_ids"])


async def test_a_strangers_long_text_is_cut(bench: Bench, tmp_path: Path) -> None:
    long = about("ws", ecosystem="npm", advisory_id="LONG-1").model_copy(
        update={"summary": "s" * 5000, "details": "d" * 9000}
    )
    async with loaded(tmp_path, [long]) as bench.advisories:
        output = await bench.output("get_cve_details", {"cve_id": "LONG-1"})
    (record,) = output["records"]
    assert (len(record["summary"]), len(record["details"])) == (600, 2000)


@pytest.mark.parametrize(
    ("tool", "params"),
    [
        ("get_cve_details", {}),
        ("get_cve_details", {"cve_id": ""}),
        ("get_cve_details", {"cve_id": "CVE-2024-6387' OR 1=1"}),
        ("get_cve_details", {"cve_id": "../etc"}),
        ("get_cve_details", {"cve_id": 6387}),
        ("list_cve_alerts", {"status": "closed"}),
        ("list_cve_alerts", {"minimum_severity": "worst"}),
        ("list_cve_alerts", {"limit": 1000}),
        ("list_cve_alerts", {"org": NEIGHBOR_ORG}),
    ],
)
async def test_parameters_out_of_bounds_are_refused(bench: Bench, tool: str, params: JsonObject) -> None:
    refused = await bench.ask(tool, params)
    assert refused.failure is not None
    assert refused.failure.kind == "invalid_input"
