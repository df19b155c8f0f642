"""Mistakes 2, 3, 4, 5, 6, 12, 13 and 18 of the system before this one, where layer 4 would have made them again."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest
from pydantic import ValidationError

from policies.bundle import load_bundle
from policies.engine import PolicyUndefined
from policies.regorus_engine import RegorusEngine
from policies.schema import CONTRACTS, SchemaGate
from tests.unit.policies.documents import DOCUMENTS, Change, changed, drop, put
from tests.unit.policies.plans import make_context
from tests.unit.policies.test_pipeline import pipeline, plan
from tests.unit.policies.test_switches import pipeline as switched
from tools.contracts.common import JsonObject
from tools.contracts.plan import HealthCheck
from tools.contracts.verdict import GateName
from tools.registry import build_registry


async def test_mistake_2_a_wrong_path_is_a_refusal_and_not_silence(regorus: RegorusEngine) -> None:
    with pytest.raises(PolicyUndefined):
        await regorus.decide("ql.ai.plan_safety", DOCUMENTS["ql.ai.safety"]())
    shipped = load_bundle()
    for package in ("safety", "approval", "autonomy"):
        modules = tuple(module for module in shipped.modules if f"/{package}" not in module.id)
        report = await pipeline(RegorusEngine(dataclasses.replace(shipped, modules=modules))).judge(
            plan(), make_context()
        )
        assert not report.allowed
        assert {refusal.rule for refusal in report.refusals} == {"policy.undefined"}


@pytest.mark.parametrize("missing", ["approval_expiry_seconds", "council", "task.risk_level", "plan.environment"])
async def test_mistake_3_a_missing_key_makes_no_rule_pass(missing: str, regorus: RegorusEngine) -> None:
    """A critical production plan without `approvals` was allowed."""
    decision = await regorus.decide("ql.ai.approval", changed("ql.ai.approval", drop(missing)))
    assert decision["allow"] is False
    assert decision["requirement"] is None
    unapproved = await regorus.decide("ql.ai.execution", changed("ql.ai.execution", drop("approvers")))
    assert unapproved["allow"] is False


async def test_mistake_4_a_schema_that_is_missing_is_not_skipped(regorus: RegorusEngine) -> None:
    for contract in ("NoSuchPlan", "", "Plan"):
        report = await pipeline(regorus).judge(plan(), make_context(contract=contract))
        assert [refusal.rule for refusal in report.refusals] == ["schema.unknown_contract"]
    # And they are there outside tests: emitted when the gate is built.
    assert set(CONTRACTS) >= {"DriftRemediationPlan"}
    broken = await SchemaGate().judge({}, make_context())
    assert broken.refusals


@pytest.mark.parametrize("off", get_args(GateName))
async def test_mistake_5_one_switch_turns_one_gate_off(off: GateName) -> None:
    assert [gate.name for gate in switched(off).gates if type(gate).__name__ == "SwitchedOff"] == [off]


@pytest.mark.parametrize("name", ["Canary Deployment", "kanari", "Phase 1", "Wave 1"])
async def test_mistake_6_a_canary_is_known_by_its_type_and_not_by_its_name(name: str, regorus: RegorusEngine) -> None:
    unlike = put("phases.0.name", name if name != "Wave 1" else "Wave 0")
    assert (await pipeline(regorus).judge(plan(unlike), make_context())).allowed
    named: Change = put("phases.0.type", "wave")
    assert not (await pipeline(regorus).judge(plan(named), make_context())).allowed


async def test_mistake_12_weekdays_in_any_case_and_nights_that_end_tomorrow() -> None:
    night = {
        "org": "*",
        "environment": "*",
        "reason": "nights",
        "weekdays": ["MONDAY"],
        "from": "22:00",
        "to": "12:00",
        "time_zone": "UTC",
    }
    for day in ("monday", "Monday", "MONDAY"):
        engine = RegorusEngine(load_bundle({"freezes": [{**night, "weekdays": [day]}]}))
        # Tuesday, 10:00 UTC: Monday's night is not over.
        decision = await engine.decide("ql.ai.execution", DOCUMENTS["ql.ai.execution"]())
        assert [entry["rule"] for entry in decision["deny"]] == ["execution.frozen"]


async def test_mistake_13_the_org_is_the_callers_wherever_a_model_writes_another(regorus: RegorusEngine) -> None:
    report = await pipeline(regorus).judge(plan(put("org", "T0OTHER")), make_context())
    assert {refusal.rule for refusal in report.refusals} == {"plan.org"}
    registry = build_registry()
    for name in registry.names():
        assert not {"org", "org_id", "tenant"} & set(registry.input_schema(name).get("properties", {})), name


COMMANDS: list[JsonObject] = [
    {"kind": "command", "command": "curl -f localhost"},
    {"kind": "heartbeat", "command": "rm -rf /"},
    {"kind": "heartbeat; reboot"},
    {"kind": "http_ok", "url": "http://169.254.169.254/"},
]


@pytest.mark.parametrize("check", COMMANDS)
async def test_mistake_18_a_health_check_holds_no_command(check: JsonObject, regorus: RegorusEngine) -> None:
    with pytest.raises(ValidationError):
        HealthCheck.model_validate(check)
    report = await pipeline(regorus).judge(plan(put("phases.0.health_checks", [check])), make_context())
    assert not report.allowed
    assert [result.gate for result in report.results] == ["schema"]
