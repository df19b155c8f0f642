"""What runs without a person's yes: nothing in production, and elsewhere only what the org's settings say."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from policies.build import open_engine
from policies.bundle import load_bundle
from policies.engine import PolicyEngine, is_object
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.documents import Change, both, changed, put
from tests.unit.policies.opa_server import OpaServer
from tools.contracts.common import JsonObject

PACKAGE = "ql.ai.autonomy"

PRODUCTION = both(
    put("plan.environment", "production"),
    put("plan.phases.0.actions.0.tool", "execute_rollout_prod"),
    put("plan.rollback.actions.0.tool", "execute_rollout_prod"),
)
WAVE = put("plan.phases.0.type", "wave")


def nothing(_: JsonObject) -> None:
    """Changes nothing."""


CASES: list[tuple[str, JsonObject, Change, bool]] = [
    ("shipped", {}, nothing, False),
    ("full_auto", {"mode": "full_auto"}, nothing, True),
    ("full_auto in production", {"mode": "full_auto"}, PRODUCTION, False),
    ("full_auto for production only by name", {"mode": "full_auto"}, put("plan.environment", "production"), False),
    ("canary_only, a canary", {"mode": "canary_only"}, nothing, True),
    ("canary_only, a wave", {"mode": "canary_only"}, WAVE, False),
    ("risk_based, low", {"mode": "risk_based"}, nothing, True),
    ("risk_based, high", {"mode": "risk_based"}, put("task.risk_level", "high"), False),
    (
        "one tool asks for care",
        {"mode": "full_auto", "tools": {"execute_rollout_nonprod": "approve_all"}},
        nothing,
        False,
    ),
    (
        "the environment asks for care",
        {"mode": "full_auto", "environments": {"staging": "approve_all"}},
        nothing,
        False,
    ),
    ("too many assets", {"mode": "full_auto", "max_assets": 1}, nothing, False),
    ("a critical asset", {"mode": "full_auto"}, put("assets.1.tags", {"criticality": "critical"}), False),
    ("an asset nobody knows", {"mode": "full_auto"}, put("assets", []), False),
    ("a blocked platform", {"mode": "full_auto", "blocked_platforms": ["aws"]}, nothing, False),
    ("a blocked operation", {"mode": "full_auto", "blocked_operations": ["execute_rollout_nonprod"]}, nothing, False),
    ("an alert", {"mode": "full_auto"}, put("caller.user", "alert:f1"), False),
    ("an alert that somebody had looked into", {"mode": "full_auto"}, put("caller.alerted", True), False),
    ("a mode nobody knows", {"mode": "yolo"}, nothing, False),
    ("plan_only", {"mode": "plan_only"}, nothing, False),
]


def settings_of(own: JsonObject) -> JsonObject:
    shipped = load_bundle().data["autonomy"]
    assert is_object(shipped)
    return {"autonomy": {"default": shipped["default"], "orgs": _for_the_org(own)}}


def _for_the_org(own: JsonObject) -> JsonObject:
    caller = changed(PACKAGE, nothing)["caller"]
    assert is_object(caller)
    return {str(caller["org"]): own}


@pytest.fixture(scope="module")
async def configured_server() -> AsyncGenerator[OpaServer]:
    server = OpaServer()
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize(("own", "change", "waived"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_opa_and_regorus_waive_alike_and_only_what_the_settings_say(
    own: JsonObject, change: Change, waived: bool, configured_server: OpaServer
) -> None:
    bundle = load_bundle(settings_of(own))
    opa: PolicyEngine = await open_engine(configured_server.url, bundle=bundle, timeout_seconds=5)
    document = changed(PACKAGE, change)
    by_opa, by_regorus = await opa.decide(PACKAGE, document), await RegorusEngine(bundle).decide(PACKAGE, document)
    await opa.aclose()
    assert by_opa == by_regorus
    assert (by_opa["unattended_phases"] > 0) is waived
    assert not (by_opa["unattended_phases"] and (by_opa["deny"] or by_opa["blockers"]))
