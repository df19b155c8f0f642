"""Exposure: from where ports can be reached, and what is known against what answers there."""

from __future__ import annotations

import json
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import ORG, Bench
from tests.unit.tools.test_security_scanning import NEIGHBOR, SCORES, VULNERABLE, production
from tools.contracts.advisory import RATINGS, Rating
from tools.contracts.common import JsonObject
from tools.security.models import Reach
from tools.security.reach import EXPOSURES, REACHES, UnreadableSource, exposure_of, reach_of


@pytest.mark.parametrize(
    ("source", "reach"),
    [
        ("0.0.0.0/0", "internet"),
        ("::/0", "internet"),
        ("8.0.0.0/7", "internet"),
        ("0.0.0.0/1", "internet"),
        ("8.8.8.0/24", "peer"),
        ("198.51.100.7/32", "peer"),
        ("2001:db8::/32", "peer"),
        ("10.0.0.0/8", "internal"),
        ("10.1.2.3/32", "internal"),
        ("172.16.5.0/24", "internal"),
        ("172.32.0.0/16", "peer"),
        ("192.168.1.1", "internal"),
        ("fd00::/8", "internal"),
        ("10.0.0.0/7", "internet"),
    ],
)
def test_a_block_is_reached_from_where_it_lies(source: str, reach: Reach) -> None:
    assert reach_of(source) == reach


@pytest.mark.parametrize("source", ["", "any", "10.0.0.0/33", "1.2.3", "0.0.0.0/0; drop"])
def test_what_is_no_block_is_not_taken_for_a_private_one(source: str) -> None:
    with pytest.raises(UnreadableSource):
        reach_of(source)


@given(st.ip_addresses(), st.integers(0, 32))
def test_a_wider_block_is_never_harder_to_reach(address: object, prefix: int) -> None:
    narrow = ip_network(f"{address}/{prefix}", strict=False)
    if prefix:
        assert REACHES.index(reach_of(str(narrow.supernet()))) >= REACHES.index(reach_of(str(narrow)))


@given(
    st.sampled_from(REACHES),
    st.sampled_from(REACHES),
    st.sampled_from(RATINGS),
    st.sampled_from(RATINGS),
    st.booleans(),
)
def test_nearer_and_worse_is_never_milder(
    first: Reach, second: Reach, mild: Rating, bad: Rating, management: bool
) -> None:
    nearer, farther = sorted((first, second), key=REACHES.index)
    low, high = sorted((mild, bad), key=RATINGS.index)
    milder = exposure_of(nearer, low, vulnerable=True, management=management)
    worse = exposure_of(farther, high, vulnerable=True, management=management)
    assert EXPOSURES.index(worse) >= EXPOSURES.index(milder)
    assert exposure_of(farther, None, vulnerable=True, management=False) in {"critical", "high"}


def rating_of(score: float) -> str:
    return "critical" if score >= 9 else "high" if score >= 7 else "medium" if score >= 4 else "low"


async def test_every_port_of_the_table_is_judged_by_what_answers_there(each_bench: Bench) -> None:
    asset_ids = await production(each_bench)
    found = await each_bench.pages("check_exposure", {"asset_ids": asset_ids, "limit": 200}, "exposures")
    ports = each_bench.rows(
        "SELECT l.* FROM listeners l JOIN assets a ON a.org_id = l.org_id AND a.id = l.asset_id"
        " WHERE l.org_id = ? AND a.environment = 'production'",
        ORG,
    )
    rows = {(row["asset_id"], row["port"], row["source"]): row for row in found}
    assert set(rows) == {(port["asset_id"], port["port"], port["source"]) for port in ports}
    packages: dict[str, dict[str, str]] = {}
    for row in each_bench.rows(
        "SELECT a.id, p.package, p.version FROM assets a JOIN images i ON i.org_id = a.org_id"
        " AND i.family = a.image_family AND i.version = a.image_version"
        " JOIN image_packages p ON p.org_id = i.org_id AND p.image_id = i.id WHERE a.org_id = ?",
        ORG,
    ):
        packages.setdefault(row["id"], {})[row["package"]] = row["version"]
    for port in ports:
        row = rows[port["asset_id"], port["port"], port["source"]]
        held = packages[port["asset_id"]]
        cves = {
            cve
            for name in json.loads(port["packages"])
            if name in held
            for cve in VULNERABLE.get((name, held[name]), set())
        }
        assert set(row["vulnerabilities"]) == cves
        assert row["vulnerabilities_total"] == len(cves)
        worst = max((SCORES[cve] for cve in cves), default=None)
        assert row["worst_severity"] == (None if worst is None else rating_of(worst))
        assert row["reach"] == {"0.0.0.0/0": "internet", "10.0.0.0/8": "internal"}.get(port["source"], "peer")
    assert [EXPOSURES.index(row["exposure"]) for row in found] == sorted(
        (EXPOSURES.index(row["exposure"]) for row in found), reverse=True
    )


