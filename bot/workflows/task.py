"""One task, from the request to its outcome. Durable: this code is replayed, so it decides and never acts."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from bot.workflows import steps
    from bot.workflows.answers import ANSWER_SENTENCES, is_older, problem_with
    from bot.workflows.controls import Controls
    from bot.workflows.decisions import SENTENCES, Counted, Problem, count, problem_before_roles
    from bot.workflows.execution import Execution
    from bot.workflows.follow_ups import FOLLOW_UP_SENTENCES
    from bot.workflows.messages import (
        AcceptedDecision,
        Answer,
        ConcludeInput,
        ConfirmedParts,
        Exchange,
        Fixed,
        FollowedUp,
        FollowUpInput,
        InvestigateInput,
        JudgeInput,
        Outcome,
        PresentInput,
        Proposal,
        RefusedDecision,
        RolesInput,
        SupersedeInput,
        TaskRequest,
        TaskResult,
        TaskState,
        TellInput,
        UnderstandInput,
        WarnInput,
    )
    from bot.workflows.parts import Parts, chosen, is_for
    from bot.workflows.reporting import Reporting
    from tools.contracts.control import Control
    from tools.contracts.decision import Decision
    from tools.contracts.taskspec import Intent, TaskSpec
    from tools.contracts.verdict import Refusal, Subject

INBOX_LIMIT = 1000
"""Signals kept while they wait to be weighed. A flood beyond it is dropped: no honest thread makes one."""

MAX_QUESTIONS = 3


class Ended(Exception):
    """The task is over. Carries what the person is told."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome: Outcome = outcome
        self.detail = detail


