"""Understanding a request: asking until it is sure, and the parts that a person confirms."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from bot.workflows import steps
from bot.workflows.ended import Ended, run_unless_cancelled, stop_if_cancelled, thread_of
from bot.workflows.inbox import Inbox
from bot.workflows.messages import Answer, ConfirmedParts, Exchange, TaskRequest, TaskState, UnderstandInput, WarnInput
from bot.workflows.parts import Parts, chosen
from tools.contracts.decision import Decision
from tools.contracts.edit import Edit
from tools.contracts.taskspec import Intent, TaskSpec

MAX_QUESTIONS = 3


class Asking:
    """Of one task."""

    def __init__(self, state: TaskState, inbox: Inbox) -> None:
        self._state = state
        self._inbox = inbox

    async def understand(self, request: TaskRequest) -> TaskSpec:
        """Ask until the task is sure, at most :data:`MAX_QUESTIONS` times. Nothing is guessed."""
        found = request.redacted
        while True:
            if self._state.status == "asking" and self._state.exchanges[-1].answer is None:
                # The run before this one asked.
                found = await self._hear(self._state.exchanges[-1])
            if self._state.thread_ts is not None:
                found = await self._warn_of_secrets(found)
            self._state.status = "understanding"
            understood = await run_unless_cancelled(
                self._state,
                steps.UNDERSTAND,
                UnderstandInput(request=request, thread_ts=self._state.thread_ts, exchanges=self._state.exchanges),
            )
            self._state.thread_ts = understood.thread_ts
            if understood.thread_ts is not None:
                found = await self._warn_of_secrets(found)
            if understood.spec is not None:
                self._state.spec = understood.spec
                return understood.spec
            if understood.question is None:
                raise Ended("declined", understood.declined or "This is not something Gavel can do. Nothing was done.")
            if len(self._state.exchanges) >= MAX_QUESTIONS:
                raise Ended("declined", "It is still not clear what to do. Nothing was done. Ask again in other words.")
            until = workflow.now() + timedelta(seconds=request.limits.question_seconds)
            exchange = Exchange(
                question_id=understood.question_id,
                question=understood.question,
                asked_at=understood.asked_at,
                intents=understood.intents,
                until=until.isoformat(),
            )
            self._state.exchanges.append(exchange)
            self._state.status = "asking"
            found = await self._hear(exchange)

    async def _hear(self, exchange: Exchange) -> list[str]:
        """Until the question has its answer. Which kinds of secrets were removed from it."""
        answer = await self._await_answer(exchange)
        exchange.answer, exchange.files = answer.text, list(answer.files)
        if exchange.intents and (numbers := chosen(answer.text, exchange.intents)) is not None:
            await self._work_on_parts(exchange.intents, numbers, user=answer.user, asked_at=exchange.asked_at)
        return answer.redacted

    async def _work_on_parts(self, intents: list[Intent], numbers: list[int], *, user: str, asked_at: str) -> None:
        """Raises :class:`Ended` once every part has."""
        confirmed = ConfirmedParts(
            request=self._state.request,
            thread_ts=thread_of(self._state),
            intents=intents,
            chosen=numbers,
            user=user,
            asked_at=asked_at,
        )
        await steps.run(steps.CONFIRM_PARTS, confirmed)
        if not numbers:
            self._state.ended_by = user
            raise Ended("cancelled", "Nothing was started.")
        stop_if_cancelled(self._state)
        self._state.status = "working_on_parts"
        parts = Parts(
            self._state,
            said=lambda: self._inbox.holds_any,
            replies=self._inbox.take_replies,
            cancelled=lambda: self._state.cancel,
        )
        raise Ended("parts_ended", await parts.run(intents, numbers))

    async def _warn_of_secrets(self, kinds: list[str]) -> list[str]:
        """Once, as soon as there is a thread to say it in. What is still to be said: nothing."""
        if kinds:
            warning = WarnInput(request=self._state.request, thread_ts=thread_of(self._state), kinds=kinds)
            await steps.run(steps.WARN_OF_SECRET, warning)
        return []

    async def _await_answer(self, exchange: Exchange) -> Answer:
        while True:
            message = await self._inbox.next(datetime.fromisoformat(exchange.until))
            if message is None:
                raise Ended(
                    "unanswered", "Nobody answered the question in time. Nothing was done. Ask again when ready."
                )
            if isinstance(message, Decision):
                await self._inbox.weigh(message, None)
            elif isinstance(message, Edit):
                await self._inbox.admits(message, None)
            elif await self._inbox.answers(message, exchange):
                return message
