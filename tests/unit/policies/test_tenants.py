"""An org's own policies: they refuse more and ask for more, in both engines; they never allow, and nothing slips by."""

from __future__ import annotations

import textwrap
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from bot.policy_data import policy_bundle
from bot.settings import SettingsError, load_settings
from policies.build import open_engine
from policies.bundle import Bundle, load_bundle
from policies.engine import PolicyEngine, PolicyUndefined
from policies.pipeline import build_pipeline
from policies.tenant_bundle import TenantPoliciesError, read_tenant, with_tenants
from tests.unit.policies.documents import DOCUMENTS, changed, put
from tests.unit.policies.opa_server import OpaServer
from tests.unit.policies.plans import CATALOG, ORG, NoHistory, make_context, make_estate, make_plan
from tests.unit.policies.settings_data import autonomy
from tools.contracts.common import JsonObject

NO_FRIDAYS = """
package ql.ai.tenants.t0acme.safety

decision := {"allow": count(deny) == 0, "deny": deny, "version": "1"}

deny contains {"rule": "small", "reason": "at most 5 assets at once here", "repairable": true} if {
	count(input.plan.asset_ids) > 5
}
"""

Write = Callable[..., Bundle]


@pytest.fixture
def house(tmp_path: Path) -> Write:
    """The house's bundle with an org's modules, by file name (`safety_rego=…`)."""

    def write(org: str = ORG, data: JsonObject | None = None, **modules: str) -> Bundle:
        directory = tmp_path / org
        directory.mkdir(exist_ok=True)
        for name, text in modules.items():
            (directory / f"{name}.rego").write_text(textwrap.dedent(text))
        return with_tenants(load_bundle(data), [read_tenant(org, directory)])

    return write


def own(package: str, *, deny: str = "set()", more: str = "") -> str:
    return f"""
    package ql.ai.tenants.t0acme.{package}

    decision := {{"allow": count(deny) == 0, "deny": deny, "version": "1"{more}}}

    deny := {deny}
    """


@pytest.fixture(scope="module")
async def server() -> AsyncGenerator[OpaServer]:
    server = OpaServer()
    await server.start()
    yield server
    await server.stop()


async def both(server: OpaServer, bundle: Bundle, package: str, document: JsonObject) -> JsonObject:
    """The decision, in which the engines must agree."""
    opa: PolicyEngine = await open_engine(server.url, bundle=bundle, timeout_seconds=5)
    regorus = await open_engine(None, bundle=bundle)
    decided = await regorus.decide(package, document)
    assert await opa.decide(package, document) == decided
    await opa.aclose()
    return decided


async def test_an_org_refuses_what_the_house_allows(house: Write, server: OpaServer) -> None:
    bundle = house(safety=NO_FRIDAYS)
    decision = await both(server, bundle, "ql.ai.safety", DOCUMENTS["ql.ai.safety"]())
    assert [(entry["rule"], entry["repairable"]) for entry in decision["deny"]] == [("tenant.small", True)]
    assert decision["allow"] is False


async def test_of_another_org_it_is_not_asked(house: Write, server: OpaServer) -> None:
    bundle = house(tools=own("tools", deny='{{"rule": "r", "reason": "no", "repairable": false}}'))
    document = DOCUMENTS["ql.ai.tools"]()
    assert (await both(server, bundle, "ql.ai.tools", document))["allow"] is False
    for holder in (document["caller"], document["grant"]):
        holder["org"] = "T0OTHER"
    assert (await both(server, bundle, "ql.ai.tools", document))["allow"] is True


async def test_every_package_can_be_added_to_and_none_can_be_overridden(house: Write, server: OpaServer) -> None:
    shorts = {package: package.removeprefix("ql.ai.") for package in DOCUMENTS}
    # They say yes to what the house refuses: the house's no stands, and its yes is as it was.
    yes, plain = house(**{short: own(short) for short in shorts.values()}), await open_engine(None)
    no = '{{"rule": "r", "reason": "no", "repairable": false}}'
    opa = await open_engine(server.url, bundle=yes, timeout_seconds=5)
    for engine in (opa, await open_engine(None, bundle=yes)):
        for package, document in DOCUMENTS.items():
            assert [entry["rule"] for entry in (await engine.decide(package, {}))["deny"]] == ["input.incomplete"]
            assert await engine.decide(package, document()) == await plain.decide(package, document())
    await opa.aclose()
    opa = await open_engine(
        server.url, bundle=house(**{short: own(short, deny=no) for short in shorts.values()}), timeout_seconds=5
    )
    for package, document in DOCUMENTS.items():
        assert [entry["rule"] for entry in (await opa.decide(package, document()))["deny"]] == ["tenant.r"]
    await opa.aclose()


