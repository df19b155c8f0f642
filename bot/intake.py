"""The hand-over: what Slack sent becomes durable in Temporal, or is not acknowledged (DESIGN, step 1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from bot.permits.time_left import seconds_left
from bot.redaction import Redacted, redact
from bot.taken import NothingTaken, Taken
from bot.telemetry import about
from bot.telemetry.intake import HandedOver, IntakeMetrics
from bot.workflows.messages import Answer, Source, TaskLimits, TaskRequest
from bot.workflows.sizes import MOST_TEXT
from bot.workflows.task import TaskWorkflow
from tools.contracts.control import Control
from tools.contracts.decision import Decision
from tools.contracts.edit import Edit
from tools.contracts.signing import sign
from tools.whole_text import whole_text

HAND_OVER = timedelta(seconds=2)
"""Of the three seconds Slack gives to acknowledge."""

ANSWER_SECONDS = 2.8
"""Of the same three: what the gate used of them is not there for the hand-over."""

TOO_LATE = "Temporal did not take it in time"


class HandOverFailed(Exception):
    """Temporal did not take it in time. It must not be acknowledged: Slack will send it again, or the person must."""


class TaskEnded(Exception):
    """The task is over, or never was. Nothing can be decided or answered any more."""


@dataclass(frozen=True)
class Arrival:
    """A request as a surface received it."""

    org: str
    user: str
    source: Source
    channel: str
    text: str
    thread_ts: str | None
    message_ts: str | None
    unique: str
    """What names this request within the channel: the message's ts, or a slash command's trigger id."""
    follows: str = ""
    """The last task of the thread it was said in, which is over."""
    quoted: str = ""
    """The message that the person points at. Untrusted."""
    files: tuple[str, ...] = ()
    """Slack's ids of what is attached."""


