"""How much of a plan may run without a person's yes (`ql.ai.autonomy`). Asked at the approval gate, and again before
each phase that runs on a waiver. In doubt: nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pydantic import ValidationError

from policies.decisions import ask
from policies.engine import PolicyEngine
from policies.gate import Catalog
from policies.observing import observed_assets
from tools.connectors.base import Estate
from tools.contracts.common import Environment, JsonObject, RiskLevel
from tools.contracts.estate import Asset
from tools.contracts.identity import Caller
from tools.contracts.plan import Action, Plan
from tools.contracts.verdict import Autonomy, Refusal

PACKAGE = "ql.ai.autonomy"

NOWHERE_ALONE = "production"
"""Held here besides the policies: no policy text, whoever wrote it, waives an approval there."""

_HARMLESS = frozenset({"read_only", "plan_only"})


class ChangeHistory(Protocol):
    """What is on record of earlier changes, and of those that people said there may not be."""

    async def last_change(self, org: str, environment: Environment, *, besides: str) -> datetime | None:
        """When a task other than `besides` last changed something there, or began to; None: never, as far as is known.

        Raises `LedgerUnavailable`.
        """
        ...

    async def freezes(self, org: str, *, now: datetime) -> list[JsonObject]:
        """What people declared frozen, has not ended and was not thawed, as `ql.ai.calendar` reads it.

        Raises `LedgerUnavailable`.
        """
        ...


@dataclass(frozen=True)
class Judgement:
    """Either `autonomy` or refusals, and what the policy was asked."""

    refusals: list[Refusal]
    autonomy: Autonomy | None
    document: JsonObject


@dataclass(frozen=True)
class AutonomyCheck:
    engine: PolicyEngine
    estate: Estate
    catalog: Catalog
    history: ChangeHistory

    async def judge(self, plan: Plan, *, caller: Caller, risk_level: RiskLevel, now: datetime) -> Judgement:
        """Raises `PolicyUnavailable`, `EstateError` and `LedgerUnavailable` when what must be asked is away."""
        document = await self._document(plan, caller=caller, risk_level=risk_level, now=now)
        decision, refusals = await ask(self.engine, PACKAGE, document, gate="approval")
        if refusals:
            return Judgement(refusals, None, document)
        try:
            autonomy = Autonomy.model_validate(
                {name: decision.get(name) for name in ("mode", "unattended_phases", "blockers")}
            )
        except ValidationError as error:
            reason = f"the policy did not say how much may run without approval: {error.errors()[0]['msg']}"
            return Judgement([_refusal("autonomy.unreadable", reason)], None, document)
        if autonomy.unattended_phases > len(plan.phases):
            reason = f"the policy lets {autonomy.unattended_phases} phases run without approval of {len(plan.phases)}"
            return Judgement([_refusal("autonomy.unreadable", reason)], None, document)
        if autonomy.unattended_phases and self._changes_production(plan):
            reason = "the policy would let a change of production run without approval: nothing may waive that"
            return Judgement([_refusal("autonomy.production", reason)], None, document)
        return Judgement([], autonomy, document)

    def _changes_production(self, plan: Plan) -> bool:
        risks = {self._risk(action) for action in _actions(plan)}
        return plan.environment == NOWHERE_ALONE or not risks <= _HARMLESS | {"state_change_nonprod"}

    def _risk(self, action: Action) -> str:
        entry = self.catalog.get(action.tool)
        return str(entry["risk"]) if entry is not None else "unknown"

    async def _document(self, plan: Plan, *, caller: Caller, risk_level: RiskLevel, now: datetime) -> JsonObject:
        # Only a waiver rests on these, and production has none.
        assets, last = dict[str, Asset](), None
        if plan.environment != NOWHERE_ALONE:
            assets, last = await asyncio.gather(
                observed_assets(self.estate, caller.org, plan.asset_ids),
                self.history.last_change(caller.org, plan.environment, besides=plan.task_id),
            )
        return {
            "now": now.astimezone(UTC).isoformat(),
            "caller": {"org": caller.org, "user": caller.user, "alerted": caller.alerted},
            "task": {"risk_level": risk_level},
            "plan": {
                "org": plan.org,
                "environment": plan.environment,
                "asset_ids": list(plan.asset_ids),
                "phases": [{"type": phase.type, "actions": _tools(phase.actions)} for phase in plan.phases],
                "rollback": {"actions": _tools(plan.rollback.actions)},
            },
            "tools": {action.tool: self._risk(action) for action in _actions(plan)},
            "assets": [
                {"id": asset.id, "platform": asset.platform, "tags": dict(asset.tags)}
                for asset in assets.values()
                if asset.org_id == caller.org
            ],
            "last_change_at": None if last is None else last.astimezone(UTC).isoformat(),
        }


def _actions(plan: Plan) -> list[Action]:
    return [*(action for phase in plan.phases for action in phase.actions), *plan.rollback.actions]


def _tools(actions: list[Action]) -> list[JsonObject]:
    return [{"tool": action.tool} for action in actions]


def _refusal(rule: str, reason: str) -> Refusal:
    return Refusal(gate="approval", rule=rule, reason=reason, repairable=False)