UNREAD = [
    pytest.param("package ql.ai.tenants.t0acme.safety\n\nother := 1", id="no decision"),
    pytest.param(own("safety", more=', "alow": true'), id="a word nobody reads"),
    pytest.param(own("safety", deny='{"no"}'), id="a refusal that is none"),
    pytest.param(
        'package ql.ai.tenants.t0acme.safety\n\ndecision := {"allow": true, "deny": {{"rule": "r", "reason": "no",'
        ' "repairable": false}}, "version": "1"}',
        id="a contradiction",
    ),
    pytest.param(
        "package ql.ai.tenants.t0acme.safety\n\n"
        'decision := {"allow": true, "deny": set(), "version": "1"} if input.org == "T0ACME"\n\n'
        'decision := {"allow": true, "deny": set(), "version": "2"} if input.plan.org == "T0ACME"',
        id="a conflict",
    ),
]


@pytest.mark.parametrize("text", UNREAD)
async def test_what_is_no_decision_refuses(text: str, house: Write) -> None:
    bundle = house(safety=text)
    engine = await open_engine(None, bundle=bundle)
    with pytest.raises(PolicyUndefined):
        await engine.decide("ql.ai.safety", DOCUMENTS["ql.ai.safety"]())
    pipeline = build_pipeline(engine, estate=make_estate(), catalog=CATALOG, history=NoHistory())
    report = await pipeline.judge(make_plan().model_dump(mode="json"), make_context())
    assert [refusal.rule for refusal in report.refusals] == ["policy.undefined"]


async def requirement(house: Write, server: OpaServer, require: str) -> JsonObject:
    bundle = house(approval=own("approval", more=f', "require": {require}'))
    return await both(server, bundle, "ql.ai.approval", DOCUMENTS["ql.ai.approval"]())


async def test_an_org_asks_for_more_and_gets_the_stricter_of_both(house: Write, server: OpaServer) -> None:
    asked = '{"quorum": 3, "roles": ["admin", "viewer"], "expires_in_seconds": 60, "step_up_reasons": ["Audit week."]}'
    decision = await requirement(house, server, asked)
    assert decision["requirement"] == {
        "quorum": 3,
        "roles": ["admin"],
        "expires_in_seconds": 60,
        "step_up": True,
        "step_up_reasons": ["Audit week."],
    }


async def test_an_org_cannot_ask_for_less(house: Write, server: OpaServer) -> None:
    document = changed("ql.ai.approval", put("task.risk_level", "critical"))
    bundle = house(
        approval=own("approval", more=', "require": {"quorum": 1, "expires_in_seconds": 999999, "step_up_reasons": []}')
    )
    decision = await both(server, bundle, "ql.ai.approval", document)
    assert decision == await (await open_engine(None)).decide("ql.ai.approval", document)
    assert decision["requirement"]["quorum"] == 2


async def test_an_org_that_leaves_nobody_refuses(house: Write, server: OpaServer) -> None:
    decision = await requirement(house, server, '{"roles": ["viewer"]}')
    assert [entry["rule"] for entry in decision["deny"]] == ["tenant.no_roles"]
    assert decision["requirement"] is None


@pytest.mark.parametrize("require", ['{"quorum": 0}', '{"people": 2}', '"two"', '{"step_up_reasons": [""]}'])
async def test_a_requirement_that_cannot_be_read_refuses(require: str, house: Write) -> None:
    engine = await open_engine(None, bundle=house(approval=own("approval", more=f', "require": {require}')))
    with pytest.raises(PolicyUndefined, match="cannot be read"):
        await engine.decide("ql.ai.approval", DOCUMENTS["ql.ai.approval"]())


FULL = {"mode": "full_auto"}


@pytest.mark.parametrize(
    ("more", "mode", "blockers"),
    [
        (', "blockers": ["audit week"]', "full_auto", ["audit week"]),
        (', "mode": "approve_all"', "approve_all", []),
        (', "mode": "plan_only"', "plan_only", []),
    ],
)
async def test_an_org_lets_less_run_alone(
    more: str, mode: str, blockers: list[str], house: Write, server: OpaServer
) -> None:
    document = DOCUMENTS["ql.ai.autonomy"]()
    bundle = house(data=autonomy(ORG, FULL), autonomy=own("autonomy", more=more))
    decision = await both(server, bundle, "ql.ai.autonomy", document)
    assert (decision["mode"], decision["unattended_phases"], decision["blockers"]) == (mode, 0, blockers)
    plain = await (await open_engine(None, bundle=load_bundle(autonomy(ORG, FULL)))).decide("ql.ai.autonomy", document)
    assert plain["unattended_phases"] == 1


@pytest.mark.parametrize("more", [', "mode": "full_auto"', ', "unattended_phases": 9', ', "blockers": "none"'])
async def test_an_org_lets_nothing_more_run_alone(more: str, house: Write) -> None:
    engine = await open_engine(None, bundle=house(autonomy=own("autonomy", more=more)))
    with pytest.raises(PolicyUndefined):
        await engine.decide("ql.ai.autonomy", DOCUMENTS["ql.ai.autonomy"]())