@dataclass(frozen=True)
class Intake:
    """Signs and hands over. Holds no state: what it accepted is in Temporal; `taken` only spares the question."""

    temporal: Client
    task_queue: str
    decision_key: bytes
    limits: TaskLimits
    now: Callable[[], datetime]
    taken: Taken = field(default_factory=NothingTaken)
    metrics: IntakeMetrics = field(default_factory=lambda: IntakeMetrics(CollectorRegistry()))

    async def accept(self, arrival: Arrival) -> str:
        """Start the task, once however often this is called. The task id. Raises :class:`HandOverFailed`."""
        task = task_id(arrival)
        with about(org=arrival.org, task=task):
            if await self.taken.has(arrival.org, task):
                return task
            with self.metrics.handing_over("start"):
                await self._start(arrival, task)
            # Only now: a retry of what failed must not be dropped.
            await self.taken.add(arrival.org, task)
        return task

    async def _start(self, arrival: Arrival, task: str) -> None:
        cleaned, quoted = _cleaned(arrival.text), _cleaned(arrival.quoted)
        request = TaskRequest(
            task_id=task,
            org=arrival.org,
            user=arrival.user,
            source=arrival.source,
            channel=arrival.channel,
            thread_ts=arrival.thread_ts,
            message_ts=arrival.message_ts,
            text=cleaned.text,
            redacted=list(dict.fromkeys([*cleaned.found, *quoted.found])),
            received_at=self.now().astimezone(UTC).isoformat(),
            follows=arrival.follows,
            quoted=quoted.text,
            files=list(arrival.files),
            limits=self.limits,
        )
        try:
            async with _in_time():
                await self.temporal.start_workflow(
                    TaskWorkflow.run,
                    sign(request, self.decision_key),
                    id=task,
                    task_queue=self.task_queue,
                    # Both are needed: by default a finished id may run again, and a running one is an error.
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    rpc_timeout=HAND_OVER,
                    # Its first step comes with the answer where a worker has this client too.
                    request_eager_start=True,
                )
        except WorkflowAlreadyStartedError:
            return  # it is durable already
        except (RPCError, RuntimeError) as error:
            raise HandOverFailed(f"Temporal did not take it: {error}") from error
        except TimeoutError as error:
            raise HandOverFailed(TOO_LATE) from error

    async def decide(self, decision: Decision) -> None:
        """Hand a person's decision to its task. Raises :class:`HandOverFailed` and :class:`TaskEnded`."""
        kept = replace(decision, reason=_cleaned(decision.reason).text)
        await self._signal("decide", decision.task_id, sign(kept, self.decision_key))

    async def answer(self, answer: Answer) -> None:
        """Hand a person's answer to its task. Raises :class:`HandOverFailed` and :class:`TaskEnded`."""
        cleaned = _cleaned(answer.text)
        kept = replace(answer, text=cleaned.text, redacted=list(cleaned.found))
        await self._signal("answer", answer.task_id, sign(kept, self.decision_key))

    async def edit(self, edit: Edit) -> None:
        """Hand a person's change of a plan to its task. Raises :class:`HandOverFailed` and :class:`TaskEnded`."""
        await self._signal("edit", edit.task_id, sign(edit, self.decision_key))

    async def control(self, control: Control) -> None:
        """Hand a person's hand on a run to its task. Raises :class:`HandOverFailed` and :class:`TaskEnded`."""
        kept = replace(control, reason=_cleaned(control.reason).text)
        await self._signal("control", control.task_id, sign(kept, self.decision_key))

    async def reply(self, answer: Answer, *, arrival: Arrival) -> str | None:
        """Hand a message in a thread to the task that is at work there.

        None: one took it, or the message began a task of its own when it was first delivered. Else the last task of the
        thread, which is over: the message is a new request then, and `arrival` says how it would be one. Raises
        :class:`HandOverFailed`, and :class:`TaskEnded` for a thread that never had a task.
        """
        if await self.taken.has(arrival.org, task_id(arrival)):
            return None
        last = answer.task_id
        try:
            await self.answer(answer)
        except TaskEnded:
            found = await self._last_in(answer.task_id)
            if found is None:
                raise
            last, running = found
            if not running or last == task_id(arrival):
                return last
            try:
                await self.answer(replace(answer, task_id=last))
            except TaskEnded:
                return last
        await self.taken.add(arrival.org, task_id(arrival))
        return None

    async def _last_in(self, thread: str) -> tuple[str, bool] | None:
        """The newest task of a thread, and whether it is running; None: the thread has none.

        A task that was asked for in a thread has an id that begins with that of the thread's first.
        """
        # What is in quotes is made of ids that Slack gave us; a quote in one must not become a query.
        if "'" in thread or "\\" in thread:
            return None
        query = f"WorkflowId = '{thread}' OR WorkflowId STARTS_WITH '{thread}.'"
        newest: tuple[str, bool] | None = None
        try:
            async with _in_time():
                found = [
                    (task.start_time, task.id, task.status is WorkflowExecutionStatus.RUNNING)
                    async for task in self.temporal.list_workflows(query, limit=100, rpc_timeout=HAND_OVER)
                ]
        except (RPCError, RuntimeError) as error:
            raise HandOverFailed(f"Temporal did not say what it has in this thread: {error}") from error
        except TimeoutError as error:
            raise HandOverFailed(TOO_LATE) from error
        for _, name, running in sorted(found):
            newest = (name, running)
        return newest

    async def _signal(self, name: HandedOver, task: str, message: Decision | Answer | Control | Edit) -> None:
        with about(org=message.org, task=task), self.metrics.handing_over(name, over=TaskEnded):
            await self._send(name, task, message)

    async def _send(self, name: HandedOver, task: str, message: Decision | Answer | Control | Edit) -> None:
        handle = self.temporal.get_workflow_handle(task)
        try:
            async with _in_time():
                await handle.signal(name, message, rpc_timeout=HAND_OVER)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise TaskEnded(f"Task {task} is over.") from error
            raise HandOverFailed(f"Temporal did not take it: {error}") from error
        except RuntimeError as error:
            raise HandOverFailed(f"Temporal did not take it: {error}") from error
        except TimeoutError as error:
            raise HandOverFailed(TOO_LATE) from error


def _cleaned(text: str) -> Redacted:
    """What somebody wrote, for Temporal: no secrets, no broken characters, no more than a message of Slack holds."""
    cleaned = redact(whole_text(text))
    return replace(cleaned, text=cleaned.text[:MOST_TEXT])


def _in_time() -> asyncio.Timeout:
    """Raises TimeoutError after :data:`HAND_OVER`, and earlier where the gate used more of Slack's three seconds.

    An RPC's own timeout bounds neither the connecting before it nor its retries, which go on for 10 s and would at last
    start what the person was told had failed.
    """
    return asyncio.timeout(min(HAND_OVER.total_seconds(), seconds_left(ANSWER_SECONDS)))


def task_id(arrival: Arrival) -> str:
    """The workflow's id: the org, the channel and what is unique in it. The same event always makes the same id.

    What is said in a thread is named after the thread, too: that is how the last task there is found.
    """
    thread = arrival.thread_ts
    inside = f"{thread}." if thread and thread != arrival.unique else ""
    return f"{arrival.org}.{arrival.channel}.{inside}{arrival.unique}"
