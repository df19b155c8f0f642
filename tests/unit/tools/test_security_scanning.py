"""Scanning: recomputed from the estate's tables and the list of what each old package has, for several estates."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from bot.local.estate import NEIGHBOR_ORG
from bot.local.estate.cves import PATCHES, bundled_advisories
from tests.unit.tools.bench import ORG, Bench
from tests.unit.tools.cve_data import about, loaded
from tools.connectors.advisories import NoAdvisories
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller

NEIGHBOR = Caller(org=NEIGHBOR_ORG, user="U9", roles=["operator"])

VULNERABLE = {(patched.package, patched.old): set(patched.cves) for patches in PATCHES.values() for patched in patches}
SCORES = {
    "CVE-2021-44228": 10.0,
    "CVE-2025-49844": 9.9,
    "CVE-2021-45046": 9.0,
    "CVE-2024-6387": 8.1,
    "CVE-2025-1094": 8.1,
    "CVE-2024-6119": 7.5,
    "CVE-2024-37890": 7.5,
    "CVE-2023-39325": 7.5,
    "CVE-2025-26465": 6.8,
    "CVE-2024-7264": 6.5,
    "CVE-2024-28182": 5.3,
    "CVE-2024-37891": 4.4,
    "CVE-2025-32462": 2.8,
}
"""As NVD and the distributions publish them."""


async def production(bench: Bench) -> list[str]:
    rows = bench.rows("SELECT id FROM assets WHERE org_id = ? AND environment = 'production' ORDER BY id", ORG)
    return [row["id"] for row in rows]


def expected(bench: Bench, asset_ids: list[str], *, org: str = ORG) -> dict[tuple[str, str, str], list[str]]:
    """(CVE, package, image) → assets, by joining the tables."""
    rows = bench.rows(
        "SELECT a.id AS asset, i.id AS image, p.package, p.version FROM assets a"
        " JOIN images i ON i.org_id = a.org_id AND i.family = a.image_family AND i.version = a.image_version"
        " JOIN image_packages p ON p.org_id = i.org_id AND p.image_id = i.id WHERE a.org_id = ? ORDER BY a.id",
        org,
    )
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row["asset"] in asset_ids:
            for cve in VULNERABLE.get((row["package"], row["version"]), set()):
                found[cve, row["package"], row["image"]].append(row["asset"])
    return found


async def test_every_finding_is_in_the_tables_and_every_one_of_those_is_found(each_bench: Bench) -> None:
    asset_ids = await production(each_bench)
    found = await each_bench.pages("scan_vulnerabilities", {"asset_ids": asset_ids, "limit": 7}, "findings")
    wanted = expected(each_bench, asset_ids)
    assert wanted
    assert {(row["cve_id"], row["package"], row["image_id"]): sorted(row["asset_ids"]) for row in found} == wanted
    for row in found:
        assert row["vulnerability"] == row["cve_id"]
        assert row["cvss_score"] == SCORES[row["cve_id"]]
        assert row["cvss_vector"].startswith("CVSS:3.1/")
        assert row["installed_version"] in {version for package, version in VULNERABLE if package == row["package"]}
        assert row["fixed_version"] is not None
    scores = [row["cvss_score"] for row in found]
    assert scores == sorted(scores, reverse=True)


async def test_the_totals_are_of_all_pages(each_bench: Bench) -> None:
    asset_ids = await production(each_bench)
    output = await each_bench.output("scan_vulnerabilities", {"asset_ids": asset_ids, "limit": 1})
    wanted = expected(each_bench, asset_ids)
    cves = {cve for cve, _, _ in wanted}
    assert output["totals"] == {
        "critical": sum(SCORES[cve] >= 9 for cve in cves),
        "high": sum(7 <= SCORES[cve] < 9 for cve in cves),
        "medium": sum(4 <= SCORES[cve] < 7 for cve in cves),
        "low": sum(SCORES[cve] < 4 for cve in cves),
        "none": 0,
        "unrated": 0,
    }
    assert output["affected_assets"] == len({asset for assets in wanted.values() for asset in assets})
    assert output["scanned_assets"] == len(asset_ids)
    assert {row["ecosystem"]: row["advisories"] for row in output["compared_with"]} == {
        "Debian:12": 3,
        "Go": 1,
        "Maven": 2,
        "PyPI": 1,
        "Rocky Linux:9": 3,
        "Ubuntu:24.04:LTS": 4,
        "npm": 1,
    }


@pytest.mark.parametrize(("minimum", "from_score"), [("low", 0.1), ("medium", 4), ("high", 7), ("critical", 9)])
async def test_milder_ones_can_be_left_out(bench: Bench, minimum: str, from_score: float) -> None:
    asset_ids = await production(bench)
    params: JsonObject = {"asset_ids": asset_ids, "minimum_severity": minimum, "limit": 200}
    found = await bench.pages("scan_vulnerabilities", params, "findings")
    wanted = {key for key in expected(bench, asset_ids) if SCORES[key[0]] >= from_score}
    assert {(row["cve_id"], row["package"], row["image_id"]) for row in found} == wanted


async def test_what_a_rollout_fixes_is_gone_from_the_next_scan(bench: Bench) -> None:
    drifted = await bench.drifted()
    before = await bench.output("scan_vulnerabilities", {"asset_ids": drifted})
    assert before["affected_assets"] > 0
    await bench.dispatch(await bench.rollout(drifted))
    after = await bench.output("scan_vulnerabilities", {"asset_ids": drifted})
    golden = bench.rows(
        "SELECT package, version FROM image_packages WHERE org_id = ? AND image_id = ?", ORG, await bench.golden_id()
    )
    left = {cve for row in golden for cve in VULNERABLE.get((row["package"], row["version"]), set())}
    assert {row["cve_id"] for row in after["findings"]} == left == set()
    assert after["totals"]["high"] == 0


async def test_a_package_without_rules_or_data_is_a_doubt_and_never_clean(bench: Bench) -> None:
    nodes = [asset.id for asset in await bench.assets("node-base", "production")]
    output = await bench.output("scan_vulnerabilities", {"asset_ids": nodes})
    images = {row["image_id"] for row in output["doubts"]}
    assert {(row["package"], row["reason"]) for row in output["doubts"]} >= {
        ("curl", "There are no version rules for Flatcar.")
    }
    assert output["doubts_total"] == 3 * len(images)


async def test_an_ecosystem_that_no_data_is_loaded_of_is_all_doubts(bench: Bench, tmp_path: Path) -> None:
    few = [one for one in bundled_advisories() if one.affected[0].ecosystem == "npm"]
    web = [asset.id for asset in await bench.assets("web-base", "production")]
    async with loaded(tmp_path, few) as bench.advisories:
        output = await bench.output("scan_vulnerabilities", {"asset_ids": web, "limit": 200})
    assert {row["ecosystem"] for row in output["findings"]} == {"npm"}
    assert "No CVE data of Ubuntu:24.04:LTS is loaded." in {row["reason"] for row in output["doubts"]}


async def test_without_any_cve_data_nothing_is_said_to_be_clean(bench: Bench) -> None:
    bench.advisories = NoAdvisories()
    for tool, params in (
        ("scan_vulnerabilities", {"asset_ids": ["web-prod-euw1-01"]}),
        ("check_exposure", {"asset_ids": ["web-prod-euw1-01"]}),
        ("get_cve_details", {"cve_id": "CVE-2024-6387"}),
    ):
        refused = await bench.ask(tool, params)
        assert refused.output is None
        assert refused.failure is not None
        assert "gavel cve import" in refused.failure.message


async def test_an_image_without_a_bill_of_materials_is_a_doubt(bench: Bench) -> None:
    golden = await bench.golden_id()
    bench.alter("DELETE FROM image_packages WHERE org_id = ? AND image_id = ?", ORG, golden)
    web = [asset.id for asset in await bench.assets("web-base", "production")]
    output = await bench.output("scan_vulnerabilities", {"asset_ids": web})
    assert {"image_id": golden, "package": None, "version": None, "reason": "Its packages are not known."} in output[
        "doubts"
    ]


async def test_an_asset_on_an_unknown_image_is_named_and_not_scanned(bench: Bench) -> None:
    first, second = (await production(bench))[:2]
    bench.alter("UPDATE assets SET image_version = '0.0.1' WHERE org_id = ? AND id = ?", ORG, first)
    output = await bench.output("scan_vulnerabilities", {"asset_ids": [first, second]})
    assert output["unknown_image_assets"] == [first]
    assert output["scanned_assets"] == 1


async def test_an_unrated_vulnerability_is_read_first_and_passes_every_minimum(bench: Bench, tmp_path: Path) -> None:
    unrated = about("ws", ecosystem="npm", advisory_id="X-1")
    web = [asset.id for asset in await bench.assets("web-base", "production")]
    async with loaded(tmp_path, [*bundled_advisories(), unrated]) as bench.advisories:
        output = await bench.output("scan_vulnerabilities", {"asset_ids": web, "minimum_severity": "critical"})
    first = output["findings"][0]
    assert (first["vulnerability"], first["cve_id"], first["severity"], first["cvss_score"]) == (
        "X-1",
        None,
        None,
        None,
    )
    assert first["fixed_version"] is None
    assert output["totals"]["unrated"] == 1


async def test_one_vulnerability_of_two_databases_is_one_finding_with_the_safer_fix(
    bench: Bench, tmp_path: Path
) -> None:
    cve = "CVE-2024-37890"
    other = about("ws", ecosystem="npm", introduced="8.0.0", fixed="8.17.10", advisory_id="OTHER-1", cve=cve)
    web = [asset.id for asset in await bench.assets("web-base", "production")]
    async with loaded(tmp_path, [*bundled_advisories(), other]) as bench.advisories:
        found = await bench.pages("scan_vulnerabilities", {"asset_ids": web}, "findings")
    rows = [row for row in found if row["package"] == "ws"]
    assert rows
    assert len({row["image_id"] for row in rows}) == len(rows)
    assert {tuple(row["advisory_ids"]) for row in rows} == {("GHSA-3h5v-q93c-6h6q", "OTHER-1")}
    assert {row["fixed_version"] for row in rows} == {"8.17.10"}
    assert {row["cve_id"] for row in rows} == {cve}


async def test_a_version_that_no_rule_reads_is_a_doubt(bench: Bench) -> None:
    golden = await bench.golden_id()
    bench.alter("UPDATE image_packages SET version = 'latest' WHERE image_id = ? AND package = 'ws'", golden)
    web = [asset.id for asset in await bench.assets("web-base", "production")]
    output = await bench.output("scan_vulnerabilities", {"asset_ids": web})
    doubt = next(row for row in output["doubts"] if row["package"] == "ws")
    assert (doubt["image_id"], doubt["version"]) == (golden, "latest")
    assert "CVE-2024-37890: Not a npm version" in doubt["reason"]


async def test_two_tenants_with_the_same_machines_are_told_of_their_own(each_bench: Bench) -> None:
    rows = each_bench.rows("SELECT id FROM assets WHERE org_id = ? AND environment = 'production'", NEIGHBOR_ORG)
    asset_ids = [row["id"] for row in rows]
    params: JsonObject = {"asset_ids": asset_ids, "limit": 200}
    found = await each_bench.pages("scan_vulnerabilities", params, "findings", caller=NEIGHBOR)
    wanted = expected(each_bench, asset_ids, org=NEIGHBOR_ORG)
    assert {(row["cve_id"], row["package"], row["image_id"]): sorted(row["asset_ids"]) for row in found} == wanted


@pytest.mark.parametrize("tool", ["scan_vulnerabilities", "check_exposure", "calculate_blast_radius"])
async def test_a_strangers_asset_is_refused_as_one_that_never_was(bench: Bench, tool: str) -> None:
    foreign = sorted(set(await bench.estate.snapshot(NEIGHBOR_ORG)) - set(await bench.estate.snapshot(ORG)))[0]
    said: list[str] = []
    for asset_id in (foreign, "web-prod-moon1-01"):
        refused = await bench.ask(tool, {"asset_ids": [asset_id]})
        assert refused.failure is not None
        assert refused.failure.kind == "out_of_scope"
        said.append(refused.failure.message.replace(asset_id, "…"))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    "params",
    [
        {"asset_ids": []},
        {"asset_ids": ["web-prod-euw1-01"], "limit": 0},
        {"asset_ids": ["web-prod-euw1-01"], "limit": 201},
        {"asset_ids": ["web-prod-euw1-01"], "minimum_severity": "severe"},
        {"asset_ids": ["web-prod-euw1-01"], "org_id": NEIGHBOR_ORG},
        {"asset_ids": [f"a{number}" for number in range(501)]},
        {},
    ],
)
async def test_parameters_out_of_bounds_are_refused(bench: Bench, params: JsonObject) -> None:
    refused = await bench.ask("scan_vulnerabilities", params)
    assert refused.failure is not None
    assert refused.failure.kind == "invalid_input"


async def test_a_cursor_of_no_row_is_an_error(bench: Bench) -> None:
    for cursor in ("0", "' OR 1=1 --"):
        refused = await bench.ask("scan_vulnerabilities", {"asset_ids": ["web-prod-euw1-01"], "cursor": cursor})
        assert refused.failure is not None
        assert "no cursor" in refused.failure.message