@workflow.defn(name="gavel-task")
class TaskWorkflow:
    """Understand → investigate → judge (repair, bounded) → approve → execute → conclude."""

    @workflow.init
    def __init__(self, request: TaskRequest) -> None:
        self.state = TaskState(request=request, thread_ts=request.thread_ts)
        self._inbox: list[Decision | Answer] = []
        self._controls = Controls(self.state)
        self._weighed = 0

    @workflow.run
    async def run(self, request: TaskRequest) -> TaskResult:
        heeding = asyncio.create_task(self._controls.heed())
        try:
            await self._work(request)
        except Ended as ended:
            self.state.outcome, self.state.detail = ended.outcome, ended.detail
        except ActivityError as error:
            cause = error.cause or error
            self.state.outcome, self.state.detail = "failed", f"{cause}"[:500]
        self.state.status = "done"
        result = self._result()
        await steps.run(steps.CONCLUDE, ConcludeInput(state=self.state, result=result))
        settled = self.state.outcome not in ("expired", "cancelled") and self.state.proposal is not None
        await self._turn_late_ones_away("already_settled" if settled else "late")
        await workflow.wait_condition(lambda: self._controls.settled)
        heeding.cancel()
        return result

    # Handlers only enqueue: no await here, so none can interleave with the run method halfway through a decision.

    @workflow.signal
    def decide(self, decision: Decision) -> None:
        if len(self._inbox) < INBOX_LIMIT:
            self._inbox.append(decision)

    @workflow.signal
    def answer(self, answer: Answer) -> None:
        if len(self._inbox) < INBOX_LIMIT:
            self._inbox.append(answer)

    @workflow.signal
    def control(self, control: Control) -> None:
        self._controls.add(control)

    @workflow.query
    def task_state(self) -> TaskState:
        return self.state

    async def _work(self, request: TaskRequest) -> None:
        if not await self._is_authentic(request):
            raise Ended("refused", "This request did not come through a door Gavel can vouch for. Nothing was done.")
        spec = await self._understand(request)
        while True:
            proposal = await self._propose(spec)
            if proposal.report.shown_only:
                where = proposal.plan.environment
                raise Ended("plan_only", f"{where} is plan-only. Nothing can be approved or run there.")
            execution = Execution(self.state, spec, proposal, controls=self._controls)
            if proposal.unattended_phases:
                await self._run_alone(execution, spec, proposal)
                break
            refined = await self._await_quorum(spec, proposal)
            if refined is None:
                break
            # Another revision goes the whole way: investigated, judged by every gate, put to people, approved anew.
            spec = refined
        # Before the run, which may take an hour: who clicked in the same second is told now.
        await self._turn_late_ones_away("already_settled")
        self.state.status = "executing"
        outcome, detail = await execution.run()
        raise Ended(outcome, detail)

    async def _run_alone(self, execution: Execution, spec: TaskSpec, proposal: Proposal) -> None:
        """What the policies let run without a person's yes. Returns when all that is left may run."""
        self.state.status = "executing"
        ended = await execution.run_until(proposal.unattended_phases)
        if ended is not None:
            raise Ended(*ended)
        if proposal.unattended_phases == len(proposal.plan.phases):
            return
        try:
            self._stop_if_cancelled()
            await self._offer(spec, proposal, diagnosis="", rest=True)
            await self._await_the_rest(spec, proposal)
        except Ended as over:
            why = f"The canary ran, and the rest was not approved: {over.detail}"
            raise Ended(*await execution.give_up(over.outcome, why)) from over
        except ActivityError as error:
            why = f"The canary ran, and nobody could be asked about the rest: {error.cause or error}"[:500]
            raise Ended(*await execution.give_up("failed", why)) from error

    async def _await_the_rest(self, spec: TaskSpec, proposal: Proposal) -> None:
        if await self._await_quorum(spec, proposal) is not None:
            # A reply cannot reshape a plan that has begun. Were it read as if it could, that is no approval.
            raise Ended("rejected", "The rest was asked for in another way. Ask again for a fresh plan.")

    async def _understand(self, request: TaskRequest) -> TaskSpec:
        """Ask until the task is sure, at most :data:`MAX_QUESTIONS` times. Nothing is guessed."""
        found = request.redacted
        while True:
            if self.state.thread_ts is not None:
                found = await self._warn_of_secrets(found)
            self.state.status = "understanding"
            understood = await steps.run(
                steps.UNDERSTAND,
                UnderstandInput(request=request, thread_ts=self.state.thread_ts, exchanges=self.state.exchanges),
            )
            self.state.thread_ts = understood.thread_ts
            if understood.thread_ts is not None:
                found = await self._warn_of_secrets(found)
            if understood.spec is not None:
                self.state.spec = understood.spec
                return understood.spec
            if understood.question is None:
                raise Ended("declined", understood.declined or "This is not something Gavel can do. Nothing was done.")
            if len(self.state.exchanges) >= MAX_QUESTIONS:
                raise Ended("declined", "It is still not clear what to do. Nothing was done. Ask again in other words.")
            exchange = Exchange(
                question_id=understood.question_id, question=understood.question, asked_at=understood.asked_at
            )
            self.state.exchanges.append(exchange)
            self.state.status = "asking"
            answer = await self._await_answer(exchange)
            exchange.answer, found = answer.text, answer.redacted
            if understood.intents and (numbers := chosen(answer.text, understood.intents)) is not None:
                await self._work_on_parts(understood.intents, numbers, user=answer.user, asked_at=exchange.asked_at)

    async def _work_on_parts(self, intents: list[Intent], numbers: list[int], *, user: str, asked_at: str) -> None:
        """Raises :class:`Ended` once every part has."""
        confirmed = ConfirmedParts(
            request=self.state.request,
            thread_ts=self._thread,
            intents=intents,
            chosen=numbers,
            user=user,
            asked_at=asked_at,
        )
        await steps.run(steps.CONFIRM_PARTS, confirmed)
        if not numbers:
            self.state.ended_by = user
            raise Ended("cancelled", "Nothing was started.")
        self._stop_if_cancelled()
        self.state.status = "working_on_parts"
        parts = Parts(
            self.state,
            said=lambda: bool(self._inbox),
            replies=self._take_replies,
            cancelled=lambda: self._controls.cancel,
        )
        raise Ended("parts_ended", await parts.run(intents, numbers))

    def _take_replies(self) -> list[Answer]:
        """Without decisions: each names its own task, and this one has no plan."""
        taken = [message for message in self._inbox if isinstance(message, Answer)]
        self._inbox.clear()
        return [answer for answer in taken if answer.unique not in self.state.heard]

    async def _warn_of_secrets(self, kinds: list[str]) -> list[str]:
        """Once, as soon as there is a thread to say it in. What is still to be said: nothing."""
        if kinds:
            warning = WarnInput(request=self.state.request, thread_ts=self._thread, kinds=kinds)
            await steps.run(steps.WARN_OF_SECRET, warning)
        return []

    async def _await_answer(self, exchange: Exchange) -> Answer:
        deadline = workflow.now() + timedelta(seconds=self.state.request.limits.question_seconds)
        while True:
            message = await self._next_message(deadline)
            if message is None:
                raise Ended(
                    "unanswered", "Nobody answered the question in time. Nothing was done. Ask again when ready."
                )
            if isinstance(message, Decision):
                await self._weigh(message, None)
            elif await self._answers(message, exchange):
                return message

    async def _answers(self, answer: Answer, exchange: Exchange | None) -> bool:
        """Whether it answers the open question. The one who meant it to is told where it does not."""
        if not await self._is_news(answer):
            return False
        problem = problem_with(answer, request=self.state.request, exchange=exchange)
        if problem == "said_before":
            return False
        self._note(answer)
        if problem is None:
            return True
        await self._tell(answer.user, ANSWER_SENTENCES[problem])
        return False

    async def _is_news(self, answer: Answer) -> bool:
        """Whether it is for this task, vouched for, and not Slack's second delivery of what was heard already."""
        mine = is_for(self.state.request, org=answer.org, task_id=answer.task_id)
        return (
            mine
            and not is_older(answer, self.state.request)
            and answer.unique not in self.state.heard
            and await self._is_authentic(answer)
        )

    def _note(self, answer: Answer) -> None:
        if answer.unique:
            self.state.heard.append(answer.unique)

    async def _propose(self, spec: TaskSpec) -> Proposal:
        """Investigate and judge until a plan passes every gate or the repair attempts are used up."""
        refusals: list[Refusal] = []
        judged_as: Subject = "plan"
        limits = self.state.request.limits
        for attempts_left in range(limits.repair_attempts, -1, -1):
            self._stop_if_cancelled()
            self.state.revision += 1
            self.state.status = "investigating"
            investigated = await steps.run(
                steps.INVESTIGATE,
                InvestigateInput(
                    request=self.state.request,
                    thread_ts=self._thread,
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
                    thread_ts=self._thread,
                    spec=spec,
                    revision=self.state.revision,
                    investigated=investigated,
                    attempts_left=attempts_left,
                ),
            )
            if judged.report.allowed and judged.found is not None:
                reporting = Reporting(self.state, spec, self._thread)
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
                await self._offer(spec, proposal, diagnosis=investigated.diagnosis)
                return proposal
            refusals, judged_as = judged.report.refusals, judged.report.subject
            if not all(refusal.repairable for refusal in refusals):
                break
        reasons = "; ".join(f"{refusal.reason} ({refusal.rule})" for refusal in refusals[:5])
        what = "plan" if judged_as == "plan" else "report"
        raise Ended("refused", f"The {what} was refused and nothing was run. {reasons}")

    async def _offer(self, spec: TaskSpec, proposal: Proposal, *, diagnosis: str, rest: bool = False) -> None:
        """Put it to people, with a nonce and a deadline of its own."""
        seconds = self.state.request.limits.approval_seconds or proposal.requirement.expires_in_seconds
        proposal.nonce = workflow.uuid4().hex
        proposal.expires_at = (workflow.now() + timedelta(seconds=seconds)).isoformat()
        proposal.card_ts = await steps.run(
            steps.PRESENT,
            PresentInput(
                request=self.state.request,
                thread_ts=self._thread,
                spec=spec,
                proposal=proposal,
                diagnosis=diagnosis,
                rest=rest,
            ),
        )
        if rest or not (proposal.unattended_phases or proposal.report.shown_only):
            proposal.open = True
            self.state.status = "awaiting_approval"

    async def _await_quorum(self, spec: TaskSpec, proposal: Proposal) -> TaskSpec | None:
        """None when enough distinct people approved; another spec when a reply refined it and this plan is void.

        Expiry, rejection and cancellation end the task.
        """
        deadline = datetime.fromisoformat(proposal.expires_at)
        while True:
            message = await self._next_message(deadline)
            if message is None:
                raise Ended(
                    "expired", "Nobody decided in time. The plan expired and nothing was run. Ask again when ready."
                )
            if isinstance(message, Answer):
                refined = await self._hear(message, spec, proposal)
                if refined is not None:
                    return refined
                continue
            counted = await self._weigh(message, proposal)
            if counted is None:
                continue
            await steps.run(
                steps.ACCEPT_DECISION,
                AcceptedDecision(
                    request=self.state.request,
                    thread_ts=self._thread,
                    spec=spec,
                    proposal=proposal,
                    user=message.user,
                    verdict=message.verdict,
                    reason=message.reason,
                    issued_at=message.issued_at,
                    settled=counted.settled is not None,
                    step_up=message.step_up,
                ),
            )
            proposal.open = counted.settled is None
            if counted.settled == "rejected":
                self.state.ended_by = message.user
                raise Ended("rejected", message.reason)
            if counted.settled == "approved":
                return None

    async def _weigh(self, decision: Decision, proposal: Proposal | None) -> Counted | None:
        """Count one decision, or tell the one who clicked why it does not count."""
        self._weighed += 1
        if not await self._is_authentic(decision):
            # A forged signal names whoever it likes: nobody is told, the ledger still knows.
            await self._refuse("", "forged")
            return None
        problem = problem_before_roles(decision, request=self.state.request, proposal=proposal, now=workflow.now())
        if problem is None and proposal is not None:
            # Read now, not when the card was posted: a role that was taken away must not decide.
            roles = await steps.run(steps.READ_ROLES, RolesInput(request=self.state.request, user=decision.user))
            # Reading may have waited; the deadline has not.
            problem = problem_before_roles(decision, request=self.state.request, proposal=proposal, now=workflow.now())
            counted = problem or count(decision, proposal=proposal, roles=roles)
            if isinstance(counted, Counted):
                return counted
            problem = counted
        await self._refuse(decision.user, problem or "nothing_to_decide")
        return None

    async def _hear(self, answer: Answer, spec: TaskSpec, proposal: Proposal) -> TaskSpec | None:
        """A reply while a plan waits: the refined task, or None. Words decide nothing, and who tries is told so."""
        if not await self._is_news(answer):
            return None
        self._note(answer)
        self._weighed += 1
        if answer.question_id:
            await self._refuse(answer.user, "question_closed")
            return None
        heard = await self._follow_up(answer, spec, proposal)
        if heard.kind == "decides":
            await self._refuse(answer.user, "typed")
        if heard.spec is None:
            return None
        if self.state.phases:
            # A plan that has begun keeps its place: what ran of it is put back by its own record.
            return heard.spec
        # From here on nothing counts for the old plan: a click on its card finds no plan, or a newer one.
        self.state.proposal = None
        self.state.spec = heard.spec
        self.state.shapers.append(answer.user)
        await steps.run(
            steps.SUPERSEDE,
            SupersedeInput(
                request=self.state.request,
                thread_ts=self._thread,
                proposal=proposal,
                by_revision=self.state.revision + 1,
                user=answer.user,
                changes=heard.changes,
            ),
        )
        return heard.spec

    async def _follow_up(self, answer: Answer, spec: TaskSpec, proposal: Proposal) -> FollowedUp:
        limits = self.state.request.limits
        if self.state.follow_ups >= limits.follow_ups:
            await self._tell(answer.user, FOLLOW_UP_SENTENCES["no_more_replies"])
            return FollowedUp(kind="turned_away")
        self.state.follow_ups += 1
        fixed: Fixed = ""
        if any(phase.state != "waiting" for phase in self.state.phases):
            fixed = "already_running"
        elif len(self.state.shapers) >= limits.refinements:
            fixed = "no_more_changes"
        try:
            return await steps.run(
                steps.FOLLOW_UP,
                FollowUpInput(
                    request=self.state.request,
                    thread_ts=self._thread,
                    spec=spec,
                    proposal=proposal,
                    answer=answer,
                    fixed=fixed,
                ),
            )
        except ActivityError:
            # The plan must not end with a reply that could not be read.
            await self._tell(answer.user, FOLLOW_UP_SENTENCES["not_read"])
            return FollowedUp(kind="turned_away")

    async def _tell(self, user: str, sentence: str) -> None:
        await steps.run(
            steps.TELL,
            TellInput(request=self.state.request, thread_ts=self._thread, user=user, sentence=sentence),
        )

    async def _refuse(self, user: str, problem: Problem) -> None:
        """`user`: who is told; empty: nobody."""
        await steps.run(
            steps.REFUSE_DECISION,
            RefusedDecision(
                request=self.state.request,
                thread_ts=self._thread,
                user=user,
                channel=self.state.request.channel,
                problem=problem,
                sentence=SENTENCES[problem],
                key=f"decision-refused:{self._weighed}",
            ),
        )

    async def _turn_late_ones_away(self, problem: Problem) -> None:
        """What came in too late is answered too, so that no click is left without a word."""
        while self._inbox and self.state.thread_ts is not None:
            message = self._inbox.pop(0)
            if isinstance(message, Decision):
                self._weighed += 1
                authentic = await self._is_authentic(message)
                await self._refuse(message.user if authentic else "", problem if authentic else "forged")
            else:
                await self._answers(message, None)

    async def _next_message(self, deadline: datetime) -> Decision | Answer | None:
        """The next signal, or None at the deadline. A deadline that has passed wins over a full inbox."""
        remaining = (deadline - workflow.now()).total_seconds()
        if remaining <= 0:
            return None
        try:
            await workflow.wait_condition(
                lambda: bool(self._inbox) or bool(self.state.cancelled_by), timeout=timedelta(seconds=remaining)
            )
        except TimeoutError:
            return None
        self._stop_if_cancelled()
        return self._inbox.pop(0)

    async def _is_authentic(self, message: Decision | Answer | TaskRequest) -> bool:
        return await steps.authenticate(message)

    def _stop_if_cancelled(self) -> None:
        if self.state.cancelled_by:
            self.state.ended_by = self.state.cancelled_by
            raise Ended("cancelled", "Nothing was run.")

    @property
    def _thread(self) -> str:
        if self.state.thread_ts is None:
            raise Ended("failed", "There is no thread to answer in. Nothing was done.")
        return self.state.thread_ts

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
            report_digest=reported.digest if reported else None,
            handed_over_to=reported.handed_over_to if reported else "",
            waiver=proposal.waiver if proposal else "",
            phases_run=sum(phase.state in ("done", "rolled_back", "failed") for phase in self.state.phases),
        )
