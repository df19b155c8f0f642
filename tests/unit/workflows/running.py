"""A task's workflow on a real Temporal server, with scripted steps, and people who send it signed signals."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from bot.workflows.activities.authenticating import Authenticating
from bot.workflows.converting import SharedConverter
from bot.workflows.held import Held
from bot.workflows.messages import Answer, Proposal, Source, TaskLimits, TaskRequest, TaskResult, TaskState
from bot.workflows.runner import tell_nobody
from bot.workflows.shape import SHAPE
from bot.workflows.task import TaskWorkflow
from bot.workflows.whole_signals import WholeSignals
from tests.strict import STRICT
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.script import Script
from tools.contracts.control import Control, ControlAction
from tools.contracts.decision import Decision, DecisionVerdict
from tools.contracts.edit import Edit
from tools.contracts.signing import sign


@dataclass
class Running:
    handle: WorkflowHandle[TaskWorkflow, TaskResult]
    script: Script
    key: bytes = KEY
    """The edge's."""
    temporal: Client | None = None
    """Where its parts are found; None: it is asked for none."""

    async def state(self) -> TaskState | None:
        """None: there is no such task yet."""
        try:
            return await self.handle.query(TaskWorkflow.task_state)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None

    def part(self, number: int) -> Running:
        """The task that a part of this one's message became."""
        assert self.temporal is not None
        handle = self.temporal.get_workflow_handle_for(TaskWorkflow.run, f"{self.handle.id}.{number}")
        return replace(self, handle=handle)

    async def proposal(self, *, revision: int = 1) -> Proposal:
        """The plan on offer, once there is one of this revision or a later one."""
        for _ in range(1200):
            state = await self.state()
            waits = state is not None and state.status == "awaiting_approval"
            if state is not None and waits and state.proposal is not None and state.proposal.revision >= revision:
                return state.proposal
            await asyncio.sleep(0.05)
        raise AssertionError("no plan was offered")

    async def decide(self, user: str, verdict: DecisionVerdict = "approve", **changes: str | int) -> Decision:
        """A decision as the edge would make it, then changed, then signed."""
        decision = sign(replace(decision_on(await self.proposal(), user, verdict), **changes), KEY)
        await self.handle.signal(TaskWorkflow.decide, decision)
        return decision

    async def edit(self, user: str, **changes: str | int | float | list[str]) -> Edit:
        """A form of the plan's parameters as the edge would make it, then changed, then signed."""
        edit = sign(replace(edit_of(await self.proposal(), user), **changes), KEY)
        await self.handle.signal(TaskWorkflow.edit, edit)
        return edit

    async def control(self, user: str, action: ControlAction, **changes: str | int) -> Control:
        """A click on the run's card as the edge would make it, then changed, then signed."""
        state: TaskState = await self.handle.query(TaskWorkflow.task_state)
        assert state.proposal is not None
        control = Control(
            org="T1",
            task_id=self.handle.id,
            action=action,
            user=user,
            channel="COPS",
            revision=state.proposal.revision,
            plan_digest=state.proposal.plan.digest,
            unique=str(uuid.uuid4()),
            issued_at=datetime.now(UTC).isoformat(),
        )
        signed = sign(replace(control, **changes), self.key)
        await self.handle.signal(TaskWorkflow.control, signed)
        return signed

    async def cancel_task(self, user: str) -> None:
        """A click on Cancel below a message of the task itself, which has no plan yet."""
        control = Control(
            org="T1",
            task_id=self.handle.id,
            action="cancel",
            user=user,
            channel="COPS",
            revision=0,
            plan_digest="",
            unique=str(uuid.uuid4()),
            issued_at=datetime.now(UTC).isoformat(),
        )
        await self.handle.signal(TaskWorkflow.control, sign(control, self.key))

    async def asked(self, step: str, *, times: int = 1) -> None:
        for _ in range(1200):
            if len(self.script.of(step)) >= times:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{step} was not run {times} times")

    async def refused(self, count: int) -> list[str]:
        for _ in range(1200):
            problems = [message.problem for message in self.script.of("refuse_decision")]
            if len(problems) >= count:
                return problems
            await asyncio.sleep(0.05)
        raise AssertionError(f"fewer than {count} decisions were refused")


