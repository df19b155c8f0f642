"""Gate 3: the plan against the estate as it is, and against itself. No rule engine: facts and arithmetic."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from policies.engine import PolicyUnavailable, is_list
from policies.gate import Catalog, Finding, JudgeContext
from tools.connectors.base import AssetQuery, Estate, EstateError
from tools.contracts.common import JsonObject
from tools.contracts.estate import Asset
from tools.contracts.plan import Action, DriftRemediationPlan
from tools.contracts.verdict import Refusal
from tools.guards.schemas import schema_problems

MAX_SHOWN = 5
PAGE = 500


@dataclass(frozen=True)
class SafetyGate:
    """Relies on the schema gate: the plan is a valid document of its contract."""

    estate: Estate
    catalog: Catalog
    name: Literal["safety"] = "safety"

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        judged = DriftRemediationPlan.model_validate(plan)
        observed = await self._observed(judged, context)
        problems = [
            *_identity(judged, context),
            *_evidence(judged, context),
            *_actions(judged, self.catalog),
            *_coverage(judged),
            *_undo(judged),
            *_estate(judged, observed),
        ]
        return Finding(
            [
                Refusal(gate="safety", rule=f"safety.{rule}", reason=reason, repairable=rule not in _FINAL)
                for rule, reason in problems
            ],
            engine="safety checks",
        )

    async def _observed(self, plan: DriftRemediationPlan, context: JudgeContext) -> dict[str, Asset]:
        """The plan's assets, from the caller's org only, whatever org the plan names."""
        found: dict[str, Asset] = {}
        try:
            for start in range(0, len(plan.asset_ids), PAGE):
                query = AssetQuery(ids=plan.asset_ids[start : start + PAGE])
                assets, _ = await self.estate.assets(context.caller.org, query, limit=PAGE, cursor=None)
                found.update({asset.id: asset for asset in assets})
        except EstateError as error:
            raise PolicyUnavailable(f"The inventory could not be asked: {error}") from error
        return found


_FINAL = {"wrong_identity"}
"""Another plan cannot help."""

Problems = list[tuple[str, str]]


def _identity(plan: DriftRemediationPlan, context: JudgeContext) -> Problems:
    stated = (plan.org, plan.task_id, plan.revision, plan.environment)
    asked = (context.caller.org, context.spec.id, context.revision, context.spec.environment)
    if stated == asked and context.spec.org == context.caller.org:
        return []
    return [("wrong_identity", f"the plan is for {stated}, and what was asked is {asked}")]


def _evidence(plan: DriftRemediationPlan, context: JudgeContext) -> Problems:
    unknown = [item.tool_call_id for item in plan.evidence if item.tool_call_id not in context.known_tool_calls]
    if not plan.evidence:
        return [("no_evidence", "the plan rests on no tool result")]
    return [("unknown_evidence", f"no such tool call was made: {_some(unknown)}")] if unknown else []


def _actions(plan: DriftRemediationPlan, catalog: Catalog) -> Problems:
    problems: Problems = []
    for action in [*(action for phase in plan.phases for action in phase.actions), *plan.rollback.actions]:
        entry = catalog.get(action.tool)
        if entry is None:
            problems.append(("unknown_tool", f"action {action.id} uses {action.tool}, which is no tool"))
            continue
        if not str(entry["risk"]).startswith("state_change"):
            problems.append(("tool_changes_nothing", f"action {action.id} uses {action.tool}, which changes nothing"))
        for problem in schema_problems(entry["input_schema"], action.params):
            problems.append(("invalid_params", f"action {action.id}: {problem}"))
        if sorted(_named(action)) != sorted(action.asset_ids):
            problems.append(("params_differ", f"action {action.id} names other assets than its parameters do"))
    return problems[:MAX_SHOWN]


def _coverage(plan: DriftRemediationPlan) -> Problems:
    """Every asset changed exactly once, to the plan's own image; each phase names what its actions change."""
    problems: Problems = []
    changed = Counter(asset for phase in plan.phases for action in phase.actions for asset in action.asset_ids)
    if set(changed) != set(plan.asset_ids) or len(set(plan.asset_ids)) != len(plan.asset_ids):
        difference = sorted(set(changed) ^ set(plan.asset_ids))
        problems.append(("assets_differ", f"the phases do not change exactly the plan's assets: {_some(difference)}"))
    twice = [asset for asset, times in changed.items() if times > 1]
    if twice:
        problems.append(("changed_twice", f"changed more than once: {_some(twice)}"))
    for phase in plan.phases:
        named = {asset for action in phase.actions for asset in action.asset_ids}
        if phase.actions and named != set(phase.asset_ids):
            problems.append(("phase_differs", f"phase {phase.name!r} names other assets than its actions change"))
        if any(action.params.get("target_image_id") != plan.target_image.id for action in phase.actions):
            problems.append(("wrong_image", f"phase {phase.name!r} installs another image than the plan names"))
        share = 100 * len(phase.asset_ids) / max(len(plan.asset_ids), 1)
        if phase.actions and abs(share - phase.batch_percent) > 1:
            problems.append(
                ("batch_misstated", f"phase {phase.name!r} changes {share:.0f}%, not {phase.batch_percent}%")
            )
    expected = [expectation.asset_id for expectation in plan.expectations]
    if sorted(expected) != sorted(plan.asset_ids):
        problems.append(("no_expectation", "the plan does not say of every asset what it looked like"))
    return problems


def _undo(plan: DriftRemediationPlan) -> Problems:
    covered = {asset for action in plan.rollback.actions for asset in action.asset_ids}
    missing = sorted(set(plan.asset_ids) - covered)
    return [("no_way_back", f"the rollback does not cover {_some(missing)}")] if missing else []


def _estate(plan: DriftRemediationPlan, observed: dict[str, Asset]) -> Problems:
    problems: Problems = []
    missing = [asset for asset in plan.asset_ids if asset not in observed]
    if missing:
        problems.append(("unknown_asset", f"not in this org's inventory: {_some(missing)}"))
    elsewhere = [asset.id for asset in observed.values() if asset.environment != plan.environment]
    if elsewhere:
        problems.append(("wrong_environment", f"not in {plan.environment}: {_some(elsewhere)}"))
    changed = [
        expected.asset_id
        for expected in plan.expectations
        if expected.asset_id in observed and observed[expected.asset_id].fingerprint != expected.fingerprint
    ]
    if changed:
        problems.append(("stale", f"changed since the plan was written: {_some(changed)}"))
    return problems


def _named(action: Action) -> list[str]:
    named: object = action.params.get("asset_ids")
    return [str(asset) for asset in named] if is_list(named) else []


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(names[:MAX_SHOWN]) + more
