"""The question about another environment, answered: a task of its own, vouched for, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from temporalio import activity
from temporalio.exceptions import ApplicationError

from bot.blocks.follow_up import NEW, elsewhere_closed, elsewhere_unanswered
from bot.thread import SlackRefused
from bot.workflows.activities.retrying import working
from bot.workflows.messages import Elsewhere, ElsewhereInput, Settled, TaskRequest
from bot.workflows.workbench import Workbench
from tools.contracts.common import Environment
from tools.contracts.signing import is_authentic, sign


async def close_unanswered(
    bench: Workbench, request: TaskRequest, questions: Sequence[Elsewhere], *, here: Environment
) -> None:
    """The plan waits no more, so that the questions about another environment lose their buttons."""
    for question in questions:
        card = elsewhere_unanswered(
            environment=question.environment,
            here=here,
            user=question.reply.user,
            task_id=request.task_id,
            simulated=bench.simulated,
        )
        # Somebody may have deleted it: what was decided counts all the same.
        with suppress(SlackRefused):
            await bench.writer.update(request.channel, question.asked_at, card)


@dataclass(frozen=True)
class GoingElsewhere:
    bench: Workbench
    decision_key: bytes
    """Vouches for the new task: one person asked for it, in words and by a click that the edge saw."""

    @activity.defn(name="settle_elsewhere")
    async def settle_elsewhere(self, message: ElsewhereInput) -> Settled:
        """On record before it starts. The new task goes through layer 1, its own council, gates and approval."""
        request, question, click = message.request, message.elsewhere, message.click
        reply = question.reply
        if not is_vouched_for(message, self.decision_key):
            raise ApplicationError("Nobody can be vouched for who asked for this.", non_retryable=True)
        wanted = self._asked_for(message) if click.text == NEW else None
        async with working(self.bench, request, message.thread_ts):
            await self.bench.ledger.record(
                "follow_up_heard",
                {
                    "outcome": "elsewhere_started" if wanted is not None else "elsewhere_left",
                    "text": reply.text,
                    "environment": question.environment,
                    "to": wanted.task_id if wanted is not None else "",
                },
                org=request.org,
                task_id=request.task_id,
                actor=click.user,
                key=f"elsewhere:{reply.unique}",
            )
            card = elsewhere_closed(
                environment=question.environment,
                here=message.spec.environment,
                user=click.user,
                started=wanted.task_id if wanted is not None else "",
                task_id=request.task_id,
                simulated=self.bench.simulated,
            )
            # Somebody may have deleted it: what was answered counts all the same.
            with suppress(SlackRefused):
                await self.bench.writer.update(request.channel, question.asked_at, card)
        return Settled(request=wanted)

    def _asked_for(self, message: ElsewhereInput) -> TaskRequest:
        """As the person would have asked outside the thread. It opens a thread of its own."""
        request, question = message.request, message.elsewhere
        kind = message.spec.task_type.replace("_", " ").capitalize()
        wanted = replace(
            request,
            task_id=f"{request.task_id}-e{question.reply.unique}",
            user=question.reply.user,
            source="dm" if request.source == "dm" else "mention",
            thread_ts=None,
            message_ts=None,
            text=f"{kind} in {question.environment}: {question.reply.text}",
            redacted=[],
            received_at=self.bench.now().isoformat(),
            handed_over_from="",
            part_of="",
            whole="",
            follows=request.task_id,
            mac="",
        )
        return sign(wanted, self.decision_key)


def is_vouched_for(message: ElsewhereInput, key: bytes) -> bool:
    """Whether the edge saw one person of this org write the words and click: nothing else may become a request."""
    reply, click = message.elsewhere.reply, message.click
    signed = is_authentic(reply, key) and is_authentic(click, key)
    mine = {reply.org, click.org} == {message.request.org}
    return signed and mine and click.user == reply.user and click.question_id == message.elsewhere.question_id
