"""What runs without a person's yes, through the gate and the recheck: with the real engine, and each doubt a no."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import datetime, timedelta

import pytest

from policies.autonomy import AutonomyCheck
from policies.bundle import Module, load_bundle
from policies.execution import ExecutionCheck
from policies.pipeline import build_pipeline
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.plans import (
    CATALOG,
    NOW,
    ORG,
    REQUESTER,
    MemoryEstate,
    NoHistory,
    make_context,
    make_estate,
    make_plan,
)
from tests.unit.policies.settings_data import autonomy
from tools.contracts.common import Environment, JsonObject
from tools.contracts.identity import Caller
from tools.contracts.ledger import LedgerUnavailable
from tools.contracts.verdict import ApprovalRequirement, GateReport, Refusal

FULL = {"mode": "full_auto", "max_assets": 30}
REQUIREMENT = ApprovalRequirement(roles=["approver"], quorum=1, expires_in_seconds=60)


async def judged(
    own: JsonObject,
    *,
    environment: Environment = "staging",
    world: MemoryEstate | None = None,
    last: datetime | None = None,
) -> GateReport:
    pipeline = build_pipeline(
        RegorusEngine(load_bundle(autonomy(ORG, own))),
        estate=world or make_estate(10, environment=environment),
        catalog=CATALOG,
        history=NoHistory(last),
    )
    plan = make_plan(10, environment=environment)
    context = make_context(environment=environment, risk_level="low")
    return await pipeline.judge(plan.model_dump(mode="json"), context)


async def test_shipped_nothing_runs_alone() -> None:
    report = await judged({})
    assert report.autonomy is not None
    assert (report.autonomy.mode, report.unattended_phases, report.autonomy.blockers) == ("approve_all", 0, [])


async def test_each_mode_lets_run_alone_what_it_says() -> None:
    count = len(make_plan(10, environment="staging").phases)
    found = {
        mode: (await judged({**FULL, "mode": mode})).unattended_phases
        for mode in ("plan_only", "approve_all", "canary_only", "risk_based", "full_auto")
    }
    assert found == {"plan_only": 0, "approve_all": 0, "canary_only": 2, "risk_based": count, "full_auto": count}


async def test_plan_only_is_allowed_and_only_shown() -> None:
    report = await judged({"mode": "plan_only"})
    assert report.allowed
    assert report.shown_only


async def test_no_mode_lets_production_run_alone() -> None:
    for mode in ("canary_only", "risk_based", "full_auto"):
        report = await judged({**FULL, "mode": mode}, environment="production")
        assert report.allowed
        assert report.unattended_phases == 0


def answering(phases: str) -> RegorusEngine:
    """Policies in which somebody wrote that so many phases run alone."""
    shipped = load_bundle(autonomy(ORG, FULL))
    said = f'"unattended_phases": {phases}'
    modules = tuple(
        Module(
            module.id,
            module.text.replace('"unattended_phases": unattended_phases', said).replace('": blockers,', '": [],'),
        )
        for module in shipped.modules
    )
    return RegorusEngine(dataclasses.replace(shipped, modules=modules))


async def test_a_policy_that_would_let_production_run_alone_is_not_believed() -> None:
    """Held in code, too: whoever writes the policies cannot waive it."""
    check = AutonomyCheck(answering("3"), make_estate(10), CATALOG, NoHistory())
    found = await check.judge(make_plan(10), caller=Caller(org=ORG, user=REQUESTER), risk_level="low", now=NOW)
    assert found.autonomy is None
    assert {refusal.rule for refusal in found.refusals} == {"autonomy.production"}


ANSWERS = [
    pytest.param("999", "autonomy.unreadable", id="more phases than there are"),
    pytest.param("-1", "autonomy.unreadable", id="less than none"),
    pytest.param('"all"', "autonomy.unreadable", id="no number"),
    pytest.param("null", "autonomy.unreadable", id="nothing"),
]


@pytest.mark.parametrize(("answer", "rule"), ANSWERS)
async def test_an_answer_that_is_none_refuses(answer: str, rule: str) -> None:
    check = AutonomyCheck(answering(answer), make_estate(10, environment="staging"), CATALOG, NoHistory())
    found = await check.judge(
        make_plan(10, environment="staging"), caller=Caller(org=ORG, user=REQUESTER), risk_level="low", now=NOW
    )
    assert found.autonomy is None
    assert {refusal.rule for refusal in found.refusals} == {rule}


async def test_what_the_estate_tags_as_critical_brings_the_approval_back() -> None:
    world = make_estate(10, environment="staging")
    world.rows["web-0003"] = world.rows["web-0003"].model_copy(update={"tags": {"criticality": "critical"}})
    report = await judged(FULL, world=world)
    assert report.unattended_phases == 0
    assert report.autonomy is not None
    assert report.autonomy.blockers == ["asset web-0003 is critical"]


async def test_a_change_an_hour_ago_brings_the_approval_back() -> None:
    assert (await judged(FULL, last=NOW - timedelta(minutes=59))).unattended_phases == 0
    assert (await judged(FULL, last=NOW - timedelta(minutes=60))).unattended_phases > 0
    assert (await judged(FULL, last=NOW + timedelta(minutes=5))).unattended_phases == 0


class Silent(NoHistory):
    async def last_change(self, org: str, environment: Environment, *, besides: str) -> datetime | None:
        raise LedgerUnavailable(f"the ledger of {org} could not be read ({environment}, {besides})")


async def test_a_record_that_cannot_be_read_is_waited_for() -> None:
    pipeline = build_pipeline(
        RegorusEngine(load_bundle(autonomy(ORG, FULL))),
        estate=make_estate(10, environment="staging"),
        catalog=CATALOG,
        history=Silent(),
    )
    plan = make_plan(10, environment="staging")
    context = make_context(environment="staging", risk_level="low")
    report = await pipeline.judge(plan.model_dump(mode="json"), context)
    assert not report.allowed
    assert report.unavailable is not None
    assert "could not be read" in report.unavailable


# --- before each phase ---


async def recheck(
    own: JsonObject,
    *,
    phase: int = 0,
    environment: Environment = "staging",
    world: MemoryEstate | None = None,
    unattended: bool = True,
    approvers: tuple[str, ...] = (),
    more: JsonObject | None = None,
) -> set[str]:
    engine = RegorusEngine(load_bundle({**autonomy(ORG, own), **(more or {})}))
    estate = world or make_estate(10, environment=environment)
    plan = make_plan(10, environment=environment)
    refusals: list[Refusal] = await ExecutionCheck(engine, AutonomyCheck(engine, estate, CATALOG, NoHistory())).recheck(
        plan,
        phase=plan.phases[phase],
        requester=Caller(org=ORG, user=REQUESTER, roles=["operator"]),
        risk_level="low",
        approvers=[Caller(org=ORG, user=user, roles=["approver"]) for user in approvers],
        requirement=REQUIREMENT,
        approved_policy_digest=await engine.digest(),
        unattended=unattended,
        now=NOW,
    )
    return {refusal.rule for refusal in refusals}


LOST = {"execution.waiver", "execution.quorum"}


async def test_a_phase_that_may_run_alone_does() -> None:
    assert await recheck(FULL) == set()
    assert await recheck({**FULL, "mode": "canary_only"}, phase=1) == set()


async def test_the_phase_after_the_canary_does_not_run_alone() -> None:
    assert await recheck({**FULL, "mode": "canary_only"}, phase=2) == LOST


async def test_an_unattended_phase_of_production_never_runs() -> None:
    assert await recheck(FULL, environment="production") == LOST


async def test_without_the_waiver_approvals_are_asked_for() -> None:
    assert await recheck(FULL, unattended=False) == {"execution.quorum"}
    assert await recheck(FULL, unattended=False, approvers=("U0BOSS",)) == set()


async def test_a_blocker_that_came_since_stops_the_next_unattended_phase() -> None:
    world = make_estate(10, environment="staging")
    world.rows["web-0003"] = world.rows["web-0003"].model_copy(update={"tags": {"criticality": "critical"}})
    assert await recheck(FULL, world=world) == LOST
    assert await recheck(FULL, world=world, unattended=False, approvers=("U0BOSS",)) == set()


async def test_plan_only_stops_what_was_approved_before() -> None:
    assert await recheck({"mode": "plan_only"}, unattended=False, approvers=("U0BOSS",)) == {"execution.plan_only"}


SPAN = {"org": ORG, "environment": "staging", "reason": "stocktaking"}
TUESDAY = {**SPAN, "weekdays": ["Tuesday"], "from": "22:00", "to": "04:00", "time_zone": "Europe/Berlin"}
NOW_OPEN = {**TUESDAY, "from": "10:00", "to": "12:00"}


async def test_freezes_and_change_windows_hold_for_approved_phases_too() -> None:
    async def found(**more: object) -> set[str]:
        return await recheck(FULL, more=dict(more), unattended=False, approvers=("U0BOSS",))

    assert await found(windows=[TUESDAY]) == {"execution.outside_change_window"}
    assert await found(windows=[TUESDAY, NOW_OPEN]) == set()
    assert await found(freezes=[NOW_OPEN]) == {"execution.frozen"}
    assert await found(freezes=[TUESDAY]) == set()


class NeverSaid(NoHistory):
    """Nobody learns when anything was last changed."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = 0

    async def last_change(self, org: str, environment: Environment, *, besides: str) -> datetime | None:
        self.under_way += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.under_way -= 1
        return await super().last_change(org, environment, besides=besides)


async def test_what_nobody_may_approve_is_refused_without_a_word_on_what_may_run_alone() -> None:
    limits: JsonObject = {**load_bundle().data["limits"], "orgs": {ORG: {"roles": {"approve_nonproduction": []}}}}
    history = NeverSaid()
    pipeline = build_pipeline(
        RegorusEngine(load_bundle({"limits": limits})),
        estate=make_estate(10, environment="staging"),
        catalog=CATALOG,
        history=history,
    )
    plan = make_plan(10, environment="staging")
    report = await pipeline.judge(plan.model_dump(mode="json"), make_context(environment="staging"))
    assert [refusal.gate for refusal in report.refusals] == ["approval"]
    assert report.autonomy is None
    assert history.under_way == 0
