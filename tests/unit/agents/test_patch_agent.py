"""The patch agent end to end: drawn estates, real tools and CVE data, the rehearsal endpoint, the real gate."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from copy import deepcopy
from pathlib import Path

import pytest

from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.specialists.base import AgentOutcome
from agents.specialists.patch import PatchAgent
from bot.advisories.store import SqlAdvisories
from policies.gate import JudgeContext
from policies.safety import SafetyGate
from tests.unit.agents.bench import ORG, now
from tests.unit.policies.documents import put
from tests.unit.reports.bench import Bending, Desk, opened, task_of
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.contracts.outputs.patch import PatchRolloutPlan
from tools.contracts.taskspec import TaskSpec

TASK = task_of(PatchAgent, role="api", words="patch the known vulnerabilities")


@pytest.fixture
async def desk(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member], advisories: SqlAdvisories
) -> AsyncGenerator[Desk, None]:
    async with opened(tmp_path, PatchAgent, model_client, members, seed=7, advisories=advisories) as made:
        yield made


def plan_of(outcome: AgentOutcome) -> PatchRolloutPlan:
    assert outcome.finding == "plan", outcome.reason
    assert isinstance(outcome.plan, PatchRolloutPlan)
    assert outcome.plan_json == outcome.plan.model_dump(mode="json")
    return outcome.plan


async def refusals(desk: Desk, task: TaskSpec, outcome: AgentOutcome, plan: JsonObject) -> set[str]:
    """What the safety gate says of a plan, with all its checks."""
    context = JudgeContext(
        contract="PatchRolloutPlan",
        agent="patch",
        spec=task,
        caller=Caller(org=ORG, user="U1", roles=["operator"]),
        revision=1,
        council=outcome.council,
        known_tool_calls=frozenset(outcome.tool_call_ids),
        results=desk.results,
        approval_expiry_seconds=None,
        now=now(),
    )
    finding = await SafetyGate(desk.estate, desk.registry.catalog()).judge(plan, context)
    return {refusal.rule.removeprefix("safety.") for refusal in finding.refusals}


async def test_vulnerable_machines_end_in_a_plan_that_closes_what_the_scan_found_and_passes_the_gate(
    desk: Desk,
) -> None:
    outcome = await desk.work(TASK)
    plan = plan_of(outcome)
    [scan] = [output for output in desk.results.values() if "scanned_images" in output]
    vulnerable = {asset for row in scan["findings"] for asset in row["asset_ids"]}
    assert set(plan.asset_ids) == vulnerable
    closed = {row.vulnerability for row in plan.fixes}
    assert closed
    assert closed <= {row["vulnerability"] for row in scan["findings"]}
    assert all(set(row.asset_ids) <= set(plan.asset_ids) for row in plan.fixes)
    assert [phase.type for phase in plan.phases[:2]] == ["canary", "wait"]
    assert plan.simulation is not None
    assert plan.risk is not None
    assert plan.risk.score == pytest.approx(sum(factor.points for factor in plan.risk.factors), abs=0.01)
    assert plan.fixes[0].vulnerability in plan.summary
    council = outcome.council
    assert (council.mode, council.consensus) == ("council", True)
    assert {dissent.claim.split(": ")[1].split(" is ")[0] for dissent in council.dissent} == {"patch_within_days"}
    assert await refusals(desk, TASK, outcome, outcome.plan_json or {}) == set()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put("fixes.0.severity", "low"), "origin"),
        (put("fixes.0.asset_ids", []), "origin"),
        (put("fixes.0.fixed_version", None), "origin"),
        (put("risk.score", 1.0), "origin"),
        (put("summary", "Closes CVE-2014-0160 on all of them."), "receipts_uncited"),
        (put("summary", "Closes 999 vulnerabilities."), "receipts_uncited"),
    ],
)
async def test_a_plan_that_says_something_else_than_its_tools_is_refused(
    desk: Desk, change: Callable[[JsonObject], None], rule: str
) -> None:
    outcome = await desk.work(TASK)
    bent = deepcopy(outcome.plan_json or {})
    change(bent)
    assert await refusals(desk, TASK, outcome, bent) == {rule}


async def test_patched_machines_are_told_so_and_nothing_is_proposed(desk: Desk) -> None:
    plan = plan_of(await desk.work(TASK))
    desk.alter(
        "UPDATE assets SET image_version = ? WHERE org_id = ? AND image_family = ?",
        plan.target_image.version,
        ORG,
        plan.target_image.family,
    )
    outcome = await desk.work(TASK)
    assert outcome.finding == "nothing_to_do", outcome.reason
    assert "known vulnerability" in outcome.reason


async def test_a_vulnerability_that_nobody_has_is_not_patched(desk: Desk) -> None:
    task = task_of(PatchAgent, role="api", words="patch CVE-2014-0160 please")
    outcome = await desk.work(task)
    assert outcome.finding == "nothing_to_do", outcome.reason
    assert "CVE-2014-0160" in outcome.reason


async def test_a_vulnerability_that_the_person_names_is_closed_and_the_plan_is_about_it(desk: Desk) -> None:
    worst = plan_of(await desk.work(TASK)).fixes[0]
    outcome = await desk.work(task_of(PatchAgent, role="api", words=f"patch {worst.vulnerability.lower()}"))
    plan = plan_of(outcome)
    assert worst.vulnerability in {row.vulnerability for row in plan.fixes}
    assert set(plan.asset_ids) == set(worst.asset_ids)


async def test_mistake_16_an_error_is_an_error_and_no_data_is_never_healthy(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member]
) -> None:
    """Tool errors were swallowed into empty results that the model then reasoned over."""
    async with opened(tmp_path, PatchAgent, model_client, members, seed=7, advisories=None) as desk:
        outcome = await desk.work(TASK)
    assert outcome.finding == "inconclusive"
    assert "could be scanned" in outcome.reason
    assert any(text.startswith("scan_vulnerabilities failed") for text in outcome.missing)
    assert outcome.council.members == []


async def test_machines_on_an_unknown_image_are_not_called_healthy(desk: Desk) -> None:
    plan = plan_of(await desk.work(TASK))
    golden = (plan.target_image.version, ORG, plan.target_image.family)
    desk.alter("UPDATE assets SET image_version = ? WHERE org_id = ? AND image_family = ?", *golden)
    desk.alter("UPDATE assets SET image_version = '0.0.1' WHERE org_id = ? AND id = ?", ORG, plan.asset_ids[0])
    outcome = await desk.work(TASK)
    assert outcome.finding == "inconclusive", outcome.reason
    assert "not called healthy" in outcome.reason


def everything(request: ChatRequest, text: str) -> str:
    """Every member also proposes to change a machine and close a vulnerability that no scan found."""
    if request.purpose != "report":
        return text
    answer = json.loads(text)
    if answer.get("proposal"):
        answer["proposal"]["asset_ids"].append("db-prod-use1-01")
    return json.dumps(answer)


async def test_what_no_scan_found_vulnerable_is_left_out_whoever_proposes_it(desk: Desk) -> None:
    desk.through(lambda client: Bending(client, everything))
    outcome = await desk.work(TASK)
    assert "db-prod-use1-01" not in plan_of(outcome).asset_ids
    assert any("db-prod-use1-01" in note and "left out" in note for note in outcome.notes)


async def test_the_agent_has_no_tool_that_changes_anything(desk: Desk) -> None:
    catalog = desk.registry.catalog()
    assert {catalog[name]["risk"] for name in PatchAgent.capability.tools} <= {"read_only", "plan_only"}
