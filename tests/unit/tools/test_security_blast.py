"""The blast radius, counted anew from the tables."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import ORG, Bench
from tests.unit.tools.test_security_scanning import NEIGHBOR
from tools.contracts.common import JsonObject
from tools.contracts.topology import ServiceDependency
from tools.security.dependents import dependents_of


def machines(bench: Bench, *, org: str = ORG, **held: str) -> list[JsonObject]:
    rows = bench.rows(
        "SELECT id, site, environment, state, image_family, json_extract(tags, '$.role') AS role,"
        " json_extract(tags, '$.owner') AS owner FROM assets WHERE org_id = ? ORDER BY id",
        org,
    )
    return [row for row in rows if held.items() <= row.items()]


async def test_losing_the_databases_of_a_site_is_counted_from_the_tables(each_bench: Bench) -> None:
    hit = machines(each_bench, environment="production", site="aws-eu-west-1", image_family="db-base")
    running = [row for row in machines(each_bench, environment="production") if row["state"] == "running"]
    output = await each_bench.output("calculate_blast_radius", {"asset_ids": [row["id"] for row in hit]})
    alive = sum(row["state"] == "running" for row in hit)
    assert output["direct_assets"] == len(hit)
    assert output["direct_percent"] == round(100 * alive / len(running), 2)
    dependents = {row["service"]: row for row in output["dependents"]}
    assert set(dependents) == {"api", "web", "worker"}
    assert dependents["web"]["path"] == ["db", "api", "web"]
    assert {row["kind"] for row in dependents.values()} == {"hard"}
    for service, row in dependents.items():
        assert row["assets"] == sum(one["role"] == service for one in running)
    assert output["reachable_assets"] == sum(row["role"] in ("api", "web", "worker") for row in running)
    assert output["critical_assets"] == len(hit)
    owners = {row["owner"] for row in [*hit, *running] if row["role"] in ("db", "api", "web", "worker")}
    assert set(output["owners"]) == owners
    (capacity,) = output["capacity"]
    assert (capacity["lost"], capacity["running"], capacity["left_percent"]) == (alive, alive, 0.0)
    assert output["level"] == "high"
    assert output["reasons"] == ["aws-eu-west-1 loses all of db, which others need"]


async def test_capacity_is_what_is_left_at_each_site(each_bench: Bench) -> None:
    rows = machines(each_bench, environment="production")
    hit = [row for number, row in enumerate(rows) if number % 3 == 0]
    output = await each_bench.output("calculate_blast_radius", {"asset_ids": [row["id"] for row in hit]})
    before = Counter((row["role"], row["site"]) for row in rows if row["state"] == "running")
    lost = Counter((row["role"], row["site"]) for row in hit if row["state"] == "running")
    assert {(row["service"], row["site"]): (row["lost"], row["running"]) for row in output["capacity"]} == {
        place: (count, before[place]) for place, count in lost.items()
    }
    for row in output["capacity"]:
        assert abs(row["left_percent"] - 100 * (row["running"] - row["lost"]) / row["running"]) < 0.01
    left = [row["left_percent"] for row in output["capacity"]]
    assert left == sorted(left)


async def test_losing_a_whole_service_is_critical_and_one_machine_of_many_is_low(bench: Bench) -> None:
    queues = machines(bench, environment="production", image_family="queue-base")
    output = await bench.output("calculate_blast_radius", {"asset_ids": [row["id"] for row in queues]})
    assert (output["level"], output["reasons"]) == ("critical", ["production loses all of queue"])
    assert {row["service"]: row["kind"] for row in output["dependents"]} == {
        "api": "soft",
        "web": "soft",
        "worker": "hard",
    }
    web = machines(bench, environment="production", image_family="web-base", state="running")[0]
    output = await bench.output("calculate_blast_radius", {"asset_ids": [web["id"]]})
    assert (output["level"], output["dependents"], output["reachable_assets"]) == ("low", [], 0)


async def test_half_of_a_site_is_medium(bench: Bench) -> None:
    web = machines(bench, environment="production", image_family="web-base", site="gcp-us-central1", state="running")
    half = web[: -(-len(web) // 2)]
    output = await bench.output("calculate_blast_radius", {"asset_ids": [row["id"] for row in half]})
    assert output["level"] == "medium"
    assert output["reasons"] == [f"gcp-us-central1 loses {len(half)} of {len(web)} of web"]


async def test_losing_all_of_staging_is_no_production_loss(bench: Bench) -> None:
    staged = [row["id"] for row in machines(bench, environment="staging")]
    output = await bench.output("calculate_blast_radius", {"asset_ids": staged}, environment="staging")
    assert output["level"] == "low"
    assert output["critical_assets"] == 0


async def test_each_tenants_dependencies_are_its_own(bench: Bench) -> None:
    rows = machines(bench, org=NEIGHBOR_ORG, environment="production", image_family="cache-base")
    params: JsonObject = {"asset_ids": [row["id"] for row in rows]}
    theirs = await bench.output("calculate_blast_radius", params, caller=NEIGHBOR)
    assert {row["service"]: row["kind"] for row in theirs["dependents"]}["web"] == "hard"
    ours = [row["id"] for row in machines(bench, environment="production", image_family="cache-base")]
    output = await bench.output("calculate_blast_radius", {"asset_ids": ours})
    assert {row["service"]: row["kind"] for row in output["dependents"]} == {"api": "soft", "web": "soft"}


services = st.sampled_from("abcdef")
edges = st.lists(
    st.builds(
        ServiceDependency,
        org_id=st.just(ORG),
        service=services,
        depends_on=services,
        kind=st.sampled_from(["hard", "soft"]),
    ),
    max_size=12,
)


@given(edges, st.sets(services, max_size=3))
def test_whoever_depends_is_reached_by_a_path_of_edges(known: list[ServiceDependency], hit: set[str]) -> None:
    found = {dependent.service: dependent for dependent in dependents_of(hit, known)}
    reached = set(hit)
    while more := {edge.service for edge in known if edge.depends_on in reached} - reached:
        reached |= more
    assert set(found) == reached - hit
    steps: dict[Literal["hard", "soft"], set[tuple[str, str]]] = {
        "hard": {(edge.depends_on, edge.service) for edge in known if edge.kind == "hard"},
        "soft": {(edge.depends_on, edge.service) for edge in known},
    }
    for dependent in found.values():
        assert dependent.path[0] in hit
        assert dependent.path[-1] == dependent.service
        assert set(zip(dependent.path, dependent.path[1:], strict=False)) <= steps[dependent.kind]
        assert len(set(dependent.path)) == len(dependent.path)
