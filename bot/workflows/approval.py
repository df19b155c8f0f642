"""A plan put to people: offered, decided by a quorum, or reshaped by a reply."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from bot.workflows import elsewhere, steps
from bot.workflows.ended import Ended, thread_of
from bot.workflows.follow_ups import FOLLOW_UP_SENTENCES
from bot.workflows.inbox import Inbox
from bot.workflows.messages import (
    AcceptedDecision,
    Answer,
    EditInput,
    Fixed,
    FollowedUp,
    FollowUpInput,
    PresentInput,
    Proposal,
    RemindInput,
    SupersedeInput,
    TaskState,
)
from bot.workflows.reminding import Nudge, due, nudges
from bot.workflows.sizes import GAVE_UP, reason_of
from tools.contracts.decision import Decision, reason_words
from tools.contracts.edit import Edit
from tools.contracts.taskspec import TaskSpec

MOST_ELSEWHERE = 5
"""Questions about other environments that are open at once."""


class Approval:
    """Of one proposal of a task."""

    def __init__(self, state: TaskState, inbox: Inbox, spec: TaskSpec, proposal: Proposal) -> None:
        self._state = state
        self._inbox = inbox
        self._spec = spec
        self._proposal = proposal

    async def offer(self, *, diagnosis: str, rest: bool = False) -> None:
        """Put it to people, with a nonce and a deadline of its own."""
        seconds = self._state.request.limits.approval_seconds or self._proposal.requirement.expires_in_seconds
        self._proposal.nonce = workflow.uuid4().hex
        self._proposal.offered_at = workflow.now().isoformat()
        self._proposal.expires_at = (workflow.now() + timedelta(seconds=seconds)).isoformat()
        presented = await steps.run(
            steps.PRESENT,
            PresentInput(
                request=self._state.request,
                thread_ts=thread_of(self._state),
                spec=self._spec,
                proposal=self._proposal,
                diagnosis=diagnosis,
                rest=rest,
            ),
        )
        self._proposal.card_ts, self._proposal.environment_size = presented.card_ts, presented.environment_size
        if rest or not (self._proposal.unattended_phases or self._proposal.report.shown_only):
            self._proposal.open = True
            self._state.status = "awaiting_approval"

    async def of_the_rest(self) -> None:
        """Offer what is left after a canary that needed no approval, and return once people approved it."""
        if not self._proposal.open:  # else the run before this one has
            await self.offer(diagnosis="", rest=True)
        if await self.quorum() is not None:
            # A reply cannot reshape a plan that has begun. Were it read as if it could, that is no approval.
            raise Ended("rejected", "The rest was asked for in another way. Ask again for a fresh plan.")

    async def quorum(self) -> TaskSpec | None:
        """None when enough distinct people approved; another spec when a reply refined it and this plan is void.

        Expiry, rejection and cancellation end the task.
        """
        deadline = datetime.fromisoformat(self._proposal.expires_at)
        waiting = nudges(datetime.fromisoformat(self._proposal.offered_at), deadline, self._state.request.limits)
        if self._proposal.nudged_at:
            over = datetime.fromisoformat(self._proposal.nudged_at)
            waiting = [nudge for nudge in waiting if nudge.at > over]
        while True:
            # What people sent goes before what they are told.
            message = await self._inbox.next(waiting[0].at if waiting and not self._inbox.holds_any else deadline)
            if message is None and workflow.now() < deadline:
                await self._remind(waiting, deadline)
                continue
            if message is None:
                raise Ended(
                    "expired", "Nobody decided in time. The plan expired and nothing was run. Ask again when ready."
                )
            if not isinstance(message, Decision):
                heard = await (self._hear(message) if isinstance(message, Answer) else self._edit(message))
                if heard is not None:
                    return heard
                continue
            counted = await self._inbox.weigh(message, self._proposal)
            if counted is None:
                continue
            await steps.run(
                steps.ACCEPT_DECISION,
                AcceptedDecision(
                    request=self._state.request,
                    thread_ts=thread_of(self._state),
                    spec=self._spec,
                    proposal=self._proposal,
                    user=message.user,
                    verdict=message.verdict,
                    reason=message.reason,
                    issued_at=message.issued_at,
                    settled=counted.settled is not None,
                    behalf=counted.behalf,
                    lent_until=counted.lent_until,
                    step_up=message.step_up,
                    reason_kind=message.reason_kind,
                    elsewhere=list(self._state.elsewhere) if counted.settled else [],
                ),
            )
            self._proposal.open = counted.settled is None
            if counted.settled:
                self._state.elsewhere.clear()
            if counted.settled == "rejected":
                self._state.ended_by, self._state.reason_kind = message.user, message.reason_kind
                raise Ended("rejected", reason_words(message.reason_kind, message.reason))
            if counted.settled == "approved":
                return None

    async def _remind(self, waiting: list[Nudge], deadline: datetime) -> None:
        """Tell those who may decide that the plan still waits. It goes on waiting whether they could be told or not."""
        nudge = due(waiting, workflow.now())
        if nudge is None:
            return
        self._proposal.nudged_at = nudge.at.isoformat()
        try:
            ts = await steps.run(
                steps.REMIND,
                RemindInput(
                    request=self._state.request,
                    thread_ts=thread_of(self._state),
                    proposal=self._proposal,
                    escalates=nudge.escalates,
                    key=f"r{self._proposal.revision}:{nudge.at.isoformat()}",
                ),
                # A decision waits behind it: one that comes in time must not be late for that.
                within=(deadline - workflow.now()) / 2,
            )
        except GAVE_UP as error:
            workflow.logger.warning("Nobody was reminded of the plan that waits: %s", reason_of(error))
            return
        if ts not in self._proposal.reminders:
            self._proposal.reminders.append(ts)

    async def _hear(self, answer: Answer) -> TaskSpec | None:
        """A reply while a plan waits: the refined task, or None. Words decide nothing, and who tries is told so."""
        if not await self._inbox.is_news(answer):
            return None
        self._inbox.note(answer)
        if answer.question_id:
            question = elsewhere.asked(self._state, answer)
            if question is None:
                await self._inbox.refuse(answer.user, "question_closed")
            else:
                await elsewhere.settle(self._state, self._inbox, self._spec, question, answer)
            return None
        heard = await self._follow_up(answer)
        if heard.elsewhere is not None:
            # The oldest is closed: whoever answers it is told so.
            self._state.elsewhere = [*self._state.elsewhere[1 - MOST_ELSEWHERE :], heard.elsewhere]
        if heard.kind == "decides":
            await self._inbox.refuse(answer.user, "typed")
        return await self._reshape(heard, user=answer.user)

    async def _edit(self, edit: Edit) -> TaskSpec | None:
        """A form while a plan waits: the edited task, or None."""
        if not await self._inbox.admits(edit, self._proposal):
            return None
        edited = await steps.run(
            steps.EDIT_PLAN,
            EditInput(
                request=self._state.request,
                thread_ts=thread_of(self._state),
                spec=self._spec,
                proposal=self._proposal,
                edit=edit,
                fixed=self._fixed,
            ),
        )
        return await self._reshape(edited, user=edit.user)

    async def _reshape(self, heard: FollowedUp, *, user: str) -> TaskSpec | None:
        """Void what was decided on this plan, where a reply or a form changed what it is to do."""
        if heard.spec is None:
            return None
        if self._state.phases:
            # A plan that has begun keeps its place: what ran of it is put back by its own record.
            return heard.spec
        # From here on nothing counts for the old plan: a click on its card finds no plan, or a newer one.
        self._state.proposal = None
        self._state.spec = heard.spec
        self._state.shapers.append(user)
        await steps.run(
            steps.SUPERSEDE,
            SupersedeInput(
                request=self._state.request,
                thread_ts=thread_of(self._state),
                proposal=self._proposal,
                by_revision=self._state.revision + 1,
                user=user,
                changes=heard.changes,
            ),
        )
        return heard.spec

    @property
    def _fixed(self) -> Fixed:
        """Why the plan cannot be changed any more."""
        if any(phase.state != "waiting" for phase in self._state.phases):
            return "already_running"
        return "no_more_changes" if len(self._state.shapers) >= self._state.request.limits.refinements else ""

    async def _follow_up(self, answer: Answer) -> FollowedUp:
        limits = self._state.request.limits
        if self._state.follow_ups >= limits.follow_ups:
            await self._inbox.tell(answer.user, FOLLOW_UP_SENTENCES["no_more_replies"])
            return FollowedUp(kind="turned_away")
        self._state.follow_ups += 1
        try:
            return await steps.run(
                steps.FOLLOW_UP,
                FollowUpInput(
                    request=self._state.request,
                    thread_ts=thread_of(self._state),
                    spec=self._spec,
                    proposal=self._proposal,
                    answer=answer,
                    fixed=self._fixed,
                ),
            )
        except GAVE_UP:
            # The plan must not end with a reply that could not be read.
            await self._inbox.tell(answer.user, FOLLOW_UP_SENTENCES["not_read"])
            return FollowedUp(kind="turned_away")
