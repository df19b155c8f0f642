"""One tool call, and the start of a phase, as the dispatcher and the execution ask about them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from policies.authorizer import PolicyAuthorizer
from policies.autonomy import AutonomyCheck, ChangeHistory
from policies.bundle import load_bundle
from policies.engine import PolicyEngine, PolicyUnavailable
from policies.execution import ExecutionCheck
from policies.opa import open_opa
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.documents import DIGEST
from tests.unit.policies.opa_server import OpaServer
from tests.unit.policies.plans import CATALOG, NOW, ORG, REQUESTER, TASK, NoHistory, make_estate, make_plan, tool
from tools.base import ToolCall
from tools.contracts.common import JsonObject
from tools.contracts.grant import ExecutionGrant
from tools.contracts.identity import Caller, Role
from tools.contracts.ledger import LedgerUnavailable
from tools.contracts.verdict import ApprovalRequirement, Refusal

REQUIREMENT = ApprovalRequirement(roles=["approver", "admin"], quorum=1, expires_in_seconds=14400)


def grant() -> ExecutionGrant:
    return ExecutionGrant(
        org=ORG,
        task_id=TASK,
        plan_digest=DIGEST,
        policy_digest=DIGEST,
        environment="production",
        phase="Canary",
        tools=["execute_rollout_prod"],
        asset_ids=["web-0001"],
        expires_at=NOW + timedelta(minutes=5),
        approvers=["U0BOSS"],
        mac="m",
    )


def call(*, params: JsonObject | None = None, granted: ExecutionGrant | None = None) -> ToolCall:
    return ToolCall(
        id="c1",
        tool="execute_rollout_prod",
        params={"asset_ids": ["web-0001"], "target_image_id": "i"} if params is None else params,
        caller=Caller(org=ORG, user=REQUESTER, roles=["operator"]),
        task_id=TASK,
        allowed_tools=frozenset({"execute_rollout_prod"}),
        environment="production",
        grant=granted,
    )


def authorizer(engine: PolicyEngine) -> PolicyAuthorizer:
    return PolicyAuthorizer(engine, now=lambda: NOW)


async def test_a_granted_change_is_authorized(opa: PolicyEngine, regorus: RegorusEngine) -> None:
    for engine in (opa, regorus):
        assert await authorizer(engine).authorize(tool("execute_rollout_prod"), call(granted=grant())) == []


async def test_a_change_without_a_grant_is_refused_with_a_reason(regorus: RegorusEngine) -> None:
    reasons = await authorizer(regorus).authorize(tool("execute_rollout_prod"), call())
    assert reasons == ["tool execute_rollout_prod changes state and there is no grant: only an approved plan gives one"]


@pytest.mark.parametrize("named", ["web-0009", {"web-0009": 1}, None, ["web-0009"]])
async def test_assets_outside_the_grant_are_refused_however_they_are_written(
    named: object, regorus: RegorusEngine
) -> None:
    asked = call(params={"asset_ids": named, "target_image_id": "i"}, granted=grant())
    assert await authorizer(regorus).authorize(tool("execute_rollout_prod"), asked)


async def test_a_single_asset_parameter_counts_too(regorus: RegorusEngine) -> None:
    asked = call(params={"asset_ids": ["web-0001"], "asset_id": "web-0009"}, granted=grant())
    assert await authorizer(regorus).authorize(tool("execute_rollout_prod"), asked)


async def test_a_package_that_is_missing_authorizes_nothing() -> None:
    shipped = load_bundle()
    modules = tuple(module for module in shipped.modules if "tools" not in module.id)
    engine = RegorusEngine(type(shipped)(modules=modules, data=shipped.data))
    reasons = await authorizer(engine).authorize(tool("execute_rollout_prod"), call(granted=grant()))
    assert len(reasons) == 1
    assert "undefined" in reasons[0]


async def test_with_opa_away_a_call_and_a_phase_raise(own_opa_server: OpaServer) -> None:
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    await own_opa_server.stop()
    with pytest.raises(PolicyUnavailable):
        await authorizer(engine).authorize(tool("execute_rollout_prod"), call(granted=grant()))
    with pytest.raises(PolicyUnavailable):
        await recheck(engine)
    await engine.aclose()


# --- before a phase ---


async def recheck(
    engine: PolicyEngine,
    *,
    approvers: list[tuple[str, list[Role]]] | None = None,
    quorum: int = 1,
    approved: str | None = None,
    minutes: int = 0,
    history: ChangeHistory | None = None,
) -> list[Refusal]:
    plan = make_plan()
    people = [("U0BOSS", list[Role](["approver"]))] if approvers is None else approvers
    autonomy = AutonomyCheck(engine, make_estate(), CATALOG, history or NoHistory())
    return await ExecutionCheck(engine, autonomy).recheck(
        plan,
        phase=plan.phases[0],
        requester=Caller(org=ORG, user=REQUESTER, roles=["operator"]),
        risk_level="high",
        unattended=False,
        approvers=[Caller(org=ORG, user=user, roles=roles) for user, roles in people],
        requirement=REQUIREMENT.model_copy(update={"quorum": quorum}),
        approved_policy_digest=load_bundle().digest if approved is None else approved,
        now=NOW + timedelta(minutes=minutes),
    )


async def test_an_approved_plan_may_start_in_its_window(opa: PolicyEngine, regorus: RegorusEngine) -> None:
    for engine in (opa, regorus):
        assert await recheck(engine) == []


async def test_a_phase_after_the_window_does_not_start(regorus: RegorusEngine) -> None:
    assert [refusal.rule for refusal in await recheck(regorus, minutes=300)] == ["execution.outside_window"]
    assert await recheck(regorus, minutes=299) == []


async def test_an_approver_who_lost_the_role_no_longer_counts(regorus: RegorusEngine) -> None:
    assert [refusal.rule for refusal in await recheck(regorus, approvers=[("U0BOSS", [])])] == ["execution.quorum"]


async def test_the_person_who_asked_never_counts_as_an_approver(regorus: RegorusEngine) -> None:
    both: list[tuple[str, list[Role]]] = [(REQUESTER, ["admin"]), ("U0BOSS", ["admin"])]
    assert [refusal.rule for refusal in await recheck(regorus, approvers=both, quorum=2)] == ["execution.quorum"]


async def test_policies_that_changed_since_the_approval_stop_it(own_opa_server: OpaServer) -> None:
    engine = await open_opa(own_opa_server.url, load_bundle(), timeout_seconds=5)
    approved = await engine.digest()
    assert await recheck(engine, approved=approved) == []
    changed = load_bundle({"freezes": [], "limits": {**load_bundle().data["limits"], "orgs": {ORG: {"quorum": 1}}}})
    other = await open_opa(own_opa_server.url, changed, timeout_seconds=5)
    assert [refusal.rule for refusal in await recheck(engine, approved=approved)] == ["execution.policy_changed"]
    await other.aclose()
    await engine.aclose()


async def test_a_freeze_that_begins_after_the_approval_stops_the_next_phase() -> None:
    freeze = {"org": ORG, "environment": "production", "reason": "incident", "start": NOW.isoformat()}
    bundle = load_bundle({"freezes": [{**freeze, "end": (NOW + timedelta(hours=1)).isoformat()}]})
    engine = RegorusEngine(bundle)
    refusals = await recheck(engine, approved=bundle.digest, minutes=1)
    assert [refusal.reason for refusal in refusals] == ["production is frozen: incident"]
    assert await recheck(engine, approved=bundle.digest, minutes=60) == []


def declared(environment: str = "production") -> JsonObject:
    """A freeze that somebody declared, as the ledger gives it to the policies."""
    span = {"start": NOW.isoformat(), "end": (NOW + timedelta(hours=1)).isoformat()}
    return {"org": ORG, "environment": environment, "reason": "incident", **span}


async def test_a_freeze_that_was_declared_after_the_approval_stops_the_next_phase(
    opa: PolicyEngine, regorus: RegorusEngine
) -> None:
    for engine in (opa, regorus):
        refusals = await recheck(engine, history=NoHistory(frozen=[declared()]), minutes=1)
        assert [refusal.rule for refusal in refusals] == ["execution.frozen"]
        assert await recheck(engine, history=NoHistory(frozen=[declared("staging")]), minutes=1) == []


async def test_while_nobody_can_say_what_is_frozen_no_phase_starts(regorus: RegorusEngine) -> None:
    class Unreadable(NoHistory):
        async def freezes(self, org: str, *, now: datetime) -> list[JsonObject]:
            raise LedgerUnavailable("away")

    with pytest.raises(LedgerUnavailable):
        await recheck(regorus, history=Unreadable())
