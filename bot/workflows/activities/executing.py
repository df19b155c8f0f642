"""One phase of an approved plan: all is checked again, then its tools run under a grant, then its checks decide."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from temporalio import activity

from bot.blocks.words import plural
from bot.workflows.activities.calling import Calls
from bot.workflows.activities.observing import Touched, begun, not_as_approved
from bot.workflows.activities.progress import progress_shown
from bot.workflows.activities.retrying import of_this_attempt, working
from bot.workflows.activities.undoing import undo
from bot.workflows.activities.verifying import Verifying
from bot.workflows.messages import Given, PhaseInput, PhaseResult, Proposal, RollbackInput, RollbackResult, TaskRequest
from bot.workflows.workbench import Workbench
from policies.images import ImageRules, promotions_of
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller, Role
from tools.contracts.ledger import LedgerKind
from tools.contracts.plan import Phase
from tools.image.models import ValidateImageInput


@dataclass(frozen=True)
class Executing:
    bench: Workbench

    @activity.defn(name="run_phase")
    async def run_phase(self, message: PhaseInput) -> PhaseResult:
        """Run one phase once, however often this is called: each action's call id is its idempotency key."""
        request, phase = message.request, message.proposal.plan.phases[message.index]
        digest = message.proposal.plan.digest
        async with (
            working(self.bench, request, message.thread_ts),
            progress_shown(self.bench, message) as progress,
        ):
            caller, approvers = await self._people(request, message.proposal)
            reason, ours = await self._refused(message, phase, caller, approvers, digest=digest)
            reason = reason or await self._unfit(message, phase, caller, ours)
            if reason:
                # What an attempt before a crash has begun is still there to be undone.
                refused = f"Not {'finished' if ours else 'run'}: {reason}"
                return await self._finished(message, digest, _result(refused, ours, ok=False, ran=bool(ours)))
            resources, tools = Touched.by(phase.actions).resources, [action.tool for action in phase.actions]
            body: JsonObject = {"assets": phase.asset_ids, "resources": resources, "actions": tools}
            # Durable with the first change's own entry, and so before it.
            await self._record(message, digest, "phase_started", body, soon=True)
            result = await self._finished(message, digest, await self._run(message, phase, caller, approvers))
            await progress.over(result)
            return result

    @activity.defn(name="roll_back")
    async def roll_back(self, message: RollbackInput) -> RollbackResult:
        """Put back exactly what was touched, by the rollback actions that were approved with the plan."""
        request, proposal = message.request, message.proposal
        async with working(self.bench, request, message.thread_ts):
            calls = Calls(self.bench, proposal, await self.bench.caller(request), proposal.approvals)
            # Of a phase that was given up, only what is on record as begun can have changed.
            really = await begun(self.bench, proposal.plan, range(len(proposal.plan.phases)))
            touched = Touched(
                assets=[asset for asset in message.touched if asset in really.assets],
                resources=[resource for resource in message.resources if resource in really.resources],
            )
            undone = await undo(calls, touched)
            await self.bench.ledger.record(
                "rollback_finished",
                {
                    "ok": not undone.failed,
                    "reason": message.reason,
                    "environment": proposal.plan.environment,
                    "touched": sorted(touched.assets),
                    "resources": sorted(touched.resources),
                    "left": undone.left,
                    "failed": [f"{name}: {why}" for name, why in undone.failed.items()],
                },
                org=request.org,
                task_id=request.task_id,
                actor="gavel",
                key=of_this_attempt(f"rollback:r{proposal.plan.revision}"),
            )
            return RollbackResult(ok=not undone.failed, detail=undone.sentence())

    async def _people(self, request: TaskRequest, proposal: Proposal) -> tuple[Caller, list[Caller]]:
        """Who asked and who approved, with the roles they hold now. A role by which somebody approved in another's name
        is held as long as that person holds it and lends it."""
        requester, roles = await asyncio.gather(
            self.bench.caller(request), asyncio.gather(*(self._held(request, each) for each in proposal.given))
        )
        approvers = [
            Caller(org=request.org, user=each.user, roles=held)
            for each, held in zip(proposal.given, roles, strict=True)
        ]
        return requester, approvers

    async def _held(self, request: TaskRequest, given: Given) -> list[Role]:
        if not given.behalf:
            return await self.bench.roles.roles_of(given.user)
        lendings = await self.bench.delegations.to(request.org, given.user, now=self.bench.now())
        if given.behalf not in {lending.giver for lending in lendings}:
            return []
        return await self.bench.roles.roles_of(given.behalf)

    async def _refused(
        self, message: PhaseInput, phase: Phase, caller: Caller, approvers: list[Caller], *, digest: str
    ) -> tuple[str | None, Touched]:
        """Why the phase may not run any more, or None; and what an attempt before this one has begun of it. `digest` is
        of the plan that would run.
        """
        plan, report = message.proposal.plan, message.proposal.report
        if digest != report.plan_digest:
            foreign = "this is not the plan that was judged and approved. Ask again for a fresh plan."
            return foreign, await begun(self.bench, plan, [message.index])
        refusals, (changed, ours) = await asyncio.gather(
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
            self._changed(message),
        )
        if refusals:
            return "; ".join(refusal.reason for refusal in refusals), ours
        if changed:
            return f"{', '.join(changed[:5])} changed since the plan was approved. Ask again for a fresh plan.", ours
        return None, ours

    async def _changed(self, message: PhaseInput) -> tuple[list[str], Touched]:
        """What is not as it was approved, and what an attempt before this one has begun."""
        ours = await begun(self.bench, message.proposal.plan, [message.index])
        return await not_as_approved(self.bench, message, ours), ours

    async def _unfit(self, message: PhaseInput, phase: Phase, caller: Caller, ours: Touched) -> str | None:
        """Why the policies do not let an image be promoted now (`ql.ai.images`), or None. What an earlier attempt has
        begun is past that: the same call is answered from what it did."""
        promotions = promotions_of(phase)
        if not promotions or ours:
            return None
        calls = Calls(self.bench, message.proposal, caller, [])
        results: dict[str, JsonObject] = {}
        for number, action in enumerate(promotions):
            params = ValidateImageInput(image_id=action["params"]["image_id"]).model_dump(mode="json")
            name = f"p{message.index}:fit:{activity.info().attempt}.{number}"
            seen = await calls.read("validate_image", params, name=name)
            if seen.output is not None:
                results[seen.call.id] = seen.output
        rules = ImageRules(self.bench.rechecks.engine, self.bench.estate)
        now, org = self.bench.now(), message.request.org
        refusals, _ = await rules.judge_actions(promotions, org=org, now=now, results=results)
        return "; ".join(refusal.reason for refusal in refusals) or None

    async def _run(self, message: PhaseInput, phase: Phase, caller: Caller, approvers: list[Caller]) -> PhaseResult:
        calls = Calls(self.bench, message.proposal, caller, [approver.user for approver in approvers])
        grant = calls.grant(phase.name, phase.actions)
        for number, action in enumerate(phase.actions, start=1):
            changed = await calls.change(action, grant, name=f"p{message.index}")
            if not changed.ok:
                return _result(changed.sentence(), Touched.by(phase.actions[:number]), ok=False)
        touched = Touched.by(phase.actions)
        amiss = await Verifying(calls, message.index).amiss()
        if amiss:
            return _result(f"Unhealthy: {amiss}", touched, ok=False)
        return _result(_done(phase), touched, ok=True)

    async def _finished(self, message: PhaseInput, digest: str, result: PhaseResult) -> PhaseResult:
        body: JsonObject = {"ran": result.ran, "ok": result.ok, "detail": result.detail, "touched": result.touched}
        await self._record(message, digest, "phase_finished", {**body, "resources": result.resources})
        return result

    async def _record(
        self, message: PhaseInput, digest: str, kind: LedgerKind, body: JsonObject, *, soon: bool = False
    ) -> None:
        plan = message.proposal.plan
        append = self.bench.ledger.append_soon if soon else self.bench.ledger.append
        await append(
            kind,
            {
                "phase": plan.phases[message.index].name,
                "index": message.index,
                "environment": plan.environment,
                "plan_digest": digest,
                **body,
            },
            org=message.request.org,
            task_id=message.request.task_id,
            actor="gavel",
            key=of_this_attempt(f"{kind}:r{plan.revision}:{message.index}"),
            request=None,
        )


def _result(detail: str, touched: Touched, *, ok: bool, ran: bool = True) -> PhaseResult:
    return PhaseResult(ok=ok, ran=ran, detail=detail, touched=touched.assets, resources=touched.resources)


def _done(phase: Phase) -> str:
    resources = list(
        dict.fromkeys([*Touched.by(phase.actions).resources, *(check.resource_id for check in phase.resource_checks)])
    )
    if resources:
        return f"{', '.join(resources[:5])}: as it should be."
    return f"{plural(len(phase.asset_ids), 'asset')}, healthy."
