"""The engines: what they hold, what they refuse to take for a decision, and what happens when one is away."""

from __future__ import annotations

import json
from dataclasses import replace

import aiohttp
import pytest

from policies.build import open_engine
from policies.bundle import Bundle, Module, load_bundle
from policies.engine import PolicyEngine, PolicyUnavailable, PolicyUndefined
from policies.opa import open_opa
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.documents import DOCUMENTS, execution_document, plan_document
from tests.unit.policies.opa_server import NOBODYS_PORT, OpaServer
from tests.unit.policies.plans import ORG
from tools.contracts.common import JsonObject


async def _put(server: OpaServer, path: str, body: str) -> None:
    async with aiohttp.ClientSession() as session, session.put(f"{server.url}/v1/{path}", data=body) as answer:
        assert answer.status in (200, 204), await answer.text()


async def _delete(server: OpaServer, path: str) -> None:
    async with aiohttp.ClientSession() as session, session.delete(f"{server.url}/v1/{path}") as answer:
        assert answer.status in (200, 204), await answer.text()


async def test_both_engines_have_the_digest_of_the_bundle(opa: PolicyEngine, regorus: RegorusEngine) -> None:
    assert await opa.digest() == await regorus.digest() == load_bundle().digest


async def test_an_engine_names_itself(opa: PolicyEngine, regorus: RegorusEngine) -> None:
    assert opa.name.startswith("opa 1.")
    assert regorus.name == "regorus"


@pytest.mark.parametrize("package", ["gavel.nothing", "gavel", "ql.ai.plan"])
async def test_a_package_that_does_not_exist_is_a_refusal(
    package: str, opa: PolicyEngine, regorus: RegorusEngine
) -> None:
    for engine in (opa, regorus):
        with pytest.raises(PolicyUndefined, match="undefined"):
            await engine.decide(package, plan_document())


@pytest.mark.parametrize("package", ["ql.ai.safety.decision; true", "ql ai safety", "", "ql/ai/safety", "QL.AI.SAFETY"])
async def test_what_is_no_package_name_is_never_asked(package: str, opa: PolicyEngine, regorus: RegorusEngine) -> None:
    for engine in (opa, regorus):
        with pytest.raises(ValueError, match="package name"):
            await engine.decide(package, {})


@pytest.mark.parametrize(
    "rule",
    [
        "decision := true",
        'decision := "allow"',
        'decision := {"allow": true}',
        'decision := {"allow": "true", "deny": [], "version": "1"}',
        'decision := {"allow": true, "deny": {}, "version": "1"}',
        'decision := {"allow": true, "deny": [{"rule": "x", "reason": "y", "repairable": true}], "version": "1"}',
        'decision := {"allow": false, "deny": [], "version": "1"}',
        'decision := {"allow": false, "deny": ["no"], "version": "1"}',
        'decision := {"allow": true, "deny": []}',
        "decision := {} if input.never",
        'decision := {"allow": time.parse_rfc3339_ns("never") > 0, "deny": [], "version": "1"}',
    ],
)
async def test_an_answer_of_another_shape_is_no_decision(rule: str, own_opa_server: OpaServer) -> None:
    bundle = Bundle(modules=(Module("gavel/odd.rego", f"package gavel.odd\n\n{rule}\n"),), data={"limits": {}})
    server = await open_engine(own_opa_server.url, bundle=bundle, timeout_seconds=5)
    for engine in (server, RegorusEngine(bundle)):
        with pytest.raises(PolicyUndefined):
            await engine.decide("gavel.odd", {})
    await server.aclose()


READ_NO_DATA = frozenset({"ql/ai/reports.rego", "ql/ai/commands.rego"})
"""What they ask of a report, and of whom a command is, stands in the rules themselves."""


async def test_without_data_every_package_that_reads_some_denies() -> None:
    bundle = load_bundle()
    assert not [module.id for module in bundle.modules if module.id in READ_NO_DATA and "data.gavel" in module.text]
    engine = RegorusEngine(replace(bundle, data={}))
    for package, document in DOCUMENTS.items():
        if f"{package.replace('.', '/')}.rego" in READ_NO_DATA:
            continue
        decision = await engine.decide(package, document())
        assert decision["allow"] is False
        assert decision["deny"][0]["rule"] in {"data.limits", "data.freezes", "data.autonomy", "data.images"}


@pytest.mark.parametrize("value", ["20", None, [20], True, {}])
async def test_a_limit_of_another_type_denies_rather_than_never_refusing(value: object, opa_server: OpaServer) -> None:
    shipped = load_bundle()
    limits: JsonObject = json.loads(json.dumps(shipped.data["limits"]))
    limits["default"]["batch_max_percent"] = value
    decision = await RegorusEngine(load_bundle({"limits": limits})).decide("ql.ai.safety", plan_document())
    assert [entry["rule"] for entry in decision["deny"]] == ["data.limits"]


async def test_an_org_has_its_own_limits_and_no_other_org_has_them() -> None:
    limits: JsonObject = json.loads(json.dumps(load_bundle().data["limits"]))
    limits["orgs"] = {ORG: {"batch_max_percent": 10}}
    engine = RegorusEngine(load_bundle({"limits": limits}))
    own = await engine.decide("ql.ai.safety", plan_document())
    assert {entry["rule"] for entry in own["deny"]} >= {"plan.batch_too_large"}
    assert "the 10% limit" in own["deny"][0]["reason"]
    other = plan_document()
    other["org"] = other["plan"]["org"] = "T0OTHER"
    assert (await engine.decide("ql.ai.safety", other))["allow"] is True


