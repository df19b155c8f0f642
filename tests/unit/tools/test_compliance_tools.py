"""Compliance from the estate's records: recomputed for several estates; no data and no database are no pass."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import NOW, ORG, Bench
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller

NEIGHBOR = Caller(org=NEIGHBOR_ORG, user="U9", roles=["operator"])
FRAMEWORKS = ["ISO/IEC 27001", "PCI DSS", "SOC 2"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def expected_verdicts(bench: Bench, org: str = ORG) -> dict[tuple[str, str], str]:
    """Each control's verdict, worked out from the tables."""

    def rows(statement: str) -> dict[tuple[str, str], list[JsonObject]]:
        found: dict[tuple[str, str], list[JsonObject]] = {}
        for row in bench.rows(statement, org):
            found.setdefault((row["framework"], row["control_id"]), []).append(row)
        return found

    results = rows("SELECT * FROM control_results WHERE org_id = ?")
    exemptions = rows("SELECT * FROM exemptions WHERE org_id = ?")
    attestations = rows("SELECT * FROM attestations WHERE org_id = ?")
    verdicts: dict[tuple[str, str], str] = {}
    for place, (row,) in rows("SELECT * FROM controls WHERE org_id = ?").items():
        if row["measured_by"] == "attestation":
            given = attestations.get(place, [])
            valid = any(at(one["valid_until"]) > NOW for one in given)
            verdicts[place] = "compliant" if valid else "stale" if given else "no_data"
            continue
        if place not in results:
            verdicts[place] = "no_data"
            continue
        (result,) = results[place]
        excused = {one["asset_id"] for one in exemptions.get(place, []) if at(one["expires_at"]) > NOW}
        affected = set(json.loads(result["affected_assets"]))
        if NOW - at(result["last_audit_at"]) > timedelta(days=90):
            verdicts[place] = "stale"
        elif affected - excused:
            verdicts[place] = "non_compliant"
        else:
            verdicts[place] = "compliant_with_exemptions" if affected else "compliant"
    return verdicts


async def test_every_control_is_judged_as_its_records_say(each_bench: Bench) -> None:
    expected = expected_verdicts(each_bench)
    assert {"no_data", "stale"} & set(expected.values())
    found = await each_bench.pages("get_compliance_status", {"limit": 4}, "controls")
    assert {(row["framework"], row["control_id"]): row["verdict"] for row in found} == expected
    assert [(row["framework"], row["control_id"]) for row in found] == sorted(expected)


async def test_a_frameworks_figures_count_all_its_controls_whatever_the_page(each_bench: Bench) -> None:
    expected = expected_verdicts(each_bench)
    output = await each_bench.output("get_compliance_status", {"limit": 1})
    assert [row["framework"] for row in output["frameworks"]] == FRAMEWORKS
    for row in output["frameworks"]:
        verdicts = [verdict for (framework, _), verdict in expected.items() if framework == row["framework"]]
        holding = sum(verdict.startswith("compliant") for verdict in verdicts)
        assert (row["controls"], row["holding"]) == (len(verdicts), holding)
        assert row["score_pct"] == round(100 * holding / len(verdicts), 2)
        failed = "non_compliant" in verdicts
        assert row["verdict"] == (
            "non_compliant" if failed else "compliant" if holding == len(verdicts) else "incomplete"
        )


async def test_old_audits_are_stale_by_the_age_that_is_asked_for(bench: Bench) -> None:
    rows = await bench.pages("get_compliance_status", {"max_age_days": 2}, "controls")
    assert {row["verdict"] for row in rows if row["measured_by"] != "attestation"} <= {"stale", "no_data"}


async def test_a_framework_nobody_audits_is_an_error_that_names_the_others(bench: Bench) -> None:
    for tool, params in (
        ("get_compliance_status", {"framework": "HIPAA"}),
        ("check_control", {"control_id": "6.3.3", "framework": "HIPAA"}),
        ("generate_compliance_evidence", {"frameworks": ["PCI DSS", "HIPAA"]}),
    ):
        refused = await bench.refusal(tool, params)
        assert refused.kind == "tool_error"
        assert "ISO/IEC 27001, PCI DSS, SOC 2" in refused.message
    assert "in staging" in (await bench.refusal("get_compliance_status", {}, environment="staging")).message


@pytest.mark.parametrize(
    ("tool", "params"),
    [
        ("get_compliance_status", {}),
        ("check_control", {"control_id": "CC8.1"}),
        ("generate_compliance_evidence", {"frameworks": ["SOC 2"]}),
    ],
)
@pytest.mark.parametrize("table", ["controls", "control_results", "exemptions", "attestations"])
async def test_a_database_that_fails_is_an_error_and_attests_nothing(
    bench: Bench, tool: str, params: JsonObject, table: str
) -> None:
    """Mistake 14 before us: the error was swallowed, and zero controls were attested as compliant."""
    bench.drop(table)
    refused = await bench.refusal(tool, params)
    assert refused.kind == "tool_error"
    assert "could not be read" in refused.message


