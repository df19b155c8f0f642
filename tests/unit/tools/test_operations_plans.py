"""Plans that change an image or a recovery pair, from the real tools over the sample estate.

They pass the safety checks; each check refuses its own flaw, and without that check the plan would have passed.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.specialists.image_plan import built, promoted
from agents.specialists.operating import NotPlannable
from agents.specialists.runbook import composed
from policies.checks import origins, resources
from policies.checks.base import Check
from policies.gate import JudgeContext
from policies.safety import CHECKS, SafetyGate
from tests.unit.policies.documents import Change, both, put
from tests.unit.policies.plans import CALL, CATALOG, make_context
from tests.unit.tools.bench import ORG, Bench, now
from tests.unit.tools.test_dr_simulation import make_ready
from tools.contracts.common import AgentName, Environment, JsonObject
from tools.contracts.identity import Caller
from tools.contracts.members.operations import ImageProposal
from tools.contracts.outputs import OUTPUT_OF, read_plan
from tools.contracts.pipeline import ImageContract
from tools.contracts.plan import Evidence, Plan
from tools.dr.models import GenerateDrRunbookOutput
from tools.image.models import GenerateImageContractOutput, ValidateImageOutput

HERE = "phases.0.actions.0"


def context(agent: AgentName, environment: Environment, output: JsonObject) -> JudgeContext:
    """`output`: what a planning tool of the task returned."""
    given = make_context(environment=environment, contract=OUTPUT_OF[agent])
    caller = Caller(org=ORG, user=given.caller.user, roles=["operator"], channel="C1")
    return replace(
        given,
        caller=caller,
        spec=given.spec.model_copy(update={"org": ORG}),
        agent=agent,
        now=now(),
        results={CALL: output},
    )


def finished(fields: JsonObject, given: JudgeContext) -> Plan:
    evidence = [
        Evidence(tool_call_id=call, tool="t", result_digest="sha256:x", summary="s") for call in given.known_tool_calls
    ]
    parts = {"org": ORG, "task_id": given.spec.id, "revision": 1, "environment": given.spec.environment}
    return read_plan({**parts, "kind": given.contract, "evidence": evidence, **fields})


async def runbook(bench: Bench, kind: str) -> tuple[Plan, JudgeContext]:
    make_ready(bench)
    output = await bench.output("generate_dr_runbook", {"dr_pair_id": "dr-1", "kind": kind})
    given = context("dr", "production", output)
    return finished(composed(GenerateDrRunbookOutput.model_validate(output)), given), given


async def build(bench: Bench, to: str | None = "staging") -> tuple[Plan, JudgeContext]:
    params = {"name": "web-base", "os": "ubuntu 24.04", "purpose": "The web servers."}
    output = await bench.output("generate_image_contract", params)
    chosen = {"summary": "s", "operation": "build", "family": "web-base", "promote_to": to}
    contract, wanted = GenerateImageContractOutput.model_validate(output), ImageProposal.model_validate(chosen)
    given = context("image", "staging", output)
    return finished(built(contract, wanted, environment="staging"), given), given


async def checked(bench: Bench, image: str) -> ValidateImageOutput:
    return ValidateImageOutput.model_validate(await bench.output("validate_image", {"image_id": image}))


def step(image: ValidateImageOutput, to: str) -> ImageProposal:
    return ImageProposal.model_validate(
        {"summary": "s", "operation": "promote", "family": image.family, "image_id": image.image_id, "promote_to": to}
    )


async def rules(
    bench: Bench, plan: Plan, given: JudgeContext, change: Change | None = None, checks: tuple[Check, ...] = CHECKS
) -> set[str]:
    document = plan.model_dump(mode="json")
    if change is not None:
        change(document)
    finding = await SafetyGate(bench.estate, CATALOG, checks=checks).judge(document, given)
    return {refusal.rule.removeprefix("safety.") for refusal in finding.refusals}


@pytest.mark.parametrize("kind", ["drill", "failover"])
async def test_a_runbook_of_the_tools_passes_and_moves_what_it_says(bench: Bench, kind: str) -> None:
    plan, given = await runbook(bench, kind)
    assert await rules(bench, plan, given) == set()
    assert [phase.type for phase in plan.phases] == ["canary", "verify"]
    assert plan.phases[0].asset_ids == plan.asset_ids
    assert (len(plan.rollback.actions), bool(plan.rollback.note)) == ((1, False) if kind == "failover" else (0, True))


async def test_an_image_that_is_built_is_promoted_a_stage_at_a_time_and_checked_after_each(bench: Bench) -> None:
    plan, given = await build(bench)
    assert await rules(bench, plan, given) == set()
    tools = [action.tool for phase in plan.phases for action in phase.actions]
    assert tools == ["build_image", "promote_image_nonprod", "promote_image_nonprod"]
    assert all({check.kind for check in phase.resource_checks} == {"as_expected", "image_fit"} for phase in plan.phases)
    assert plan.rollback.note


async def test_a_draft_may_stay_a_draft(bench: Bench) -> None:
    plan, given = await build(bench, None)
    assert await rules(bench, plan, given) == set()
    assert [phase.type for phase in plan.phases] == ["canary"]


async def test_production_is_for_what_passes_every_check(bench: Bench) -> None:
    golden = await checked(bench, await bench.golden_id())
    given = context("image", "production", golden.model_dump(mode="json"))
    plan = finished(promoted(golden, step(golden, "deprecated"), golden=None, environment="production"), given)
    assert await rules(bench, plan, given) == set()
    staged = golden.model_copy(update={"status": "staging"})
    plan = finished(promoted(staged, step(staged, "production"), golden=None, environment="production"), given)
    assert {check.kind for check in plan.phases[0].resource_checks} == {"as_expected", "image_valid"}


@pytest.mark.parametrize(
    ("to", "environment"),
    [("dev", "staging"), ("staging", "staging"), ("production", "production"), ("deprecated", "staging")],
)
async def test_what_is_no_step_from_where_an_image_is_comes_to_no_plan(
    bench: Bench, to: str, environment: Environment
) -> None:
    golden = await checked(bench, await bench.golden_id())
    with pytest.raises(NotPlannable):
        promoted(golden, step(golden, to), golden=None, environment=environment)


async def test_nothing_is_built_in_production(bench: Bench) -> None:
    params = {"name": "web-base", "os": "ubuntu 24.04", "purpose": "The web servers."}
    output = GenerateImageContractOutput.model_validate(await bench.output("generate_image_contract", params))
    wanted = ImageProposal.model_validate({"summary": "s", "operation": "build", "family": "web-base"})
    with pytest.raises(NotPlannable, match="outside production"):
        built(output, wanted, environment="production")


DR_FLAWS: list[tuple[Check, str, Change]] = [
    (resources.resources_named, "resource_unlisted", put(f"{HERE}.resource_ids", [])),
    (resources.resources_named, "params_resource", put(f"{HERE}.params.dr_pair_id", "dr-2")),
    (resources.resources_named, "resource_check", put("phases.1.resource_checks.0.resource_id", "dr-2")),
    (resources.resources_as_planned, "resource_changed", put("resources.0.fingerprint", "sha256:other")),
    (
        resources.resources_as_planned,
        "unknown_resource",
        both(
            both(put("resources.0.id", "dr-99"), put(f"{HERE}.resource_ids", ["dr-99"])),
            put(f"{HERE}.params.dr_pair_id", "dr-99"),
        ),
    ),
    (resources.resources_reach, "to_state", put("resources.0.to_state", "elsewhere")),
    (resources.operations_agree, "failover_back", put("rollback.actions", [])),
    (resources.operations_agree, "rollback_forward", put(f"{HERE}.params.rollback", True)),
    (resources.operations_agree, "runbook_agrees", put("operation", "drill")),
    (origins.operations_as_the_tools_said, "origin", put("days_since_passed_test", 3)),
    (origins.operations_as_the_tools_said, "origin", put("simulation.not_passed", ["rto_met"])),
]

IMAGE_FLAWS: list[tuple[Check, str, Change]] = [
    (resources.resources_named, "params_resource", put(f"{HERE}.params.contract.family", "api-base")),
    (resources.resources_named, "params_resource", put("contract.hardening", [])),
    (resources.resources_named, "params_resource", put("phases.1.actions.0.params.image_id", "img-other")),
    (resources.resources_reach, "to_state", put("phases.2.actions.0.params.to_status", "dev")),
    (resources.operations_agree, "image_agrees", put("to_status", "production")),
    (resources.operations_agree, "image_agrees", put("operation", "promote")),
    (origins.operations_as_the_tools_said, "origin", put("contract.cis_level", 2)),
]


@pytest.mark.parametrize(
    ("check", "rule", "flaw"), DR_FLAWS, ids=[f"{rule} {n}" for n, (_, rule, _) in enumerate(DR_FLAWS)]
)
async def test_a_flaw_of_a_failover_is_refused_by_its_check_and_by_no_other(
    bench: Bench, check: Check, rule: str, flaw: Change
) -> None:
    plan, given = await runbook(bench, "failover")
    assert rule in await rules(bench, plan, given, flaw)
    rest = tuple(one for one in CHECKS if one is not check)
    assert rule not in await rules(bench, plan, given, flaw, rest)


@pytest.mark.parametrize(
    ("check", "rule", "flaw"), IMAGE_FLAWS, ids=[f"{rule} {n}" for n, (_, rule, _) in enumerate(IMAGE_FLAWS)]
)
async def test_a_flaw_of_an_image_plan_is_refused_by_its_check_and_by_no_other(
    bench: Bench, check: Check, rule: str, flaw: Change
) -> None:
    plan, given = await build(bench)
    assert rule in await rules(bench, plan, given, flaw)
    rest = tuple(one for one in CHECKS if one is not check)
    assert rule not in await rules(bench, plan, given, flaw, rest)


async def test_an_image_that_somebody_built_meanwhile_is_refused(bench: Bench) -> None:
    plan, given = await build(bench)
    contract = ImageContract.model_validate(plan.phases[0].actions[0].params["contract"])
    await bench.estate.build_image(ORG, contract, idempotency_key="another's")
    assert await rules(bench, plan, given) == {"unknown_resource"}


async def test_a_pair_that_somebody_tested_meanwhile_is_refused(bench: Bench) -> None:
    plan, given = await runbook(bench, "drill")
    await bench.estate.run_drill(ORG, "dr-1", idempotency_key="another's")
    assert await rules(bench, plan, given) == {"resource_changed"}
