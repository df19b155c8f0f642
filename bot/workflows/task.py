"""One task, from the request to its outcome. Durable: this code is replayed, so it decides and never acts."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

from bot.workflows import steps
from bot.workflows.approval import Approval
from bot.workflows.asking import Asking
from bot.workflows.controls import Controls
from bot.workflows.ended import Ended, run_unless_cancelled, stop_if_cancelled, thread_of
from bot.workflows.execution import Execution
from bot.workflows.going_on import goes_on_from
from bot.workflows.handing_on import HandingOn
from bot.workflows.inbox import Inbox
from bot.workflows.messages import (
    Answer,
    Carried,
    ConcludeInput,
    InvestigateInput,
    JudgeInput,
    Proposal,
    TaskRequest,
    TaskResult,
    TaskState,
)
from bot.workflows.reporting import Reporting
from bot.workflows.sizes import GAVE_UP, reason_of
from tools.contracts.control import Control
from tools.contracts.decision import Decision
from tools.contracts.edit import Edit
from tools.contracts.taskspec import TaskSpec
from tools.contracts.verdict import Refusal, Subject

MOST_DETAIL = 4000
"""Characters of why it ended: it names refusals, in the words of policies and models."""


@workflow.defn(name="gavel-task")
class TaskWorkflow:
    """Understand → investigate → judge (repair, bounded) → approve → execute → conclude."""

    @workflow.init
    def __init__(self, begun: TaskRequest | Carried) -> None:
        request = begun if isinstance(begun, TaskRequest) else begun.state.request
        # What somebody else says it is like does not count: only the run before this one knows.
        taken_up = begun if isinstance(begun, Carried) and goes_on_from(begun.run_id) else None
        self.state = taken_up.state if taken_up else TaskState(request=request, thread_ts=request.thread_ts)
        self._controls = Controls(self.state)
        self._inbox = Inbox(self.state)
        self._turn = HandingOn(self.state, self._controls, unread=lambda: self._inbox.unread)
        self._inbox.hand_on_by(self._turn)
        if taken_up is not None:
            # Before any signal of this run: they came earlier.
            self._inbox.take_up(taken_up.unread)
            for control in taken_up.controls:
                self._controls.add(control)

    @workflow.run
    async def run(self, begun: TaskRequest | Carried) -> TaskResult:
        """`begun`: what was asked; for a run that goes on from another one, what that one handed on."""
        del begun
        heeding = asyncio.create_task(self._controls.heed())
        try:
            await self._work(self.state.request)
        except Ended as ended:
            self.state.outcome, self.state.detail = ended.outcome, ended.detail[:MOST_DETAIL]
        except GAVE_UP as error:
            self.state.outcome, self.state.detail = "failed", reason_of(error)[:500]
        self.state.status = "done"
        result = self._result()
        await self._conclude(result)
        settled = self.state.outcome not in ("expired", "cancelled") and self.state.proposal is not None
        await self._inbox.turn_late_ones_away("already_settled" if settled else "late")
        await workflow.wait_condition(lambda: self._controls.settled)
        heeding.cancel()
        return result

    # Handlers only enqueue: no await here, so none can interleave with the run method halfway through a decision.

    @workflow.signal
    def decide(self, decision: Decision) -> None:
        self._inbox.add(decision)

    @workflow.signal
    def answer(self, answer: Answer) -> None:
        self._inbox.add(answer)

    @workflow.signal
    def edit(self, edit: Edit) -> None:
        self._inbox.add(edit)

    @workflow.signal
    def control(self, control: Control) -> None:
        self._controls.add(control)

    @workflow.query
    def task_state(self) -> TaskState:
        return self.state

    async def _work(self, request: TaskRequest) -> None:
        """From wherever the state says that the task stands: at its beginning, or where the run before this one was."""
        if not await self._is_authentic(request):
            raise Ended("refused", "This request did not come through a door Gavel can vouch for. Nothing was done.")
        spec = self.state.spec or await Asking(self.state, self._inbox).understand(request)
        while True:
            proposal = self.state.proposal or await self._propose(spec)
            if proposal.report.shown_only:
                where = proposal.plan.environment
                raise Ended("plan_only", f"{where} is plan-only. Nothing can be approved or run there.")
            execution = self._execution(spec, proposal)
            if self.state.approved:
                break
            if proposal.unattended_phases:
                await self._run_alone(execution, spec, proposal)
                break
            refined = await self._approval(spec, proposal).quorum()
            if refined is None:
                break
            # Another revision goes the whole way: investigated, judged by every gate, put to people, approved anew.
            spec = refined
        self.state.approved = True
        # Before the run, which may take an hour: who clicked in the same second is told now.
        await self._inbox.turn_late_ones_away("already_settled")
        self.state.status = "executing"
        outcome, detail = await execution.run()
        raise Ended(outcome, detail)

    async def _run_alone(self, execution: Execution, spec: TaskSpec, proposal: Proposal) -> None:
        """What the policies let run without a person's yes. Returns when all that is left may run."""
        if self.state.status != "awaiting_approval":
            self.state.status = "executing"
            ended = await execution.run_until(proposal.unattended_phases)
            if ended is not None:
                raise Ended(*ended)
        if proposal.unattended_phases == len(proposal.plan.phases):
            return
        try:
            stop_if_cancelled(self.state)
            await self._approval(spec, proposal).of_the_rest()
        except Ended as over:
            why = f"The canary ran, and the rest was not approved: {over.detail}"
            raise Ended(*await execution.give_up(over.outcome, why)) from over
        except GAVE_UP as error:
            why = f"The canary ran, and nobody could be asked about the rest: {reason_of(error)}"[:500]
            raise Ended(*await execution.give_up("failed", why)) from error

    async def _propose(self, spec: TaskSpec) -> Proposal:
        """Investigate and judge until a plan passes every gate or the repair attempts are used up."""
        refusals: list[Refusal] = []
        judged_as: Subject = "plan"
        limits = self.state.request.limits
        for attempts_left in range(limits.repair_attempts, -1, -1):
            stop_if_cancelled(self.state)
            self.state.revision += 1
            self.state.status = "investigating"
            investigated = await run_unless_cancelled(
                self.state,
                steps.INVESTIGATE,
                InvestigateInput(
                    request=self.state.request,
                    thread_ts=thread_of(self.state),
                    spec=spec,
                    revision=self.state.revision,
                    refusals=refusals,
                ),
            )
            if investigated.no_plan is not None:
                raise Ended(investigated.no_plan, investigated.reason)
            self.state.status = "validating"
            judged = await steps.run(
                steps.JUDGE,
                JudgeInput(
                    request=self.state.request,
                    thread_ts=thread_of(self.state),
                    spec=spec,
                    revision=self.state.revision,
                    investigated=investigated,
                    attempts_left=attempts_left,
                ),
            )
            if judged.report.allowed and judged.found is not None:
                reporting = Reporting(self.state, spec, thread_of(self.state))
                raise Ended("reported", await reporting.end(judged.found, judged, investigated))
            plan, requirement = judged.plan, judged.report.requirement
            if judged.report.allowed and plan is not None and requirement is not None:
                proposal = Proposal(
                    revision=self.state.revision,
                    plan=plan,
                    report=judged.report,
                    requirement=requirement,
                    council=investigated.council,
                    nonce="",
                    shapers=list(dict.fromkeys(self.state.shapers)),
                    expires_at="",
                )
                self.state.proposal = proposal
                await self._approval(spec, proposal).offer(diagnosis=investigated.diagnosis)
                await self._let_others_look()
                return proposal
            refusals, judged_as = judged.report.refusals, judged.report.subject
            if not all(refusal.repairable for refusal in refusals):
                break
        reasons = "; ".join(f"{refusal.reason} ({refusal.rule})" for refusal in refusals[:5])
        what = "plan" if judged_as == "plan" else "report"
        raise Ended("refused", f"The {what} was refused and nothing was run. {reasons}")

    async def _conclude(self, result: TaskResult) -> None:
        """Say how it ended. However large what it had in hand is, nobody waits for a word."""
        try:
            await steps.run(steps.CONCLUDE, ConcludeInput(state=self.state, result=result))
        except ApplicationError as error:
            workflow.logger.warning("The end is told without what led to it: %s", error.message)
            brief = TaskState(
                request=replace(self.state.request, quoted="", whole=""),
                status=self.state.status,
                thread_ts=self.state.thread_ts,
                outcome=self.state.outcome,
                detail=self.state.detail,
                ended_by=self.state.ended_by,
            )
            await steps.run(steps.CONCLUDE, ConcludeInput(state=brief, result=result))

    async def _let_others_look(self) -> None:
        """The task of an alert waits for people now: the desk that began it need not keep the next one waiting."""
        request, desk = self.state.request, workflow.info().parent
        if desk is None or request.source != "alert" or request.handed_over_from or request.part_of:
            return
        # The desk may have gone home.
        with suppress(FailureError):
            await workflow.get_external_workflow_handle(desk.workflow_id).signal("waits", request.task_id)

    async def _is_authentic(self, request: TaskRequest) -> bool:
        return await steps.authenticate(request)

    def _approval(self, spec: TaskSpec, proposal: Proposal) -> Approval:
        return Approval(self.state, self._inbox, spec, proposal)

    def _execution(self, spec: TaskSpec, proposal: Proposal) -> Execution:
        return Execution(self.state, spec, proposal, controls=self._controls, inbox=self._inbox, turn=self._turn)

    def _result(self) -> TaskResult:
        proposal, reported = self.state.proposal, self.state.reported
        judged = proposal.report.policy_digest if proposal else reported.policy_digest if reported else None
        council = proposal.council if proposal else reported.council if reported else None
        return TaskResult(
            task_id=self.state.request.task_id,
            outcome=self.state.outcome or "failed",
            detail=self.state.detail,
            revision=self.state.revision,
            plan_digest=proposal.plan.digest if proposal else None,
            policy_digest=judged,
            agreement=council.agreement if council else None,
            dissent=len(council.dissent) if council else 0,
            approvers=proposal.approvals if proposal else [],
            ended_by=self.state.ended_by,
            reason_kind=self.state.reason_kind,
            report_digest=reported.digest if reported else None,
            handed_over_to=reported.handed_over_to if reported else "",
            waiver=proposal.waiver if proposal else "",
            phases_run=sum(phase.state in ("done", "rolled_back", "failed") for phase in self.state.phases),
        )