def test_data_that_no_policy_reads_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data\.gavel\.freeze\."):
        load_bundle({"freeze": []})


def test_a_module_that_does_not_parse_stops_the_start() -> None:
    with pytest.raises(ValueError, match=r"gavel/odd\.rego"):
        RegorusEngine(Bundle(modules=(Module("gavel/odd.rego", "package gavel.odd\n\nallow if {"),), data={}))


# --- OPA as a server ---


async def test_with_opa_configured_and_away_there_is_no_falling_back() -> None:
    with pytest.raises(PolicyUnavailable, match="Nothing was allowed"):
        await open_engine(f"http://127.0.0.1:{NOBODYS_PORT}")


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8181", "ftp://127.0.0.1", "http://u:p@127.0.0.1:8181", "http://127.0.0.1:8181/v1"]
)
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="OPA address"):
        await open_engine(url)


async def test_opa_going_away_is_unavailable_and_coming_back_decides_again(own_opa_server: OpaServer) -> None:
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    before = await engine.digest()
    await own_opa_server.stop()
    with pytest.raises(PolicyUnavailable):
        await engine.decide("ql.ai.safety", plan_document())
    with pytest.raises(PolicyUnavailable):
        await engine.digest()
    # The new process has no policies: they are in OPA's memory only.
    await own_opa_server.start()
    assert (await engine.decide("ql.ai.safety", plan_document()))["allow"] is True
    assert await engine.digest() == before
    await engine.aclose()


async def test_the_digest_is_restored_too_when_it_is_asked_first(own_opa_server: OpaServer) -> None:
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    before = await engine.digest()
    await own_opa_server.stop()
    await own_opa_server.start()
    assert await engine.digest() == before
    await engine.aclose()


async def test_opa_that_does_not_answer_in_time_is_unavailable(own_opa_server: OpaServer) -> None:
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=0.5)
    own_opa_server.pause()
    with pytest.raises(PolicyUnavailable, match="TimeoutError"):
        await engine.decide("ql.ai.safety", plan_document())
    own_opa_server.resume()
    await engine.aclose()


async def test_an_altered_server_shows_in_the_digest(own_opa_server: OpaServer) -> None:
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    before = await engine.digest()
    shipped = next(module.text for module in load_bundle().modules if module.id == "ql/ai/safety.rego")
    await _put(own_opa_server, "policies/ql/ai/safety.rego", f"{shipped}\n# altered\n")
    altered = await engine.digest()
    await _put(own_opa_server, "policies/ql/ai/safety.rego", shipped)
    assert await engine.digest() == before
    # A module under any id can add rules to a ql.ai package.
    await _put(own_opa_server, "policies/elsewhere", "package ql.ai.extra\n\nx := 1\n")
    added = await engine.digest()
    await _put(own_opa_server, "policies/elsewhere", "package teams.other\n\nx := 1\n")
    assert await engine.digest() == before, "another team's policies are not ours"
    await _put(own_opa_server, "data/gavel/limits/default/batch_max_percent", "50")
    data = await engine.digest()
    assert len({before, altered, added, data}) == 4
    await engine.aclose()


async def test_another_versions_policies_are_replaced_whole(own_opa_server: OpaServer) -> None:
    """Also where the two do not compile together: here a function has another number of arguments."""
    shipped = load_bundle()
    modules = tuple(
        Module(
            module.id,
            module.text.replace("limits_usable(org)", "limits_usable(org, _)")
            .replace("limits_usable(input.org)", "limits_usable(input.org, 1)")
            .replace("limits_usable(input.caller.org)", "limits_usable(input.caller.org, 1)"),
        )
        for module in shipped.modules
    )
    older = await open_opa(own_opa_server.url, replace(shipped, modules=modules), timeout_seconds=5)
    assert await older.digest() != shipped.digest
    newer = await open_opa(own_opa_server.url, shipped, timeout_seconds=5)
    assert await newer.digest() == shipped.digest
    assert (await newer.decide("ql.ai.safety", plan_document()))["allow"] is True
    await newer.aclose()
    await older.aclose()


async def test_a_limit_deleted_on_the_server_denies(own_opa_server: OpaServer) -> None:
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    await _delete(own_opa_server, "data/gavel/limits/default/batch_max_percent")
    decision = await engine.decide("ql.ai.safety", plan_document())
    assert [entry["rule"] for entry in decision["deny"]] == ["data.limits"]
    await engine.aclose()


async def test_a_freeze_set_on_the_server_outlives_a_restart_of_gavel(own_opa_server: OpaServer) -> None:
    first = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    await first.aclose()
    freeze = {"org": "*", "environment": "*", "reason": "year end", "start": "2026-11-01T00:00:00Z"}
    await _put(own_opa_server, "data/gavel/freezes", json.dumps([{**freeze, "end": "2027-01-04T00:00:00Z"}]))
    second = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    decision = await second.decide("ql.ai.execution", execution_document())
    assert [entry["rule"] for entry in decision["deny"]] == ["execution.frozen"]
    await second.aclose()
    configured = await open_opa(own_opa_server.url, load_bundle({"freezes": []}), timeout_seconds=5)
    assert (await configured.decide("ql.ai.execution", execution_document()))["allow"] is True
    await configured.aclose()
