"""What people send a task while it runs: kept in order, held to who sent it, and answered where it does not count."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from bot.workflows import steps
from bot.workflows.answers import ANSWER_SENTENCES, is_older, problem_with
from bot.workflows.decisions import SENTENCES, Counted, Problem, count, problem_before_roles, problem_with_edit
from bot.workflows.ended import stop_if_cancelled, thread_of
from bot.workflows.handing_on import HandingOn
from bot.workflows.messages import (
    Answer,
    Exchange,
    Proposal,
    RefusedDecision,
    RolesInput,
    TaskState,
    TellInput,
    Unread,
)
from bot.workflows.parts import is_for
from bot.workflows.sizes import GAVE_UP, reason_of
from tools.contracts.decision import Decision
from tools.contracts.edit import Edit

Message = Decision | Answer | Edit

LIMIT = 1000
"""Signals kept while they wait to be weighed. A flood beyond it is dropped: no honest thread makes one."""

MOST_HEARD = 2000
"""Of what was heard, the newest is known again when it is delivered once more."""


class Inbox:
    """Of one task. Adding only enqueues; everything else is done by the workflow's own run, one message at a time."""

    def __init__(self, state: TaskState) -> None:
        self._state = state
        self._waiting: list[Message] = []
        self._turn: HandingOn | None = None

    def hand_on_by(self, turn: HandingOn) -> None:
        """While a message is waited for the task may go on as a new run."""
        self._turn = turn

    @property
    def unread(self) -> list[Unread]:
        """What waits, to be handed on."""
        return [
            Unread(decision=message)
            if isinstance(message, Decision)
            else Unread(answer=message)
            if isinstance(message, Answer)
            else Unread(edit=message)
            for message in self._waiting
        ]

    def take_up(self, unread: list[Unread]) -> None:
        """What the run before this one had not weighed."""
        for each in unread:
            message = each.decision or each.answer or each.edit
            if message is not None:
                self.add(message)

    def add(self, message: Message) -> None:
        if len(self._waiting) < LIMIT:
            self._waiting.append(message)

    @property
    def holds_any(self) -> bool:
        return bool(self._waiting)

    async def next(self, deadline: datetime) -> Message | None:
        """The next signal, or None at the deadline. A deadline that has passed wins over a full inbox."""
        while True:
            if self._is_long():
                await self._hand_on()
            remaining = (deadline - workflow.now()).total_seconds()
            if remaining <= 0:
                return None
            try:
                await workflow.wait_condition(
                    lambda: bool(self._waiting) or bool(self._state.cancelled_by) or self._is_long(),
                    timeout=timedelta(seconds=remaining),
                )
            except TimeoutError:
                return None
            stop_if_cancelled(self._state)
            if self._waiting:
                return self._waiting.pop(0)

    def _is_long(self) -> bool:
        return self._turn is not None and self._turn.due

    async def _hand_on(self) -> None:
        if self._turn is not None:
            await self._turn.if_due()

    def take_replies(self) -> list[Answer]:
        """Without decisions: each names its own task, and this one has no plan."""
        taken = [message for message in self._waiting if isinstance(message, Answer)]
        self._waiting.clear()
        return [answer for answer in taken if answer.unique not in self._state.heard]

    async def is_news(self, answer: Answer) -> bool:
        """Whether it is for this task, vouched for, and not Slack's second delivery of what was heard already."""
        mine = is_for(self._state.request, org=answer.org, task_id=answer.task_id)
        return (
            mine
            and not is_older(answer, self._state.request)
            and answer.unique not in self._state.heard
            and await steps.authenticate(answer)
        )

    def note(self, answer: Answer) -> None:
        if answer.unique:
            self._heard(answer.unique)

    def _heard(self, unique: str) -> None:
        self._state.heard = [*self._state.heard[1 - MOST_HEARD :], unique]

    async def answers(self, answer: Answer, exchange: Exchange | None) -> bool:
        """Whether it answers the open question. The one who meant it to is told where it does not."""
        if not await self.is_news(answer):
            return False
        problem = problem_with(answer, request=self._state.request, exchange=exchange)
        if problem == "said_before":
            return False
        self.note(answer)
        if problem is None:
            return True
        await self.tell(answer.user, ANSWER_SENTENCES[problem])
        return False

    async def weigh(self, decision: Decision, proposal: Proposal | None) -> Counted | None:
        """Count one decision, or tell the one who clicked why it does not count."""
        if not await steps.authenticate(decision):
            # A forged signal names whoever it likes: nobody is told, the ledger still knows.
            await self.refuse("", "forged")
            return None
        problem = problem_before_roles(decision, request=self._state.request, proposal=proposal, now=workflow.now())
        if problem is None and proposal is not None:
            # Read now, not when the card was posted: a role that was taken away must not decide.
            standing = await steps.run(steps.READ_ROLES, RolesInput(request=self._state.request, user=decision.user))
            # Reading may have waited; the deadline has not.
            problem = problem_before_roles(decision, request=self._state.request, proposal=proposal, now=workflow.now())
            counted = problem or count(decision, request=self._state.request, proposal=proposal, standing=standing)
            if isinstance(counted, Counted):
                return counted
            problem = counted
        await self.refuse(decision.user, problem or "nothing_to_decide")
        return None

    async def admits(self, edit: Edit, proposal: Proposal | None) -> bool:
        """Whether an edit is of the plan on offer. The one who sent it is told where it is not."""
        if edit.unique in self._state.heard:
            return False
        if not await steps.authenticate(edit):
            await self.refuse("", "forged")
            return False
        if edit.unique:
            self._heard(edit.unique)
        problem = problem_with_edit(edit, request=self._state.request, proposal=proposal, now=workflow.now())
        if problem is not None:
            await self.refuse(edit.user, problem)
        return problem is None

    async def refuse(self, user: str, problem: Problem) -> None:
        """`user`: who is told; empty: nobody."""
        self._state.refusals += 1
        await steps.run(
            steps.REFUSE_DECISION,
            RefusedDecision(
                request=self._state.request,
                thread_ts=thread_of(self._state),
                user=user,
                channel=self._state.request.channel,
                problem=problem,
                sentence=SENTENCES[problem],
                key=f"decision-refused:{self._state.refusals}",
            ),
        )

    async def tell(self, user: str, sentence: str) -> None:
        await steps.run(
            steps.TELL,
            TellInput(request=self._state.request, thread_ts=thread_of(self._state), user=user, sentence=sentence),
        )

    async def turn_late_ones_away(self, problem: Problem) -> None:
        """What came in too late is answered too, so that no click is left without a word. Never raises: who cannot be
        told, e.g. because Slack refuses it, changes nothing about a plan that is half run or a task that is over."""
        while self._waiting and self._state.thread_ts is not None:
            message = self._waiting.pop(0)
            try:
                await self._turn_away(message, problem)
            except GAVE_UP as error:
                workflow.logger.warning("Somebody who came too late could not be told: %s", reason_of(error))

    async def _turn_away(self, message: Message, problem: Problem) -> None:
        if isinstance(message, (Decision, Edit)):
            authentic = await steps.authenticate(message)
            await self.refuse(message.user if authentic else "", problem if authentic else "forged")
        else:
            await self.answers(message, None)
