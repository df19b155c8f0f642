"""The MAC check, as a local activity: the key stays in the worker and never enters the workflow or its history."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import structlog
from pydantic import TypeAdapter, ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents.intake import said_in
from bot.workflows.messages import Answer, EnlistInput, TaskRequest, Vouched
from bot.workflows.messages.alerts import AlertBatch, AlertEntry
from bot.workflows.messages.triage import LookInto
from tools.contracts.control import Control
from tools.contracts.decision import Decision
from tools.contracts.edit import Edit
from tools.contracts.signing import is_authentic, sign
from tools.contracts.taskspec import MAX_INTENTS

_Signed = (
    TypeAdapter[Decision]
    | TypeAdapter[Answer]
    | TypeAdapter[Control]
    | TypeAdapter[Edit]
    | TypeAdapter[TaskRequest]
    | TypeAdapter[AlertBatch]
    | TypeAdapter[AlertEntry]
    | TypeAdapter[LookInto]
)
_KINDS: dict[str, _Signed] = {
    "Decision": TypeAdapter(Decision),
    "Answer": TypeAdapter(Answer),
    "Control": TypeAdapter(Control),
    "Edit": TypeAdapter(Edit),
    "TaskRequest": TypeAdapter(TaskRequest),
    "AlertBatch": TypeAdapter(AlertBatch),
    "AlertEntry": TypeAdapter(AlertEntry),
    "LookInto": TypeAdapter(LookInto),
}


@dataclass(frozen=True)
class Authenticating:
    decision_key: bytes

    @activity.defn(name="authenticate")
    async def authenticate(self, vouched: Vouched) -> bool:
        """Whether the edge signed exactly these fields. Anything that cannot be read is not authentic."""
        return self._is_authentic(vouched)

    @activity.defn(name="authentic_ones")
    async def authentic_ones(self, vouched: list[Vouched]) -> list[bool]:
        """The same of many at once, in their order. What is not is told in the log: an alert may hang on it."""
        answers = [self._is_authentic(one) for one in vouched]
        if not all(answers):
            log = structlog.get_logger("gavel.alerts")
            log.error("Signals about alerts were dropped: their MAC is not ours.", dropped=answers.count(False))
        return answers

    def _is_authentic(self, vouched: Vouched) -> bool:
        adapter = _KINDS.get(vouched.kind)
        if adapter is None:
            return False
        try:
            message = adapter.validate_python(vouched.fields)
        except ValidationError:
            return False
        known = {field.name for field in fields(message)}
        return known == set(vouched.fields) and is_authentic(message, self.decision_key)

    @activity.defn(name="enlist")
    async def enlist(self, message: EnlistInput) -> TaskRequest:
        """A confirmed part of a signed message, as a signed request: nothing can be signed that the person did not say.

        Who asked, and in which org and channel, stays as the edge saw it. A part of a part is refused.
        """
        whole = message.request
        if not is_authentic(whole, self.decision_key) or whole.part_of or not 1 <= message.number <= MAX_INTENTS:
            raise ApplicationError("This is no message of which a part may become a task.", non_retryable=True)
        if not said_in(message.words, whole.text):
            raise ApplicationError("Those words do not stand in the message.", non_retryable=True)
        part = replace(
            whole,
            task_id=f"{whole.task_id}.{message.number}",
            thread_ts=whole.thread_ts or message.thread_ts,
            text=message.words,
            redacted=[],
            part_of=whole.task_id,
            whole=whole.text,
        )
        return sign(part, self.decision_key)
