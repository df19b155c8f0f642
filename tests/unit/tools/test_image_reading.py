"""Versions, contracts and validation, against the estate's tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from bot.local.estate import NEIGHBOR_ORG
from bot.local.estate.cves import bundled_advisories
from tests.unit.tools.bench import NOW, ORG, Bench
from tests.unit.tools.cve_data import about, loaded
from tests.unit.tools.test_security_scanning import NEIGHBOR, SCORES, VULNERABLE
from tools.contracts.common import JsonObject
from tools.image.numbering import next_version


async def test_versions_are_those_of_the_table_with_what_runs_them(each_bench: Bench) -> None:
    found = await each_bench.pages("list_image_versions", {"limit": 7}, "images")
    stored = each_bench.rows("SELECT * FROM images WHERE org_id = ? ORDER BY family, created_at DESC, id", ORG)
    assert [row["image_id"] for row in found] == [row["id"] for row in stored]
    golden: dict[str, str] = {}
    for row in stored:
        if row["signed"] and row["status"] == "production":
            golden.setdefault(row["family"], row["id"])
    for row, held in zip(found, stored, strict=True):
        assert (row["status"], row["signed"], row["cis_level"]) == (
            held["status"],
            bool(held["signed"]),
            held["cis_level"],
        )
        assert row["golden"] is (golden.get(row["family"]) == row["image_id"])
        (users,) = each_bench.rows(
            "SELECT count(*) AS n FROM assets WHERE org_id = ? AND environment = 'production' AND image_family = ?"
            " AND image_version = ?",
            ORG,
            row["family"],
            row["version"],
        )
        assert row["assets"] == users["n"]
        places = each_bench.rows(
            "SELECT DISTINCT platform FROM image_coordinates WHERE org_id = ? AND image_id = ? ORDER BY platform",
            ORG,
            row["image_id"],
        )
        assert row["platforms"] == [place["platform"] for place in places]


async def test_versions_are_narrowed(bench: Bench) -> None:
    everything = await bench.pages("list_image_versions", {}, "images")
    narrowed: list[tuple[JsonObject, list[JsonObject]]] = [
        ({"family": "web-base"}, [row for row in everything if row["family"] == "web-base"]),
        ({"status": "deprecated"}, [row for row in everything if row["status"] == "deprecated"]),
        ({"platform": "k8s"}, [row for row in everything if "k8s" in row["platforms"]]),
        ({"family": "windows"}, []),
    ]
    for params, rows in narrowed:
        assert await bench.pages("list_image_versions", params, "images") == rows


async def test_each_tenant_is_listed_its_own_versions(bench: Bench) -> None:
    theirs = await bench.pages("list_image_versions", {}, "images", caller=NEIGHBOR)
    stored = {row["id"] for row in bench.rows("SELECT id FROM images WHERE org_id = ?", NEIGHBOR_ORG)}
    assert {row["image_id"] for row in theirs} == stored
    assert theirs != await bench.pages("list_image_versions", {}, "images")


# --- versions ---


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ([], "1.0.0"),
        (["draft"], "1.0.0"),
        (["1.2.3"], "1.3.0"),
        (["1.9.0", "1.10.4", "1.2.0"], "1.11.0"),
        (["2026.09.03", "2026.10.11"], "2026.11.23"),
        (["2026.11.23"], "2026.11.24"),
        (["2027.01.01"], "2027.1.2"),
        (["v3.1.0"], "3.2.0"),
    ],
)
def test_the_next_version_follows_the_familys_own_way(existing: list[str], expected: str) -> None:
    assert next_version(existing, today=date(2026, 11, 23)) == expected


numbers = st.tuples(st.integers(0, 2100), st.integers(0, 40), st.integers(0, 40))


@given(st.lists(numbers, max_size=6), st.dates(date(2020, 1, 1), date(2099, 1, 1)))
def test_the_next_version_is_semver_and_newer_than_every_other(
    existing: list[tuple[int, int, int]], today: date
) -> None:
    following = next_version([".".join(map(str, version)) for version in existing], today=today)
    parsed = Version.parse(following)
    assert all(parsed > Version(*version) for version in existing)


# --- contracts ---


async def contract(bench: Bench, **params: object) -> JsonObject:
    given_params: JsonObject = {"name": "web-base", "os": "ubuntu 24.04", "purpose": "Serves the storefront.", **params}
    return await bench.output("generate_image_contract", given_params)


async def test_a_contract_is_the_standard_on_a_base_with_the_golden_images_packages(each_bench: Bench) -> None:
    output = await contract(each_bench)
    asked = output["contract"]
    (standard,) = each_bench.rows("SELECT * FROM image_standards WHERE org_id = ?", ORG)
    assert asked["base_image_id"] == "img-ubuntu-24-04-1.4.0"
    assert (asked["os_name"], asked["os_version"]) == ("ubuntu", "24.04")
    assert asked["cis_level"] == standard["cis_level"]
    assert asked["platforms"] == ["aws", "azure", "gcp", "vsphere"]
    assert asked["monitoring_agents"] == ["node-exporter"]
    assert asked["hardening"] == ["auditd_enabled", "kernel_sysctl_cis", "ssh_no_root_login"]
    assert "telnet" in asked["denied_packages"]
    assert output["replaces"] == await each_bench.golden_id()
    golden, base = (
        {
            row["package"]
            for row in each_bench.rows(
                "SELECT package FROM image_packages WHERE org_id = ? AND image_id = ?", ORG, image_id
            )
        }
        for image_id in (output["replaces"], asked["base_image_id"])
    )
    assert [pin["name"] for pin in asked["packages"]] == sorted(golden - base)
    versions = [
        Version.parse(row["version"])
        for row in each_bench.rows("SELECT version FROM images WHERE org_id = ? AND family = 'web-base'", ORG)
    ]
    assert Version.parse(asked["version"]) > max(versions)


async def test_the_same_request_is_the_same_contract_and_builds_nothing(bench: Bench) -> None:
    before = bench.rows("SELECT * FROM images")
    assert await contract(bench) == await contract(bench)
    assert bench.rows("SELECT * FROM images") == before


async def test_a_new_family_begins_at_one(bench: Bench) -> None:
    output = await contract(bench, name="edge-proxy", os="debian-12", packages=["sudo"], platforms=["aws"])
    asked = output["contract"]
    assert (asked["version"], output["replaces"], asked["platforms"]) == ("1.0.0", None, ["aws"])
    assert [pin["name"] for pin in asked["packages"]] == ["sudo"]


@pytest.mark.parametrize("os", ["ubuntu 24.04", "Ubuntu:24.04", "ubuntu-24.04", "ubuntu", "img-ubuntu-24-04-1.4.0"])
async def test_an_os_is_named_in_several_ways(bench: Bench, os: str) -> None:
    assert (await contract(bench, os=os))["contract"]["base_image_id"] == "img-ubuntu-24-04-1.4.0"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"os": "ubuntu 20.04"}, "no base that may be built on"),
        ({"os": "windows 2025"}, "Use one of: debian 12, flatcar 3975, rocky 9, ubuntu 24.04"),
        ({"os": "img-web-base-1.0.0"}, "no base"),
        ({"os": "flatcar 3975", "cis_level": 2}, "reaches CIS level 1, not 2"),
        ({"platforms": ["k8s"]}, "not published on k8s"),
        ({"packages": ["telnetd"]}, "no image may hold telnetd"),
        ({"packages": ["TELNET"]}, "no image may hold TELNET"),
    ],
)
async def test_a_contract_that_cannot_be_kept_is_not_written(bench: Bench, params: JsonObject, said: str) -> None:
    given_params: JsonObject = {"name": "web-base", "os": "ubuntu 24.04", "purpose": "x", **params}
    refused = await bench.ask("generate_image_contract", given_params)
    assert refused.failure is not None
    assert refused.failure.kind == "tool_error"
    assert said in refused.failure.message


async def test_without_a_standard_there_is_no_contract(bench: Bench) -> None:
    bench.alter("DELETE FROM image_standards WHERE org_id = ?", ORG)
    refused = await bench.ask("generate_image_contract", {"name": "web-base", "os": "ubuntu", "purpose": "x"})
    assert refused.failure is not None
    assert "no standard" in refused.failure.message


async def test_each_tenants_standard_is_its_own(bench: Bench) -> None:
    params: JsonObject = {"name": "web-base", "os": "ubuntu", "purpose": "x"}
    theirs = await bench.output("generate_image_contract", params, caller=NEIGHBOR)
    assert theirs["contract"]["cis_level"] == 2


@pytest.mark.parametrize(
    "worse",
    [
        {"name": "Web Base"},
        {"name": "../x"},
        {"purpose": ""},
        {"os": ""},
        {"cis_level": 3},
        {"org": "x"},
        {"platforms": ["ibm"]},
    ],
)
async def test_parameters_out_of_bounds_are_refused(bench: Bench, worse: JsonObject) -> None:
    params: JsonObject = {"name": "web-base", "os": "ubuntu 24.04", "purpose": "x", **worse}
    refused = await bench.ask("generate_image_contract", params)
    assert refused.failure is not None
    assert refused.failure.kind == "invalid_input"


# --- validation ---


async def validate(bench: Bench, image_id: str, **changes: object) -> JsonObject:
    return await bench.output("validate_image", {"image_id": image_id}, **changes)


def checks_of(output: JsonObject) -> dict[str, str]:
    return {row["name"]: row["status"] for row in output["checks"]}


async def test_an_image_is_valid_exactly_when_the_tables_say_that_nothing_is_wrong(each_bench: Bench) -> None:
    for image in each_bench.rows("SELECT * FROM images WHERE org_id = ?", ORG):
        output = await validate(each_bench, image["id"])
        packages = each_bench.rows("SELECT * FROM image_packages WHERE org_id = ? AND image_id = ?", ORG, image["id"])
        cves = {cve for row in packages for cve in VULNERABLE.get((row["package"], row["version"]), set())}
        names = {row["package"] for row in packages}
        tests = each_bench.rows("SELECT * FROM image_checks WHERE org_id = ? AND image_id = ?", ORG, image["id"])
        judged = packages and all(row["ecosystem"] != "Flatcar" for row in packages)
        severe = [cve for cve in cves if SCORES[cve] >= 7]
        expected = {
            "signed": "pass" if image["signed"] else "fail",
            "sbom": "pass",
            "tests": "pass" if all(row["passed"] for row in tests) else "fail",
            "cis_level": "pass",
            "hardening": "pass" if image["signed"] else "unknown",
            "monitoring_agents": "pass" if packages else "unknown",
            "denied_packages": ("fail" if "telnet" in names else "pass") if packages else "unknown",
            "age": "pass" if NOW - datetime.fromisoformat(image["created_at"]) < timedelta(days=121) else "fail",
            "scan": "fail" if severe else "pass" if judged else "unknown",
        }
        assert checks_of(output) == expected, image["id"]
        assert output["valid"] is (set(expected.values()) == {"pass"})
        assert set(output["worst"]) == cves
        if packages:
            assert output["scan"] == {
                "scanned_at": "2026-11-23T10:00:00Z",
                "critical": sum(SCORES[cve] >= 9 for cve in cves),
                "high": sum(7 <= SCORES[cve] < 9 for cve in cves),
                "medium": sum(4 <= SCORES[cve] < 7 for cve in cves),
                "low": sum(SCORES[cve] < 4 for cve in cves),
            }
        else:
            assert output["scan"] is None
        assert {row["name"]: row["passed"] for row in output["tests"]} == {
            row["name"]: bool(row["passed"]) for row in tests
        }


@pytest.mark.parametrize(
    ("statement", "check", "status"),
    [
        ("DELETE FROM image_checks WHERE image_id = ?", "tests", "unknown"),
        ("DELETE FROM image_checks WHERE image_id = ? AND name = 'auditd_enabled'", "hardening", "unknown"),
        ("UPDATE image_checks SET passed = 0 WHERE image_id = ? AND name = 'auditd_enabled'", "hardening", "fail"),
        ("UPDATE image_checks SET passed = 0 WHERE image_id = ? AND name = 'boot'", "tests", "fail"),
        (
            "DELETE FROM image_packages WHERE image_id = ? AND package = 'prometheus-node-exporter'",
            "monitoring_agents",
            "fail",
        ),
        ("DELETE FROM image_packages WHERE image_id = ?", "monitoring_agents", "unknown"),
        ("DELETE FROM image_packages WHERE image_id = ?", "denied_packages", "unknown"),
        ("DELETE FROM image_packages WHERE image_id = ?", "scan", "unknown"),
        (
            "UPDATE image_packages SET package = 'Telnetd' WHERE image_id = ? AND package = 'bash'",
            "denied_packages",
            "fail",
        ),
        ("UPDATE image_packages SET version = '8.0.0' WHERE image_id = ? AND package = 'ws'", "scan", "fail"),
        ("UPDATE image_packages SET version = 'new' WHERE image_id = ? AND package = 'ws'", "scan", "unknown"),
        ("UPDATE images SET cis_level = NULL WHERE id = ?", "cis_level", "unknown"),
        ("UPDATE images SET cis_level = 0 WHERE id = ?", "cis_level", "fail"),
        ("UPDATE images SET signed = 0 WHERE id = ?", "signed", "fail"),
        ("UPDATE images SET sbom_url = NULL WHERE id = ?", "sbom", "fail"),
        ("UPDATE images SET created_at = '2026-01-01T00:00:00.000000+00:00' WHERE id = ?", "age", "fail"),
    ],
)
async def test_each_check_alone_makes_an_image_unfit(bench: Bench, statement: str, check: str, status: str) -> None:
    golden = await bench.golden_id()
    assert (await validate(bench, golden))["valid"]
    bench.alter(statement, golden)
    output = await validate(bench, golden)
    assert checks_of(output)[check] == status
    assert not output["valid"]


async def test_without_a_standard_nothing_is_valid(bench: Bench) -> None:
    golden = await bench.golden_id()
    bench.alter("DELETE FROM image_standards WHERE org_id = ?", ORG)
    output = await validate(bench, golden)
    assert checks_of(output)["standard"] == "unknown"
    assert not output["valid"]
    assert output["blocking_rating"] is None


async def test_a_vulnerability_that_nobody_has_rated_blocks(bench: Bench, tmp_path: Path) -> None:
    unrated = about("bash", ecosystem="Ubuntu:24.04:LTS", advisory_id="X-1")
    golden = await bench.golden_id()
    async with loaded(tmp_path, [*bundled_advisories(), unrated]) as bench.advisories:
        output = await validate(bench, golden)
    assert checks_of(output)["scan"] == "fail"
    assert output["unrated"] == 1


async def test_the_fingerprint_changes_with_what_it_is_of(bench: Bench) -> None:
    golden = await bench.golden_id()
    before = (await validate(bench, golden))["fingerprint"]
    assert (await validate(bench, golden))["fingerprint"] == before
    bench.alter("UPDATE image_checks SET passed = 0 WHERE image_id = ? AND name = 'boot'", golden)
    assert (await validate(bench, golden))["fingerprint"] != before


async def test_an_image_that_another_tenant_has_is_as_unknown_as_none(bench: Bench) -> None:
    ours = {row["id"] for row in bench.rows("SELECT id FROM images WHERE org_id = ?", ORG)}
    theirs = {row["id"] for row in bench.rows("SELECT id FROM images WHERE org_id = ?", NEIGHBOR_ORG)}
    said: list[str] = []
    for image_id in (sorted(theirs - ours)[0], "img-none"):
        refused = await bench.ask("validate_image", {"image_id": image_id})
        assert refused.failure is not None
        said.append(refused.failure.message.replace(image_id, "…"))
    assert said[0] == said[1]
    assert "no image" in said[0]