async def test_the_mistakes_that_were_drawn_are_found(each_bench: Bench) -> None:
    rows = each_bench.rows(
        "SELECT l.asset_id FROM listeners l JOIN assets a ON a.org_id = l.org_id AND a.id = l.asset_id"
        " WHERE l.org_id = ? AND l.source = '0.0.0.0/0' AND l.service != 'https'",
        ORG,
    )
    assert len(rows) == 4
    asset_ids = sorted({row["asset_id"] for row in rows})
    params: JsonObject = {"asset_ids": asset_ids, "reach": "internet", "limit": 200}
    found = await each_bench.pages("check_exposure", params, "exposures", environment=None)
    open_doors = [row for row in found if row["management"]]
    assert sorted(row["asset_id"] for row in open_doors) == sorted(row["asset_id"] for row in rows)
    assert all(EXPOSURES.index(row["exposure"]) >= EXPOSURES.index("medium") for row in open_doors)


async def test_reach_narrows_rows_and_not_the_count(bench: Bench) -> None:
    asset_ids = await production(bench)
    everything = await bench.output("check_exposure", {"asset_ids": asset_ids, "limit": 1})
    outside = await bench.pages("check_exposure", {"asset_ids": asset_ids, "reach": "peer"}, "exposures")
    assert {row["reach"] for row in outside} == {"internet", "peer"}
    internet = {row["asset_id"] for row in outside if row["reach"] == "internet"}
    assert everything["internet_assets"] == len(internet)
    assert everything["checked_assets"] == len(asset_ids)


async def test_an_asset_without_a_known_port_is_named(bench: Bench) -> None:
    asset_id = (await production(bench))[0]
    bench.alter("DELETE FROM listeners WHERE org_id = ? AND asset_id = ?", ORG, asset_id)
    output = await bench.output("check_exposure", {"asset_ids": [asset_id]})
    assert output["no_known_port"] == [asset_id]
    assert output["exposures"] == []


async def test_a_port_whose_packages_cannot_be_judged_is_doubtful(bench: Bench) -> None:
    asset = (await bench.assets("web-base", "production"))[0]
    bench.alter("UPDATE assets SET image_version = '0.0.1' WHERE org_id = ? AND id = ?", ORG, asset.id)
    output = await bench.output("check_exposure", {"asset_ids": [asset.id]})
    assert {row["doubtful"] for row in output["exposures"]} == {True}
    node = (await bench.assets("node-base", "production"))[0]
    assert not (await bench.output("check_exposure", {"asset_ids": [node.id]}))["exposures"][0]["doubtful"]


async def test_a_source_that_is_no_block_is_an_error_and_not_an_internal_one(bench: Bench) -> None:
    asset_id = (await production(bench))[0]
    bench.alter(
        "UPDATE listeners SET source = 'everyone' WHERE org_id = ? AND asset_id = ? AND port = 22", ORG, asset_id
    )
    refused = await bench.ask("check_exposure", {"asset_ids": [asset_id]})
    assert refused.failure is not None
    assert "'everyone' is no CIDR block" in refused.failure.message


async def test_each_tenant_is_told_of_its_own_ports(bench: Bench) -> None:
    ours, theirs = (
        {
            (row["asset_id"], row["port"])
            for row in bench.rows("SELECT * FROM listeners WHERE org_id = ? AND source = '0.0.0.0/0'", org)
            if row["service"] != "https"
        }
        for org in (ORG, NEIGHBOR_ORG)
    )
    assert ours != theirs
    asset_ids = sorted({asset_id for asset_id, _ in theirs})
    params: JsonObject = {"asset_ids": asset_ids, "reach": "internet", "limit": 200}
    found = await bench.pages("check_exposure", params, "exposures", environment=None, caller=NEIGHBOR)
    assert {(row["asset_id"], row["port"]) for row in found if row["service"] != "https"} == theirs