async def says(task: Running, text: str, *, unique: str, user: str = "UADA") -> None:
    """A reply typed into the thread, as the edge would sign it. `unique`: its ts."""
    answer = Answer(org="T1", task_id=task.handle.id, question_id="", user=user, text=text, unique=unique)
    await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))


def decision_on(proposal: Proposal, user: str, verdict: DecisionVerdict) -> Decision:
    return Decision(
        org=proposal.plan.org,
        task_id=proposal.plan.task_id,
        revision=proposal.revision,
        verdict=verdict,
        reason="",
        plan_digest=proposal.plan.digest,
        policy_digest=proposal.report.policy_digest or "",
        target=proposal.plan.target,
        user=user,
        channel="COPS",
        nonce=proposal.nonce,
        issued_at=datetime.now(UTC).isoformat(),
        expires_at=proposal.expires_at,
    )


def edit_of(proposal: Proposal, user: str) -> Edit:
    return Edit(
        org=proposal.plan.org,
        task_id=proposal.plan.task_id,
        revision=proposal.revision,
        plan_digest=proposal.plan.digest,
        policy_digest=proposal.report.policy_digest or "",
        target=proposal.plan.target,
        nonce=proposal.nonce,
        expires_at=proposal.expires_at,
        user=user,
        channel="COPS",
        unique=str(uuid.uuid4()),
        issued_at=datetime.now(UTC).isoformat(),
    )


def worker_of(
    temporal: Client,
    script: Script,
    *,
    queue: str,
    workflow: type[TaskWorkflow] = TaskWorkflow,
    held: Callable[[Held], None] = tell_nobody,
) -> Worker:
    """A worker of tasks, with scripted steps. Not started. Its shape is that of its client."""
    converter = temporal.data_converter.payload_converter_class
    shape = converter.shape if issubclass(converter, SharedConverter) else SHAPE
    return Worker(
        temporal,
        task_queue=queue,
        workflows=[workflow],
        workflow_runner=replace(STRICT, tell=held, shape=shape),
        activities=[*script.activities, Authenticating(KEY).authenticate, Authenticating(KEY).enlist],
        identity=temporal.identity,
        interceptors=[WholeSignals()],
    )


async def make_it_long(task: Running) -> None:
    """More history than Temporal wants one run to have, 4 MiB, until the task goes on as another run."""
    run_id = (await task.handle.describe()).run_id
    for number in range(1200):
        await task.handle.signal(TaskWorkflow.answer, noise(task, 1_000_000 if number < 7 else 1))
        await asyncio.sleep(0.1)
        if (await task.handle.describe()).run_id != run_id:
            return
    raise AssertionError("The task did not hand on to its next run.")


def noise(task: Running, size: int) -> Answer:
    """Of another org: it is dropped without a word, and stays in the history."""
    return Answer(org="T2", task_id=task.handle.id, question_id="", user="UADA", text=incompressible(size))


def incompressible(size: int) -> str:
    """Words of so many characters, which a codec makes little smaller."""
    return secrets.token_urlsafe(size)[:size]


@asynccontextmanager
async def running(
    temporal: Client,
    script: Script,
    *,
    task: str = "",
    source: Source = "mention",
    workflow: type[TaskWorkflow] = TaskWorkflow,
    **limits: Any,
) -> AsyncGenerator[Running]:
    """A task that was just handed over, and a worker for it alone. `task` is its id; empty: one nobody had before."""
    task = task or f"T1.{uuid.uuid4()}"
    request = TaskRequest(
        task_id=task,
        org="T1",
        user="alert:1f" if source == "alert" else "UADA",
        source=source,
        channel="COPS",
        thread_ts="1.0",
        message_ts="1.0",
        text=script.text,
        redacted=script.redacted,
        received_at=datetime.now(UTC).isoformat(),
        limits=TaskLimits(**limits),
    )
    async with worker_of(temporal, script, queue=task, workflow=workflow):
        # Added after it was signed, as whoever can write to Temporal would.
        signed = replace(sign(request, KEY), **script.forged)
        handle = await temporal.start_workflow(TaskWorkflow.run, signed, id=task, task_queue=task)
        yield Running(handle, script, temporal=temporal)