async def test_no_controls_at_all_are_an_error_and_never_compliant(bench: Bench) -> None:
    bench.alter("DELETE FROM controls WHERE org_id = ?", ORG)
    for tool, params in (
        ("get_compliance_status", {}),
        ("generate_compliance_evidence", {"frameworks": ["PCI DSS"]}),
        ("check_control", {"control_id": "6.3.3"}),
    ):
        assert "Frameworks: none" in (await bench.refusal(tool, params)).message


async def test_controls_without_results_are_evidence_of_nothing(bench: Bench) -> None:
    bench.alter("DELETE FROM control_results WHERE org_id = ?", ORG)
    bench.alter("DELETE FROM attestations WHERE org_id = ?", ORG)
    output = await bench.output("generate_compliance_evidence", {"frameworks": FRAMEWORKS})
    assert output["verdict"] == "incomplete"
    assert {row["summary"]["verdict"] for row in output["frameworks"]} == {"incomplete"}
    assert {row["summary"]["score_pct"] for row in output["frameworks"]} == {0}
    assert len(output["gaps"]) == 9


async def test_evidence_holds_every_control_its_assets_and_its_gaps(each_bench: Bench) -> None:
    expected = expected_verdicts(each_bench)
    output = await each_bench.output("generate_compliance_evidence", {"frameworks": FRAMEWORKS})
    found = {
        (entry["control"]["framework"], entry["control"]["control_id"]): entry
        for framework in output["frameworks"]
        for entry in framework["controls"]
    }
    assert {place: entry["control"]["verdict"] for place, entry in found.items()} == expected
    assert len(output["gaps"]) == sum(verdict in ("stale", "no_data") for verdict in expected.values())
    exemptions = {row["id"]: row for row in each_bench.rows("SELECT * FROM exemptions WHERE org_id = ?", ORG)}
    for entry in found.values():
        assert entry["control"]["affected_count"] == len(entry["affected_assets"])
        for exemption_id in entry["exemptions"]:
            row = exemptions[exemption_id]
            assert at(row["expires_at"]) > NOW
            assert row["asset_id"] not in entry["affected_assets"]


async def test_evidence_is_the_same_for_the_same_records_and_another_for_others(bench: Bench) -> None:
    params: JsonObject = {"frameworks": ["PCI DSS"]}
    first = await bench.output("generate_compliance_evidence", params)
    again = await bench.output("generate_compliance_evidence", params)
    assert again == first
    bench.alter("UPDATE control_results SET score = score - 1 WHERE org_id = ? AND control_id = '6.3.3'", ORG)
    other = await bench.output("generate_compliance_evidence", params)
    assert other["digest"] != first["digest"]
    assert other["evidence_id"] != first["evidence_id"]


async def test_a_stated_result_that_the_records_do_not_bear_out_attests_nothing(each_bench: Bench) -> None:
    expected = expected_verdicts(each_bench)
    stated: list[JsonObject] = [
        {"framework": framework, "control_id": control_id, "verdict": verdict}
        for (framework, control_id), verdict in expected.items()
    ]
    params: JsonObject = {"frameworks": FRAMEWORKS, "results": stated}
    assert (await each_bench.output("generate_compliance_evidence", params))["frameworks"]
    wrong = next(row for row in stated if row["verdict"] not in ("compliant", "compliant_with_exemptions"))
    params = {"frameworks": FRAMEWORKS, "results": [{**wrong, "verdict": "compliant"}]}
    refused = await each_bench.refusal("generate_compliance_evidence", params)
    assert f"stated compliant, on record {wrong['verdict']}" in refused.message
    made_up: JsonObject = {"framework": "PCI DSS", "control_id": "99.9", "verdict": "compliant"}
    refused = await each_bench.refusal(
        "generate_compliance_evidence", {"frameworks": ["PCI DSS"], "results": [made_up]}
    )
    assert "there is no such control" in refused.message


async def check(bench: Bench, control_id: str, **params: Any) -> JsonObject:
    return await bench.output("check_control", {"control_id": control_id, **params})


async def test_a_control_of_drift_is_measured_as_drift_is(each_bench: Bench) -> None:
    drifted = {
        row["id"]
        for row in each_bench.rows(
            "SELECT assets.id FROM assets WHERE org_id = ?1 AND environment = 'production' AND state = 'running'"
            " AND image_version != (SELECT version FROM images WHERE images.org_id = ?1 AND family = image_family"
            " AND signed AND status = 'production' ORDER BY created_at DESC LIMIT 1)",
            ORG,
        )
    }
    excused = {
        row["asset_id"]
        for row in each_bench.rows("SELECT * FROM exemptions WHERE org_id = ? AND control_id = 'A.8.9'", ORG)
        if at(row["expires_at"]) > NOW
    }
    measured = (await check(each_bench, "A.8.9"))["measured"]
    assert set(measured["affected_assets"]) == drifted - excused
    assert measured["affected_count"] == len(drifted - excused)


