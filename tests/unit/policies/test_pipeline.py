"""The pipeline through its public door, with the real engine, gates, tools and contracts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from policies.approval import ApprovalGate
from policies.bundle import load_bundle
from policies.engine import PolicyEngine
from policies.gate import Finding, Gate, JudgeContext
from policies.opa import open_opa
from policies.pipeline import ORDER, Pipeline, build_pipeline
from policies.policy import PolicyGate
from policies.regorus_engine import RegorusEngine
from policies.safety import SafetyGate
from policies.schema import SchemaGate
from tests.unit.policies.documents import Change, both, drop, put
from tests.unit.policies.opa_server import OpaServer
from tests.unit.policies.plans import (
    CATALOG,
    MemoryEstate,
    NoHistory,
    make_context,
    make_council,
    make_estate,
    make_plan,
)
from tools.connectors.base import EstateError
from tools.contracts.common import JsonObject
from tools.contracts.estate import Image
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.verdict import GateName


def plan(change: Change | None = None, *, count: int = 30, batch_percent: float = 20) -> JsonObject:
    written = make_plan(count, batch_percent=batch_percent).model_dump(mode="json")
    if change is not None:
        change(written)
    return written


def pipeline(engine: PolicyEngine, *, estate: MemoryEstate | None = None) -> Pipeline:
    return build_pipeline(engine, estate=estate or make_estate(), catalog=CATALOG, history=NoHistory())


@dataclass(frozen=True)
class Removed:
    """What a gate is replaced by to see what it alone would have stopped."""

    name: GateName

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        requirement = None
        if self.name == "approval":
            gate = pipeline(RegorusEngine(load_bundle())).gates[-1]
            requirement = (await gate.judge(make_plan().model_dump(mode="json"), make_context())).requirement
        return Finding([], engine="removed", requirement=requirement)


def without(gates: Sequence[Gate], name: GateName) -> Pipeline:
    return Pipeline([Removed(gate.name) if gate.name == name else gate for gate in gates])


async def test_a_good_plan_passes_all_four_gates_in_order(opa: PolicyEngine, regorus: RegorusEngine) -> None:
    for engine in (opa, regorus):
        report = await pipeline(engine).judge(plan(), make_context())
        assert report.allowed
        assert [result.gate for result in report.results] == ["schema", "policy", "safety", "approval"]
        assert report.policy_digest == load_bundle().digest
        assert report.results[1].engine == engine.name


async def test_the_digest_is_of_the_plan_that_will_run(regorus: RegorusEngine) -> None:
    """However it was written: defaults left out, another time zone for the same instant."""
    written = plan(both(drop("phases.1.asset_ids"), put("maintenance_window.end", "2026-11-24T17:00:00+02:00")))
    report = await pipeline(regorus).judge(written, make_context())
    assert report.allowed
    assert report.plan_digest == DriftRemediationPlan.model_validate(written).digest


async def test_half_the_fleet_in_one_batch_is_refused_with_what_was_found_and_what_is_allowed(
    opa: PolicyEngine, regorus: RegorusEngine
) -> None:
    for engine in (opa, regorus):
        report = await pipeline(engine).judge(plan(batch_percent=50), make_context())
        assert not report.allowed
        assert report.requirement is None
        assert [result.gate for result in report.results] == ["schema", "policy"]
        refusal = next(refusal for refusal in report.refusals if "'Wave 1'" in refusal.reason)
        assert refusal.rule == "plan.batch_too_large"
        assert refusal.repairable
        assert refusal.reason == (
            "batch 50% exceeds the 20% limit in production: phase 'Wave 1' changes 15 of 30 assets,"
            " at most 6 are allowed"
        )


async def test_a_canary_is_known_by_its_type(regorus: RegorusEngine) -> None:
    named = plan(put("phases.0.name", "Canary Deployment"))
    assert (await pipeline(regorus).judge(named, make_context())).allowed
    disguised = plan(put("phases.0.type", "wave"))
    report = await pipeline(regorus).judge(disguised, make_context())
    assert {refusal.rule for refusal in report.refusals} == {"plan.no_canary"}


# --- no gate can be left out ---


def test_there_is_no_pipeline_without_all_four_gates_in_order(regorus: RegorusEngine) -> None:
    gates = list(pipeline(regorus).gates)
    for wrong in ([], gates[1:], gates[:-1], [*gates, gates[0]], gates[::-1], [gates[0], gates[2], gates[1], gates[3]]):
        with pytest.raises(ValueError, match="schema, policy, safety, approval"):
            Pipeline(wrong)


KNOWN_BAD: list[tuple[GateName, JsonObject, JudgeContext]] = [
    ("schema", plan(put("phases.0.health_checks.0.timeout_seconds", "60")), make_context()),
    ("policy", plan(batch_percent=50), make_context()),
    ("safety", plan(put("task_id", "another-task")), make_context()),
    ("approval", plan(), make_context(approval_expiry_seconds=0)),
]


@pytest.mark.parametrize(("gate", "bad", "context"), KNOWN_BAD, ids=[case[0] for case in KNOWN_BAD])
async def test_each_gate_stops_what_the_other_three_let_through(
    gate: GateName, bad: JsonObject, context: JudgeContext, regorus: RegorusEngine
) -> None:
    whole = pipeline(regorus)
    report = await whole.judge(bad, context)
    assert not report.allowed
    assert [result.gate for result in report.results if not result.passed] == [gate]
    assert (await without(whole.gates, gate).judge(bad, context)).allowed


# --- engines and sources that are away ---


async def test_opa_away_is_unavailable_and_nothing_is_allowed(own_opa_server: OpaServer) -> None:
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    judging = pipeline(engine)
    assert (await judging.judge(plan(), make_context())).allowed
    await own_opa_server.stop()
    report = await judging.judge(plan(), make_context())
    assert not report.allowed
    assert report.unavailable is not None
    assert "OPA" in report.unavailable
    assert report.requirement is None
    assert not any(refusal.repairable for refusal in report.refusals)
    await engine.aclose()


@dataclass
class Away(MemoryEstate):
    """A source that does not answer."""

    def __init__(self) -> None:
        super().__init__([], [])

    async def images(self, org: str, *, family: str | None = None) -> list[Image]:
        raise EstateError(f"the inventory of {org} did not answer ({family})")


async def test_an_inventory_that_is_away_is_unavailable(regorus: RegorusEngine) -> None:
    report = await pipeline(regorus, estate=Away()).judge(plan(), make_context())
    assert not report.allowed
    assert report.unavailable == "the inventory of T0ACME did not answer (None)"
    assert [refusal.rule for refusal in report.refusals] == ["safety.unavailable"]


async def test_an_undefined_rule_is_a_refusal_that_no_repair_can_help() -> None:
    """Mistake 2 before us: the path was wrong, so the rule was undefined, so nothing was ever denied."""
    bundle = load_bundle()
    engine = RegorusEngine(
        dataclasses.replace(bundle, modules=tuple(module for module in bundle.modules if "safety" not in module.id))
    )
    report = await pipeline(engine).judge(plan(), make_context())
    assert not report.allowed
    assert [(refusal.rule, refusal.repairable) for refusal in report.refusals] == [("policy.undefined", False)]


@dataclass(frozen=True)
class Breaking:
    name: GateName = "safety"

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        raise ZeroDivisionError(f"{len(plan)} {context.agent}")


async def test_a_gate_that_breaks_refuses(regorus: RegorusEngine, caplog: pytest.LogCaptureFixture) -> None:
    gates = [Breaking() if gate.name == "safety" else gate for gate in pipeline(regorus).gates]
    report = await Pipeline(gates).judge(plan(), make_context())
    assert not report.allowed
    assert [refusal.rule for refusal in report.refusals] == ["safety.failed"]
    assert "ZeroDivisionError" in caplog.text


# --- what is no plan ---


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, object()])
async def test_what_is_no_json_is_refused(value: object, regorus: RegorusEngine) -> None:
    report = await pipeline(regorus).judge({"plan": value}, make_context())
    assert [refusal.rule for refusal in report.refusals] == ["schema.json"]


async def test_a_plan_nested_without_end_is_refused(regorus: RegorusEngine) -> None:
    deep: JsonObject = {}
    for _ in range(100_000):
        deep = {"a": deep}
    report = await pipeline(regorus).judge({"phases": deep}, make_context())
    assert not report.allowed
    assert [refusal.rule for refusal in report.refusals] == ["schema.json"]
    while deep:  # taken apart step by step: freeing it at once would nest as deep
        deep = deep["a"]


async def test_an_empty_plan_is_refused(regorus: RegorusEngine) -> None:
    report = await pipeline(regorus).judge({}, make_context())
    assert not report.allowed
    assert [result.gate for result in report.results] == ["schema"]


# --- approval ---


@pytest.mark.parametrize(
    ("context", "quorum", "seconds", "step_up"),
    [
        (make_context(), 1, 14400, False),
        (make_context(approval_expiry_seconds=900), 1, 900, False),
        (make_context(risk_level="critical"), 2, 14400, True),
        (make_context(council=make_council(consensus=False)), 2, 14400, True),
        (make_context(council=make_council(agreement=0.4)), 1, 14400, True),
        (make_context(council=make_council().model_copy(update={"opposed": 1})), 2, 14400, False),
        (make_context(council=make_council().model_copy(update={"unheard": ["A"]})), 2, 14400, False),
        (
            make_context(council=make_council().model_copy(update={"unheard": ["A", "B", "C", "D", "E"]})),
            2,
            14400,
            True,
        ),
        (make_context(council=make_council(agreement=None)), 1, 14400, False),
        (make_context(council=make_council().model_copy(update={"degraded": "too few answered"})), 1, 14400, True),
    ],
)
async def test_the_requirement_follows_from_risk_and_council(
    context: JudgeContext, quorum: int, seconds: int, step_up: bool, regorus: RegorusEngine
) -> None:
    requirement = (await pipeline(regorus).judge(plan(), context)).requirement
    assert requirement is not None
    assert (requirement.quorum, requirement.expires_in_seconds, requirement.step_up) == (quorum, seconds, step_up)
    assert requirement.roles == ["admin", "approver"]
    assert bool(requirement.step_up_reasons) is step_up


async def test_an_alerts_approval_expires_after_an_hour(regorus: RegorusEngine) -> None:
    context = make_context()
    alert = dataclasses.replace(context, caller=context.caller.model_copy(update={"user": "alert:1", "roles": []}))
    requirement = (await pipeline(regorus).judge(plan(), alert)).requirement
    assert requirement is not None
    assert requirement.expires_in_seconds == 3600


async def test_a_hundred_assets_need_two_people(regorus: RegorusEngine) -> None:
    report = await pipeline(regorus, estate=make_estate(100)).judge(plan(count=100), make_context())
    assert report.requirement is not None
    assert report.requirement.quorum == 2


@pytest.mark.parametrize("roles", [[], ["viewer"], ["friend"]])
async def test_a_configuration_in_which_nobody_could_approve_refuses(roles: list[str]) -> None:
    limits: JsonObject = {**load_bundle().data["limits"], "orgs": {"T0ACME": {"roles": {"approve_production": roles}}}}
    report = await pipeline(RegorusEngine(load_bundle({"limits": limits}))).judge(plan(), make_context())
    assert not report.allowed
    assert {refusal.rule for refusal in report.refusals} <= {"approval.no_roles", "approval.unknown_role"}
    assert report.requirement is None


async def test_no_configuration_lets_one_person_approve_a_critical_plan() -> None:
    limits: JsonObject = {**load_bundle().data["limits"], "orgs": {"T0ACME": {"quorum": 1, "quorum_raised": 1}}}
    judging = pipeline(RegorusEngine(load_bundle({"limits": limits})))
    requirement = (await judging.judge(plan(), make_context(risk_level="critical"))).requirement
    assert requirement is not None
    assert requirement.quorum == 2


async def test_an_unknown_contract_is_refused_and_never_skipped(regorus: RegorusEngine) -> None:
    """Mistake 4 before us: a missing schema was skipped."""
    for contract in ("PatchPlan", "", "Plan"):
        report = await pipeline(regorus).judge(plan(), make_context(contract=contract))
        assert [refusal.rule for refusal in report.refusals] == ["schema.unknown_contract"]
        assert not report.allowed


async def test_with_opa_away_the_schema_gate_still_refuses_by_itself(own_opa_server: OpaServer) -> None:
    """Mistake 5 before us: turning OPA off turned schema and safety checks off, too."""
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    judging = pipeline(engine)
    await own_opa_server.stop()
    report = await judging.judge(plan(put("phases.0.type", "Canary")), make_context())
    assert [refusal.rule for refusal in report.refusals] == ["schema.enum"]
    await engine.aclose()


async def test_the_plan_is_what_is_judged_and_not_the_request(regorus: RegorusEngine) -> None:
    """Mistake 1 before us: the TaskSpec was validated, before there was a plan, and the plan passed no gate."""
    context = make_context()
    assert (await pipeline(regorus).judge(plan(), context)).allowed
    assert not (await pipeline(regorus).judge(plan(batch_percent=50), context)).allowed


def test_the_gates_are_what_they_are_called() -> None:
    engine = RegorusEngine(load_bundle())
    kinds = [type(gate) for gate in pipeline(engine).gates]
    assert kinds == [SchemaGate, PolicyGate, SafetyGate, ApprovalGate]
    assert ORDER == ("schema", "policy", "safety", "approval")
