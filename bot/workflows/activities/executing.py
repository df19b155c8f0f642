"""One phase of an approved plan: everything is checked again, then the tools run under a grant, then health decides."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity

from bot.blocks.words import plural
from bot.ledger.soon import OutcomesSoon
from bot.workflows.activities.observing import begun_assets, call_id, not_as_approved
from bot.workflows.activities.progress import progress_shown
from bot.workflows.activities.retrying import of_this_attempt, working
from bot.workflows.messages import (
    PhaseInput,
    PhaseResult,
    Proposal,
    RollbackInput,
    RollbackResult,
    TaskRequest,
)
from bot.workflows.workbench import Workbench
from policies.engine import PolicyUnavailable
from tools.base import ToolCall, ToolResult
from tools.contracts.common import JsonObject
from tools.contracts.grant import ExecutionGrant
from tools.contracts.identity import Caller
from tools.contracts.ledger import LedgerKind
from tools.contracts.plan import Action, Phase
from tools.contracts.rollout import RolloutPlan
from tools.drift import CheckHealthInput, CheckHealthOutput, ExecuteRolloutOutput
from tools.grants import sign_grant

GRANT_LIFE = timedelta(minutes=15)
HEALTH_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Executing:
    bench: Workbench

    @activity.defn(name="run_phase")
    async def run_phase(self, message: PhaseInput) -> PhaseResult:
        """Run one phase once, however often this is called: each action's call id is its idempotency key."""
        request, phase = message.request, message.proposal.plan.phases[message.index]
        async with (
            working(self.bench, request, message.thread_ts),
            progress_shown(self.bench, message) as progress,
        ):
            (caller, approvers), begun = await asyncio.gather(
                self._people(request, message.proposal),
                begun_assets(self.bench, message.proposal.plan, [message.index]),
            )
            reason = await self._refused(message, phase, caller, approvers, begun)
            if reason:
                # What an attempt before a crash has begun is still there to be undone.
                refused = f"Not {'finished' if begun else 'run'}: {reason}"
                body = {"ran": bool(begun), "ok": False, "detail": refused, "touched": begun}
                await self._record(message, "phase_finished", body)
                return PhaseResult(ok=False, ran=bool(begun), detail=refused, touched=begun)
            tools = [action.tool for action in phase.actions]
            # Durable with the first change's own entry, and so before it.
            await self._record(message, "phase_started", {"assets": phase.asset_ids, "actions": tools}, soon=True)
            result = await self._run(message, phase, caller, approvers)
            body = {"ran": True, "ok": result.ok, "detail": result.detail, "touched": result.touched}
            await self._record(message, "phase_finished", body)
            await progress.over(result)
            return result

    @activity.defn(name="roll_back")
    async def roll_back(self, message: RollbackInput) -> RollbackResult:
        """Put back exactly the assets that were touched, by the rollback actions that were approved with the plan."""
        request, plan = message.request, message.proposal.plan
        async with working(self.bench, request, message.thread_ts):
            caller = await self.bench.caller(request)
            # Of a phase that was given up, only what is on record as begun can have changed.
            begun = await begun_assets(self.bench, plan, range(len(plan.phases)))
            touched, failed = set(message.touched).intersection(begun), list[str]()
            for action in plan.rollback.actions:
                assets = [asset for asset in action.asset_ids if asset in touched]
                if not assets:
                    continue
                narrowed = action.model_copy(
                    update={"asset_ids": assets, "params": {**action.params, "asset_ids": assets, "rollback": True}}
                )
                phase = Phase(name="Rollback", type="rollback", asset_ids=assets, actions=[narrowed])
                grant = self._grant(message.proposal, phase, message.proposal.approvals)
                result = await self._call(message.proposal, narrowed, caller, grant, name="rollback")
                if result.failure is not None:
                    failed += [f"{asset}: {result.failure.message}" for asset in assets]
                    continue
                outcomes = ExecuteRolloutOutput.model_validate(result.output).outcomes
                failed += [f"{outcome.asset_id}: {outcome.message}" for outcome in outcomes if not outcome.ok]
            uncovered = touched - {asset for action in plan.rollback.actions for asset in action.asset_ids}
            failed += [f"{asset}: no rollback was approved for it" for asset in sorted(uncovered)]
            back = len(touched) - len(failed)
            detail = f"{back} of {len(touched)} assets are back on their earlier image."
            if not touched:
                detail = "No change had been begun."
            if failed:
                detail += f" Look at these now: {'; '.join(failed[:5])}"
            await self.bench.ledger.record(
                "rollback_finished",
                {
                    "ok": not failed,
                    "reason": message.reason,
                    "environment": plan.environment,
                    "touched": sorted(touched),
                    "failed": failed,
                },
                org=request.org,
                task_id=request.task_id,
                actor="gavel",
                key=of_this_attempt(f"rollback:r{plan.revision}"),
            )
            return RollbackResult(ok=not failed, detail=detail)

    async def _people(self, request: TaskRequest, proposal: Proposal) -> tuple[Caller, list[Caller]]:
        """Who asked and who approved, with the roles they hold now."""
        requester, roles = await asyncio.gather(
            self.bench.caller(request),
            asyncio.gather(*(self.bench.roles.roles_of(user) for user in proposal.approvals)),
        )
        approvers = [
            Caller(org=request.org, user=user, roles=held) for user, held in zip(proposal.approvals, roles, strict=True)
        ]
        return requester, approvers

    async def _refused(
        self, message: PhaseInput, phase: Phase, caller: Caller, approvers: list[Caller], begun: list[str]
    ) -> str | None:
        """Why the phase may not run any more, or None."""
        plan, report = message.proposal.plan, message.proposal.report
        refusals, changed = await asyncio.gather(
            self.bench.rechecks.recheck(
                plan,
                phase=phase,
                requester=caller,
                risk_level=message.spec.risk_level,
                approvers=approvers,
                requirement=message.proposal.requirement,
                approved_policy_digest=report.policy_digest or "",
                unattended=message.index < message.proposal.unattended_phases,
                now=self.bench.now(),
            ),
            not_as_approved(self.bench, message, begun),
        )
        if refusals:
            return "; ".join(refusal.reason for refusal in refusals)
        if changed:
            return f"{', '.join(changed[:5])} changed since the plan was approved. Ask again for a fresh plan."
        return None

    async def _run(self, message: PhaseInput, phase: Phase, caller: Caller, approvers: list[Caller]) -> PhaseResult:
        proposal, touched = message.proposal, list[str]()
        grant = self._grant(proposal, phase, [approver.user for approver in approvers])
        for action in phase.actions:
            touched += action.asset_ids
            result = await self._call(proposal, action, caller, grant, name=f"p{message.index}")
            if result.failure is not None:
                return PhaseResult(ok=False, ran=True, detail=result.failure.message, touched=touched)
            outcomes = ExecuteRolloutOutput.model_validate(result.output).outcomes
            failed = [f"{outcome.asset_id}: {outcome.message}" for outcome in outcomes if not outcome.ok]
            if failed:
                return PhaseResult(ok=False, ran=True, detail="; ".join(failed[:5]), touched=touched)
        unhealthy = await self._unhealthy(message, phase, caller)
        if unhealthy:
            return PhaseResult(ok=False, ran=True, detail=f"Unhealthy: {unhealthy}", touched=touched)
        return PhaseResult(
            ok=True, ran=True, detail=f"{plural(len(phase.asset_ids), 'asset')}, healthy.", touched=touched
        )

    async def _unhealthy(self, message: PhaseInput, phase: Phase, caller: Caller) -> str | None:
        """Ask until healthy or until the longest check's time is over."""
        if not phase.health_checks:
            return None
        plan, loop = message.proposal.plan, asyncio.get_running_loop()
        deadline = loop.time() + max(check.timeout_seconds for check in phase.health_checks)
        params = CheckHealthInput(
            asset_ids=phase.asset_ids,
            checks=phase.health_checks,
            target_version=plan.target_image.version if isinstance(plan, RolloutPlan) else None,
        ).model_dump(mode="json")
        attempt = 0
        while True:
            attempt += 1
            call = ToolCall(
                id=f"{plan.task_id}:r{plan.revision}:p{message.index}:health:{activity.info().attempt}.{attempt}",
                tool="check_health",
                params=params,
                caller=caller,
                task_id=plan.task_id,
                allowed_tools=frozenset({"check_health"}),
                environment=plan.environment,
            )
            result = self._answered(await self.bench.dispatcher(OutcomesSoon(self.bench.ledger)).dispatch(call))
            if result.failure is not None:
                found = result.failure.message
            else:
                health = CheckHealthOutput.model_validate(result.output)
                if health.healthy and health.checked_assets == len(phase.asset_ids):
                    return None
                found = "; ".join(f"{row.asset_id} {row.check}: {row.observed}" for row in health.findings[:5])
            if loop.time() + HEALTH_POLL_SECONDS > deadline:
                return found or "not every asset could be checked"
            await asyncio.sleep(HEALTH_POLL_SECONDS)

    async def _call(
        self, proposal: Proposal, action: Action, caller: Caller, grant: ExecutionGrant, *, name: str
    ) -> ToolResult:
        plan = proposal.plan
        call = ToolCall(
            id=call_id(plan, name, action),
            tool=action.tool,
            params=action.params,
            caller=caller,
            task_id=plan.task_id,
            allowed_tools=frozenset({action.tool}),
            environment=plan.environment,
            grant=grant,
        )
        return self._answered(await self.bench.dispatcher(OutcomesSoon(self.bench.ledger)).dispatch(call))

    @staticmethod
    def _answered(result: ToolResult) -> ToolResult:
        """Away is not failed: the same call is made again, with the same id."""
        if result.failure is not None and result.failure.kind == "unavailable":
            raise PolicyUnavailable(result.failure.message)
        return result

    def _grant(self, proposal: Proposal, phase: Phase, approvers: list[str]) -> ExecutionGrant:
        """For exactly this phase's tools and assets, and not for long. Nobody approved: by which mode."""
        plan = proposal.plan
        return sign_grant(
            ExecutionGrant(
                org=plan.org,
                task_id=plan.task_id,
                plan_digest=plan.digest,
                policy_digest=proposal.report.policy_digest or "",
                environment=plan.environment,
                phase=phase.name,
                tools=sorted({action.tool for action in phase.actions}),
                asset_ids=phase.asset_ids,
                expires_at=self.bench.now() + GRANT_LIFE,
                approvers=approvers,
                waiver="" if approvers else proposal.waiver,
            ),
            self.bench.grant_key,
        )

    async def _record(self, message: PhaseInput, kind: LedgerKind, body: JsonObject, *, soon: bool = False) -> None:
        plan = message.proposal.plan
        append = self.bench.ledger.append_soon if soon else self.bench.ledger.append
        await append(
            kind,
            {
                "phase": plan.phases[message.index].name,
                "index": message.index,
                "environment": plan.environment,
                "plan_digest": plan.digest,
                **body,
            },
            org=message.request.org,
            task_id=message.request.task_id,
            actor="gavel",
            key=of_this_attempt(f"{kind}:r{plan.revision}:{message.index}"),
            request=None,
        )