async def test_a_control_of_vulnerabilities_is_measured_from_the_open_findings(each_bench: Bench) -> None:
    affected: set[str] = set()
    for row in each_bench.rows("SELECT asset_ids FROM cve_alerts WHERE org_id = ?", ORG):
        affected |= {asset_id for asset_id in json.loads(row["asset_ids"]) if "-prod-" in asset_id}
    output = await check(each_bench, "CC7.1")
    excused = set(output["exempted_assets"])
    assert set(output["measured"]["affected_assets"]) == affected - excused
    assert output["measured"]["newly_affected"] == []
    assert output["agrees"] is True


async def test_a_control_of_recovery_is_measured_from_the_age_of_the_data(each_bench: Bench) -> None:
    pairs = await each_bench.pages("get_dr_status", {}, "pairs")
    failing = {row["primary_site_id"] for row in pairs if row["rpo_verdict"] != "met"}
    running = each_bench.rows(
        "SELECT id, site FROM assets WHERE org_id = ? AND environment = 'production' AND state = 'running'", ORG
    )
    output = await check(each_bench, "A.8.14")
    excused = set(output["exempted_assets"])
    assert set(output["measured"]["affected_assets"]) == {row["id"] for row in running if row["site"] in failing} - (
        excused
    )
    assert f"{len(failing)} of 4" in output["measured"]["basis"]


async def test_what_was_repaired_since_the_audit_shows_and_the_record_no_longer_agrees(bench: Bench) -> None:
    bench.alter("DELETE FROM exemptions WHERE org_id = ?", ORG)
    before = await check(bench, "A.8.9")
    repaired = (await bench.drifted())[0]
    await bench.dispatch(await bench.rollout([repaired]))
    after = await check(bench, "A.8.9")
    assert repaired in before["measured"]["affected_assets"]
    assert repaired not in after["measured"]["affected_assets"]
    assert repaired in after["measured"]["no_longer_affected"]
    assert after["affected_assets"] == before["affected_assets"]
    bench.alter("UPDATE control_results SET affected_assets = '[]', status = 'passing' WHERE control_id = 'A.8.9'")
    outdated = await check(bench, "A.8.9")
    assert outdated["control"]["verdict"] == "compliant"
    assert outdated["measured"]["verdict"] == "non_compliant"
    assert outdated["agrees"] is False


async def test_a_control_of_peoples_word_has_no_measurement(bench: Bench) -> None:
    output = await check(bench, "8.4.2", framework="PCI DSS")
    assert output["measured"] is None
    assert output["agrees"] is None
    assert output["attested_by"] == "U0CISO"
    bench.alter("UPDATE attestations SET valid_until = '2026-11-23T10:00:00.000000+00:00' WHERE org_id = ?", ORG)
    assert (await check(bench, "8.4.2"))["control"]["verdict"] == "stale"


async def test_an_unknown_control_is_an_error_and_so_is_one_of_two_frameworks(bench: Bench) -> None:
    assert "no control '1.2.3'" in (await bench.refusal("check_control", {"control_id": "1.2.3"})).message
    bench.alter("UPDATE controls SET control_id = 'A.8.8' WHERE org_id = ? AND control_id = '6.3.3'", ORG)
    assert "Several frameworks" in (await bench.refusal("check_control", {"control_id": "A.8.8"})).message
    assert (await check(bench, "A.8.8", framework="PCI DSS"))["control"]["framework"] == "PCI DSS"


async def test_each_tenant_is_judged_by_its_own_records(bench: Bench) -> None:
    theirs = await bench.pages("get_compliance_status", {}, "controls", caller=NEIGHBOR)
    assert {(row["framework"], row["control_id"]): row["verdict"] for row in theirs} == expected_verdicts(
        bench, NEIGHBOR_ORG
    )
    bench.alter("UPDATE control_results SET affected_assets = '[]', status = 'passing' WHERE org_id = ?", NEIGHBOR_ORG)
    ours = await bench.pages("get_compliance_status", {}, "controls")
    assert {(row["framework"], row["control_id"]): row["verdict"] for row in ours} == expected_verdicts(bench)


async def test_a_cursor_that_no_page_returned_is_an_error(bench: Bench) -> None:
    assert "no page cursor" in (await bench.refusal("get_compliance_status", {"cursor": "PCI DSS|0"})).message
