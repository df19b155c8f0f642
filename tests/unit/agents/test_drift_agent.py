"""The drift agent end to end: drawn estates, the real dispatcher, litellm, the rehearsal endpoint."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.specialists.base import AgentOutcome, InvestigationUnavailable
from bot.local.rehearsal.lies import INVENTED
from tests.unit.agents.bench import ORG, TASK, Bench, bench, draw, spec
from tests.unit.rehearsal.process import Rehearsal
from tools.base import Tool, ToolCall
from tools.contracts.common import Environment, Mode
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.progress import MemberProgress, TallyProgress, ToolProgress, VoteProgress
from tools.contracts.taskspec import Constraints, TaskContext
from tools.contracts.verdict import Refusal
from tools.drift.toolset import drift_tools
from tools.registry import ToolRegistry

TOO_LARGE = Refusal(
    gate="policy",
    rule="plan.batch_too_large",
    reason="batch 50% exceeds the 20% limit in production: phase 'Wave 1 of 2' changes 5 of 10 assets, at most 2 are"
    " allowed",
)


def plan_of(outcome: AgentOutcome) -> DriftRemediationPlan:
    assert outcome.finding == "plan", outcome.reason
    assert isinstance(outcome.plan, DriftRemediationPlan)
    assert outcome.plan_json == outcome.plan.model_dump(mode="json")
    return outcome.plan


def waves(plan: DriftRemediationPlan) -> list[float]:
    return [phase.batch_percent for phase in plan.phases if phase.type == "wave"]


@pytest.mark.parametrize("seed", [1, 2, 3, 11, 2024])
async def test_a_drifted_fleet_ends_in_a_plan_that_every_member_carried(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member], seed: int
) -> None:
    async with bench(await draw(tmp_path, seed=seed), model_client, members) as made:
        outcome = await made.work(spec())
        plan = plan_of(outcome)
        assets = await made.assets()
    assert (plan.org, plan.task_id, plan.revision, plan.environment) == (ORG, TASK, 1, "production")
    assert all(assets[name].tags["role"] == "web" for name in plan.asset_ids)
    assert all(assets[name].environment == "production" for name in plan.asset_ids)
    assert {row.asset_id: row.fingerprint for row in plan.expectations} == {
        name: assets[name].fingerprint for name in plan.asset_ids
    }
    assert all(assets[name].image_version != plan.target_image.version for name in plan.asset_ids)
    assert [phase.type for phase in plan.phases[:2]] == ["canary", "wait"]
    assert max(waves(plan)) <= 20
    assert plan.simulation is not None
    assert plan.rollback.actions
    assert {item.tool_call_id for item in plan.evidence} <= set(outcome.tool_call_ids)
    council = outcome.council
    assert (council.mode, council.effective_votes, council.consensus) == ("council", 3, True)
    phases = [tally for tally in council.tallies if tally.claim.kind == "phase"]
    actions = [tally for tally in council.tallies if tally.claim.kind == "action"]
    assert [tally.carried for tally in actions] == [True] * sum(len(phase.actions) for phase in plan.phases)
    assert phases
    assert all(len(tally.support) == 3 for tally in phases)
    assert {dissent.member for dissent in council.dissent} >= {"Amber", "Cedar"}


@pytest.mark.parametrize(
    ("environment", "role"), [("staging", "api"), ("development", "worker"), ("production", "db"), ("staging", None)]
)
async def test_the_plan_stays_within_what_the_task_names(
    workbench: Bench, environment: Environment, role: str | None
) -> None:
    outcome = await workbench.work(spec(environment, role=role))
    assert outcome.finding in {"plan", "nothing_to_do"}, outcome.reason
    assets = await workbench.assets()
    for name in outcome.plan.asset_ids if outcome.plan else []:
        assert assets[name].environment == environment
        assert role is None or assets[name].tags["role"] == role


@pytest.mark.parametrize("mode", ["single", "aggregation"])
async def test_the_other_modes_end_in_a_plan_too_and_claim_no_consensus(workbench: Bench, mode: Mode) -> None:
    outcome = await workbench.work(spec(), mode=mode)
    plan_of(outcome)
    assert (outcome.council.mode, outcome.council.consensus) == (mode, False)


async def test_the_work_is_shown_while_it_happens(workbench: Bench) -> None:
    outcome = await workbench.work(spec())
    events = workbench.watcher.events
    tools = [event for event in events if isinstance(event, ToolProgress)]
    assert [event.call_id for event in tools if event.state == "running"] == outcome.tool_call_ids
    # Of several that a turn made at a time, any may be done first.
    assert sorted(event.call_id for event in tools if event.state == "done") == sorted(outcome.tool_call_ids)
    assert outcome.tool_call_ids[0] == f"{TASK}-r1-t1"
    for kind in (MemberProgress, VoteProgress, TallyProgress):
        assert any(isinstance(event, kind) for event in events)


async def test_every_step_is_in_the_ledger_under_keys_of_its_revision(workbench: Bench) -> None:
    first = await workbench.work(spec())
    second = await workbench.work(spec(), revision=2, refusals=(TOO_LARGE,))
    invoked = workbench.entries.of("agent_invoked")
    assert [(body["revision"], len(body["refusals"])) for body in invoked] == [(1, 0), (2, 1)]
    assert invoked[0]["prompts"]["drift.report"]["checksum"].startswith("sha256:")
    assert len(workbench.entries.of("council_voted")) == 2
    digests = [body["digest"] for body in workbench.entries.of("plan_proposed")]
    assert digests == [plan_of(first).digest, plan_of(second).digest]
    assert len(workbench.entries.of("tool_called")) == len(first.tool_call_ids) + len(second.tool_call_ids)
    assert not set(first.tool_call_ids) & set(second.tool_call_ids)


HALF = Constraints(max_batch_percent=50, wait_seconds=5, canary_size=2)


async def test_what_a_person_asks_of_the_rollout_is_proposed_as_asked(workbench: Bench) -> None:
    plan = plan_of(await workbench.work(spec(constraints=HALF)))
    assert max(waves(plan)) > 20
    assert len(plan.phases[0].asset_ids) == 2
    assert plan.phases[1].wait_seconds == 5


async def test_a_refused_plan_is_repaired_to_the_limit_the_refusal_states(workbench: Bench) -> None:
    plan = plan_of(await workbench.work(spec(constraints=HALF), revision=2, refusals=(TOO_LARGE,)))
    assert plan.revision == 2
    assert max(waves(plan)) <= 20


async def test_models_that_ignore_a_refusal_get_no_better_plan_than_they_propose(
    workbench: Bench, rehearsal: Rehearsal
) -> None:
    await rehearsal.fault("stubborn")
    plan = plan_of(await workbench.work(spec(constraints=HALF), revision=2, refusals=(TOO_LARGE,)))
    assert max(waves(plan)) > 20


async def test_a_fleet_on_its_golden_image_is_nothing_to_do(workbench: Bench) -> None:
    plan = plan_of(await workbench.work(spec("staging")))
    drifted = [row.asset_id for row in plan.version_comparison]
    image = plan.target_image.id
    changed = await workbench.estate.apply_image(ORG, drifted, image, idempotency_key="k1", kind="rollout")
    assert all(row.ok for row in changed)
    outcome = await workbench.work(spec("staging"), revision=2)
    assert (outcome.finding, outcome.plan) == ("nothing_to_do", None)
    assert "Nothing to change" in outcome.reason


async def test_a_healthy_fleet_that_a_member_disputes_is_inconclusive(workbench: Bench, rehearsal: Rehearsal) -> None:
    plan = plan_of(await workbench.work(spec("staging")))
    drifted, image = plan.asset_ids, plan.target_image.id
    await workbench.estate.apply_image(ORG, drifted, image, idempotency_key="k1", kind="rollout")
    await rehearsal.fault("confident_nonsense", model="rehearsal-birch")
    outcome = await workbench.work(spec("staging"), revision=2)
    assert (outcome.finding, outcome.council.consensus) == ("inconclusive", False)


@dataclass
class Forging:
    """The real client, except that Birch cites a value that no tool returned. Keeps what voters are told."""

    inner: ModelClient
    ballots: list[str] = field(default_factory=list[str])

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        if request.purpose == "vote":
            self.ballots.append(request.messages[-1].content)
        reply = await self.inner.chat(member, request)
        if request.purpose != "report" or member.name != "Birch":
            return reply
        report = json.loads(reply.text)
        report["claims"].append(
            {
                "text": "t",
                "subject": "web-base",
                "attribute": "target_version",
                "value": "99.0.0",
                "confidence": 1,
                "receipts": [{"tool_call_id": f"{TASK}-r1-t3", "path": "/image/version", "value": "99.0.0"}],
            }
        )
        return replace(reply, text=json.dumps(report))


async def test_every_voter_is_told_which_receipts_hold(workbench: Bench, model_client: LiteLLMClient) -> None:
    forging = Forging(model_client)
    council = replace(workbench.orchestrator.council, client=forging)
    workbench.orchestrator = replace(workbench.orchestrator, council=council)
    outcome = await workbench.work(spec())
    plan_of(outcome)
    assert len(forging.ballots) == 3
    for ballot in forging.ballots:
        marks = {line for line in ballot.splitlines() if 'source="item"' in line}
        assert sum('receipts="fail"' in mark for mark in marks) == 1
        assert sum('receipts="hold"' in mark for mark in marks) >= 4
    forged = next(tally for tally in outcome.council.tallies if "99.0.0" in tally.claim.text)
    assert not forged.carried


async def test_an_agent_is_never_built_with_a_tool_that_changes_state(workbench: Bench) -> None:
    registry = ToolRegistry()
    for tool in drift_tools():
        registry.add(replace(tool, risk="state_change_prod") if tool.name == "query_assets" else tool)
    workbench.agent = replace(workbench.agent, registry=registry)
    with pytest.raises(ValueError, match="query_assets"):
        await workbench.work(spec())


async def test_no_matching_asset_is_not_taken_for_a_healthy_fleet(workbench: Bench) -> None:
    outcome = await workbench.work(spec(role="mainframe"))
    assert (outcome.finding, outcome.council.members) == ("inconclusive", [])
    assert "No asset matches" in outcome.reason


@pytest.mark.parametrize("everyone", [False, True])
async def test_invented_assets_are_never_in_a_plan(workbench: Bench, rehearsal: Rehearsal, everyone: bool) -> None:
    await rehearsal.fault("invented_assets", model="*" if everyone else "rehearsal-birch")
    outcome = await workbench.work(spec())
    assert not any(name in str(outcome.plan_json) for name in INVENTED)
    if not everyone:
        plan_of(outcome)
        assert any("no tool listed as drifted" in note for note in outcome.notes)
        rows = [tally for tally in outcome.council.tallies if INVENTED[0] in tally.claim.text]
        assert rows
        assert not any(tally.carried for tally in rows)


async def test_one_member_that_is_confidently_wrong_stops_the_plan_and_is_seen(
    workbench: Bench, rehearsal: Rehearsal
) -> None:
    await rehearsal.fault("confident_nonsense", model="rehearsal-cedar")
    outcome = await workbench.work(spec())
    assert (outcome.finding, outcome.plan) == ("inconclusive", None)
    assert any(dissent.member == "Cedar" for dissent in outcome.council.dissent)
    wrong = [tally for tally in outcome.council.tallies if tally.claim.text.startswith("web-base: target_version is 9")]
    assert wrong
    assert not any(tally.carried for tally in wrong)


@pytest.mark.parametrize("kind", ["status_429", "status_500", "cut_stream", "invalid_json"])
async def test_a_member_that_fails_degrades_the_council_visibly(
    workbench: Bench, rehearsal: Rehearsal, kind: str
) -> None:
    await rehearsal.fault(kind, model="rehearsal-cedar")
    outcome = await workbench.work(spec())
    plan_of(outcome)
    assert (outcome.council.mode, outcome.council.requested_mode) == ("aggregation", "council")
    assert outcome.council.degraded
    assert "Cedar" in outcome.council.degraded


async def test_a_lead_that_fails_midway_is_followed_by_the_next_member(workbench: Bench, rehearsal: Rehearsal) -> None:
    await rehearsal.fault("status_500", model="rehearsal-amber", count=3)
    plan_of(await workbench.work(spec()))
    assert any("Amber" in note for note in workbench.watcher.notes)


async def test_no_model_at_all_is_an_error_and_not_an_outcome(workbench: Bench, rehearsal: Rehearsal) -> None:
    await rehearsal.fault("status_500")
    with pytest.raises(ModelError, match="No model could investigate"):
        await workbench.work(spec())


class Away:
    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        raise ConnectionError("opa is away")


async def test_an_asset_named_in_the_task_narrows_the_plan_to_it(workbench: Bench) -> None:
    plan = plan_of(await workbench.work(spec()))
    one = plan.asset_ids[0]
    task = spec().model_copy(update={"context": TaskContext(asset_ids=[one])})
    assert plan_of(await workbench.work(task, revision=2)).asset_ids == [one]


async def test_a_policy_engine_that_is_away_stops_the_work(workbench: Bench) -> None:
    workbench.authorizer = Away()
    with pytest.raises(InvestigationUnavailable):
        await workbench.work(spec())


async def test_the_diagnosis_is_the_members_own_where_its_claims_cite_all_of_it(workbench: Bench) -> None:
    outcome = await workbench.work(spec())
    assert re.match(r"\d+ of \d+ assets of production/web are not on web-base 2\.", outcome.diagnosis)


@pytest.mark.parametrize("mode", ["single", "aggregation", "council"])
async def test_a_diagnosis_that_states_what_no_claim_cites_is_replaced_by_what_the_results_show(
    workbench: Bench, rehearsal: Rehearsal, mode: Mode
) -> None:
    """A model that says what the request says: figures and names that no tool returned, on the card to decide by."""
    await rehearsal.fault("parrot")
    words = "web-prod-99 runs 9.9.9 at 31 sites"
    outcome = await workbench.work(spec().model_copy(update={"user_intent": words}), mode=mode)
    assert plan_of(outcome)
    assert outcome.diagnosis.startswith("What the tool results show: ")
    assert "target version is 2." in outcome.diagnosis
    assert not any(invented in f"{outcome.diagnosis} {outcome.missing}" for invented in ("99", "9.9.9", "31"))
