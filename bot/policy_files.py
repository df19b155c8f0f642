"""A plan in a file, judged now as if an agent had proposed it: `gavel policy explain FILE`. Nothing is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.clock import utc_now
from bot.estates import open_estate
from bot.ledger.exported import NotAnExport, results_in
from bot.ledger.ledger import Ledger
from bot.policy_data import policy_bundle
from bot.policy_review import NOBODY, ReviewError, opened, read_json
from bot.terminal import TerminalInputs
from policies.build import open_engine
from policies.checks import authority, origins, receipts
from policies.checks import report as reports
from policies.engine import PolicyEngine, is_list, is_object
from policies.gate import Gate, JudgeContext
from policies.images import PROMOTING, ImageRules
from policies.pipeline import Examination, Pipeline, build_pipeline
from policies.policy import PolicyGate
from policies.safety import CHECKS, REPORT_CHECKS, SafetyGate
from tools.contracts.common import AgentName, JsonObject, RiskLevel
from tools.contracts.identity import Caller
from tools.contracts.outputs import OUTPUT_OF
from tools.contracts.taskspec import Constraints, TaskContext, TaskSpec
from tools.contracts.verdict import Refusal
from tools.registry import build_registry

BY_RESULTS = frozenset(
    {
        receipts.plan_receipts,
        origins.as_the_tools_said,
        origins.operations_as_the_tools_said,
        authority.actions_as_planned,
    }
)
"""Checks that compare a plan with what tools returned. Without that they can be asked nothing."""
REPORT_BY_RESULTS = frozenset({reports.receipts, reports.assets_from_rows})

WITHOUT_RESULTS = "not judged here, no tool results given"


@dataclass(frozen=True)
class Asked:
    """What `explain` is given besides the file."""

    risk: RiskLevel
    roles: list[str]
    task: str = ""
    """Whose tools returned what the plan rests on, as the ledger has it. Empty: not given."""
    export: Path | None = None
    """The same, from an export of the ledger."""


@dataclass(frozen=True)
class Explained:
    examination: Examination
    not_judged: Mapping[str, str]
    """What was left out, and why. Empty: nothing."""


async def judge_file(inputs: TerminalInputs, path: Path, asked: Asked) -> Explained:
    """Raises :class:`ReviewError`, and `LedgerUnavailable`.

    Without tool results nothing that rests on them is judged, and that is told; the rest of the verdict is as it would
    be.
    """
    plan, settings = read_json(path), inputs.settings
    async with opened(inputs) as (ledger, exits):
        results = await _results(inputs, ledger, plan, asked)
        engine: PolicyEngine = await open_engine(settings.opa.url, bundle=policy_bundle(settings))
        exits.push_async_callback(engine.aclose)
        estate = open_estate(settings.estate, org=inputs.org, sample=settings.data_dir / "estate.db")
        exits.push_async_callback(estate.close)
        catalog = build_registry().catalog()
        pipeline = build_pipeline(
            engine,
            estate=estate,
            catalog=catalog,
            history=ledger,
            off=settings.gates.off,
            production=settings.production,
        )
        left_out: dict[str, str] = {}
        if results is None:
            left_out["receipts"] = WITHOUT_RESULTS
            if any(_promotes(plan)):
                left_out["promotions"] = WITHOUT_RESULTS
            safety = SafetyGate(
                estate,
                catalog,
                checks=[check for check in CHECKS if check not in BY_RESULTS],
                report_checks=[check for check in REPORT_CHECKS if check not in REPORT_BY_RESULTS],
            )
            policy = PolicyGate(engine, catalog, _WithoutPromotions(engine, estate), ledger)
            pipeline = Pipeline([_instead(gate, safety, policy) for gate in pipeline.gates])
        try:
            context = _context(plan, org=inputs.org, asked=asked, results=results or {})
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            raise ReviewError(f"{path}: {'/'.join(map(str, first['loc']))}: {first['msg']}") from error
        return Explained(await pipeline.examine(plan, context), left_out)


@dataclass(frozen=True)
class _WithoutPromotions(ImageRules):
    """Of an image that nobody validated here, nothing is known: only builds are judged."""

    async def judge(self, plan: JsonObject, context: JudgeContext) -> tuple[list[Refusal], dict[str, JsonObject]]:
        promoting = [id(action) for action in _promotes(plan)]
        phases = [
            {**phase, "actions": [action for action in phase["actions"] if id(action) not in promoting]}
            for phase in plan["phases"]
        ]
        return await super().judge({**plan, "phases": phases}, context)


def _instead(gate: Gate, safety: SafetyGate, policy: PolicyGate) -> Gate:
    """The same gate without what it cannot be asked. What is switched off stays so."""
    if isinstance(gate, SafetyGate):
        return safety
    return policy if isinstance(gate, PolicyGate) else gate


async def _results(
    inputs: TerminalInputs, ledger: Ledger, plan: JsonObject, asked: Asked
) -> dict[str, JsonObject] | None:
    """None: none were given."""
    cited = {*_named_calls(plan)}
    if asked.export is not None:
        task = asked.task or str(plan.get("task_id", ""))
        key = inputs.keys.derive("ledger")
        try:
            return await asyncio.to_thread(
                results_in, asked.export, key=key, org=inputs.org, task_id=task, call_ids=cited
            )
        except (NotAnExport, OSError) as error:
            raise ReviewError(f"No results were read. {error}") from error
    if not asked.task:
        return None
    found = await ledger.tool_results(inputs.org, asked.task, cited)
    if cited and not found:
        raise ReviewError(f"The ledger has no result of task {asked.task!r} that the plan rests on.")
    return found


def _named_calls(value: object) -> Iterator[str]:
    """Every tool call that the plan names, as evidence or in a receipt."""
    if is_object(value):
        call = value.get("tool_call_id")
        if isinstance(call, str):
            yield call
        for inner in value.values():
            yield from _named_calls(inner)
    elif is_list(value):
        for inner in value:
            yield from _named_calls(inner)


def _promotes(plan: JsonObject) -> Iterator[JsonObject]:
    phases = plan.get("phases")
    for phase in phases if is_list(phases) else []:
        actions = phase.get("actions") if is_object(phase) else None
        for action in actions if is_list(actions) else []:
            if is_object(action) and action.get("tool") in PROMOTING:
                yield action


def _context(plan: JsonObject, *, org: str, asked: Asked, results: Mapping[str, JsonObject]) -> JudgeContext:
    contract = str(plan.get("kind", ""))
    agents: list[AgentName] = [agent for agent, kind in OUTPUT_OF.items() if kind == contract]
    agent: AgentName = agents[0] if agents else "drift"
    evidence = plan.get("evidence")
    calls = {str(item.get("tool_call_id")) for item in (evidence if is_list(evidence) else []) if is_object(item)}
    given: dict[str, Any] = {"environment": plan.get("environment"), "task_id": plan.get("task_id", "")}
    caller = Caller.model_validate({"org": org, "user": "terminal:asker", "roles": asked.roles})
    spec = TaskSpec.model_validate(
        {
            "id": given["task_id"],
            "task_type": _TASKS.get(agent, "drift_remediation"),
            "goal": "explained from a terminal",
            "user_intent": "",
            "org": org,
            "user": caller.user,
            "environment": given["environment"],
            "context": TaskContext(),
            "constraints": Constraints(),
            "agents": [agent],
            "tools_required": [],
            "risk_level": asked.risk,
            "approval_required": True,
            "timeout_seconds": 3600,
            "mode": "single",
            "confidence": 1.0,
        }
    )
    revision = plan.get("revision")
    return JudgeContext(
        caller=caller,
        spec=spec,
        agent=agent,
        contract=contract,
        revision=revision if isinstance(revision, int) else 1,
        council=NOBODY,
        known_tool_calls=frozenset(calls),
        results=results,
        approval_expiry_seconds=None,
        now=utc_now(),
    )


_TASKS: Mapping[AgentName, str] = {
    "drift": "drift_remediation",
    "patch": "patch_rollout",
    "compliance": "compliance_audit",
    "incident": "incident_analysis",
    "dr": "dr_readiness",
    "cost": "cost_optimization",
    "security": "security_review",
    "image": "image_lifecycle",
}
