"""An approver who reads nothing: whatever the gates let through is approved and run, and run once more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bot.evals.room import NOW, ORG, Notes
from tests.hostile.safety.world import Place, World
from tools.base import ToolCall
from tools.contracts.common import JsonObject
from tools.contracts.grant import ExecutionGrant
from tools.contracts.identity import Caller
from tools.contracts.outputs import read_plan
from tools.contracts.plan import Action, Plan
from tools.contracts.taskspec import TaskSpec
from tools.contracts.verdict import GateReport
from tools.grants import sign_grant
from tools.resources import named_resources

APPROVER = "U0GRACE001"


@dataclass
class Run:
    """What an approved plan did."""

    calls: int = 0
    failed: list[str] = field(default_factory=list[str])
    repeated: int = 0
    """Calls that were made again with the same id, as after a crash."""


async def try_without_approval(
    output: JsonObject, spec: TaskSpec, world: World, place: Place, notes: Notes
) -> list[str]:
    """Every action of a plan, put to the dispatcher as it stands. The tools that ran."""
    plan, ran, dispatcher = read_plan(output), list[str](), world.dispatcher(place, notes)
    for number, action in enumerate(_actions(plan)):
        tool = world.registry.get(action.tool)
        if tool is None or not tool.risk.startswith("state_change"):
            continue
        result = await dispatcher.dispatch(_call(plan, action, spec, f"bare-{number}", grant=None))
        if result.ok:
            ran.append(action.tool)
    return ran


async def approve_and_run(
    output: JsonObject, report: GateReport, spec: TaskSpec, world: World, place: Place, notes: Notes
) -> Run:
    """As `bot.workflows.activities.calling` makes grants and calls: each phase under one for exactly it."""
    plan, run = read_plan(output), Run()
    for phase in plan.phases:
        grant = sign_grant(
            ExecutionGrant(
                org=plan.org,
                task_id=plan.task_id,
                plan_digest=plan.digest,
                policy_digest=report.policy_digest or "",
                environment=plan.environment,
                phase=phase.name,
                tools=sorted({action.tool for action in phase.actions}),
                asset_ids=sorted({asset for action in phase.actions for asset in action.asset_ids}),
                resource_ids=sorted({name for action in phase.actions for name in named_resources(action.params)}),
                expires_at=NOW + timedelta(minutes=15),
                approvers=[APPROVER],
                waiver="",
            ),
            world.grant_key,
        )
        for action in phase.actions:
            for attempt in range(2):
                call = _call(plan, action, spec, f"{plan.task_id}:{phase.name}:{action.id}", grant=grant)
                result = await world.dispatcher(place, notes).dispatch(call)
                run.calls += attempt == 0
                run.repeated += attempt
                if not result.ok and attempt == 0:
                    run.failed.append(f"{action.tool}: {result.failure}")
    return run


def _actions(plan: Plan) -> list[Action]:
    return [action for phase in plan.phases for action in phase.actions] + plan.rollback.actions


def _call(plan: Plan, action: Action, spec: TaskSpec, name: str, *, grant: ExecutionGrant | None) -> ToolCall:
    return ToolCall(
        id=name,
        tool=action.tool,
        params=action.params,
        caller=Caller(org=ORG, user=spec.user, roles=["operator"], channel="C1"),
        task_id=plan.task_id,
        allowed_tools=frozenset({action.tool}),
        environment=plan.environment,
        grant=grant,
    )