async def test_its_digest_is_part_of_the_policies(house: Write, own_opa_server: OpaServer) -> None:
    server = own_opa_server
    first = house(safety=NO_FRIDAYS)
    digests: list[set[str]] = []
    for bundle in (first, house(safety=NO_FRIDAYS.replace("> 5", "> 6"))):
        regorus = await open_engine(None, bundle=bundle)
        opa = await open_engine(server.url, bundle=bundle, timeout_seconds=5)
        digests.append({bundle.digest, await regorus.digest(), await opa.digest()})
        await opa.aclose()
    assert [len(found) for found in digests] == [1, 1]
    assert len(digests[0] | digests[1] | {load_bundle().digest}) == 3


OUT_OF_PLACE = [
    pytest.param({"x": "package ql.ai.safety\n\nfindings := set()"}, "must be ql.ai.tenants.t0acme", id="the house's"),
    pytest.param(
        {"x": "package ql.ai.tenants.t0other.safety\n\nx := 1"}, "must be ql.ai.tenants.t0acme", id="another's"
    ),
    pytest.param({"x": "package gavel\n\nlimits := {}"}, "must be ql.ai.tenants.t0acme", id="the data"),
    pytest.param({"x": "package ql.ai.tenants.t0acme.saftey\n\nx := 1"}, "saftey", id="one that nobody asks"),
    pytest.param(
        {"x": "# package ql.ai.tenants.t0acme.safety\npackage ql.ai\n\nx := 1"}, "package ql.ai;", id="comment"
    ),
    pytest.param({"x": "package ql.ai.tenants.t0acme.safety\n\nx := ["}, "is no Rego", id="no Rego"),
    pytest.param({"x": own("safety").replace("set()", "http.send({})")}, "uses http.send", id="the network"),
    pytest.param({"x": own("safety").replace("set()", "opa.runtime().env")}, "uses opa.runtime", id="the environment"),
    pytest.param({"x": own("safety").replace("set()", "{time.now_ns()}")}, "uses time.now_ns", id="the clock"),
    pytest.param(
        {"x": own("safety") + "\ny := data.ql.ai.tenants.t0other.safety"}, "no other org's", id="reads another's"
    ),
    pytest.param({"x": own("safety") + '\ny := data["ql"]'}, "no other org's", id="reads everything"),
    pytest.param(
        {"x": own("safety").replace("decision :=", "import data.ql.ai as q\n\n    decision :=")},
        "no other org's",
        id="imports everything",
    ),
    pytest.param({"lib": "package ql.ai.tenants.t0acme.lib\n\nx := 1"}, "that is asked", id="only words"),
    pytest.param({}, "no .rego file", id="nothing"),
]


@pytest.mark.parametrize(("modules", "said"), OUT_OF_PLACE)
def test_what_is_out_of_its_place_is_not_loaded(modules: dict[str, str], said: str, house: Write) -> None:
    with pytest.raises(TenantPoliciesError, match=said):
        house(**modules)


async def test_an_org_may_have_words_of_its_own_and_read_the_houses(house: Write, server: OpaServer) -> None:
    bundle = house(
        a_rules="""
        # Their data is ours to read.
        package ql.ai.tenants.t0acme.safety

        import data.ql.ai.tenants.t0acme.lib

        decision := {"allow": count(deny) == 0, "deny": deny, "version": "1"}

        deny contains {"rule": "r", "reason": "too many", "repairable": true} if {
            count(input.plan.asset_ids) > lib.most
        }
        """,
        z_words='package ql.ai.tenants.t0acme.lib\n\nmost := data.gavel.limits["default"].canary_max_assets',
    )
    decision = await both(server, bundle, "ql.ai.safety", DOCUMENTS["ql.ai.safety"]())
    assert [entry["rule"] for entry in decision["deny"]] == ["tenant.r"]


async def test_what_an_org_had_and_has_no_longer_is_gone_from_the_server(
    house: Write, own_opa_server: OpaServer
) -> None:
    bundle = house(safety=NO_FRIDAYS)
    assert not (await both(own_opa_server, bundle, "ql.ai.safety", DOCUMENTS["ql.ai.safety"]()))["allow"]
    opa = await open_engine(own_opa_server.url, timeout_seconds=5)
    assert await opa.digest() == load_bundle().digest
    await opa.aclose()


def test_two_orgs_of_one_name_are_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "safety.rego").write_text("package ql.ai.tenants.t0acme.safety\n\ndecision := 1")
    with pytest.raises(TenantPoliciesError, match="would both be t0acme"):
        with_tenants(load_bundle(), [read_tenant(org, tmp_path) for org in ("T0ACME", "t0acme")])


def test_the_settings_name_the_directory_and_a_broken_one_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAVEL_POLICIES_TENANTS", f"{ORG}={tmp_path}")
    with pytest.raises(SettingsError, match="Nothing was started"):
        policy_bundle(load_settings())
    (tmp_path / "safety.rego").write_text(NO_FRIDAYS)
    assert policy_bundle(load_settings()).tenants[ORG].packages == {"ql.ai.safety"}
