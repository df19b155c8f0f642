"""Stopping a task from a terminal, as whoever operates the machine: rejecting its plan, or cancelling it."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import TypeAdapter
from temporalio.client import Client, WorkflowQueryRejectedError
from temporalio.service import RPCError

from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.workflows.codec import UnreadablePayload
from bot.workflows.messages import Carried, TaskRequest, TaskState
from bot.workflows.task import TaskWorkflow
from tools.contracts.control import Control
from tools.contracts.decision import MAX_REASON, Decision
from tools.contracts.signing import is_authentic

NO_APPROVAL = (
    "An approval is confirmed in Slack only, by the person who gives it: a terminal does not say who sits at it. "
    "Nothing was decided. Press Approve on the plan's card."
)


_LOOK_AGAIN = 0.2
"""Seconds."""

_BEGUN = TypeAdapter[TaskRequest | Carried](TaskRequest | Carried)
"""What a run of a task begins with."""


class NotStopped(Exception):
    """Nothing was stopped. The message is a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Stopping:
    """Signs as this installation's edge does, in the name of `user`: `terminal:` and a login name."""

    temporal: Client
    intake: Intake
    org: str
    user: str
    patience: timedelta = timedelta(seconds=20)
    """How long it is waited for a rejection to be taken."""

    async def stop(self, task: str, how: Literal["reject", "cancel"], *, reason: str) -> str:
        """What came of it, or what was sent, in a sentence. Raises :class:`NotStopped`."""
        try:
            await self._readable(task)
            if how == "cancel":
                await self.intake.control(self._cancellation(task, reason))
                return f"Task {task} is told to stop. Its thread says what was put back."
            rejection = await self._rejection(task, reason)
            await self.intake.decide(rejection)
            return await self._taken(rejection)
        except TaskEnded as error:
            raise NotStopped(f"Task {task} is over, or never was. Nothing was changed.") from error
        except HandOverFailed as error:
            raise NotStopped(f"{error}. Nothing was changed; try again, or see `gavel doctor`.") from error

    async def _taken(self, rejection: Decision) -> str:
        """Once the task has said what it made of it: somebody else's click may have come first."""
        task = rejection.task_id
        deadline = asyncio.get_running_loop().time() + self.patience.total_seconds()
        while asyncio.get_running_loop().time() < deadline:
            with suppress(RPCError, WorkflowQueryRejectedError):
                state = await self._state(task)
                if state.outcome == "rejected" and state.ended_by == self.user:
                    return f"The plan of task {task} is rejected. Its card says so, and nothing of it will run."
                proposal = state.proposal
                waits = proposal is not None and proposal.open and proposal.nonce == rejection.nonce
                if state.outcome is not None or not waits:
                    raise NotStopped(
                        f"The plan of task {task} was decided on before, or is another by now. Your rejection changed "
                        "nothing. Its card says how it stands."
                    )
            await asyncio.sleep(_LOOK_AGAIN)
        return (
            f"The rejection is with task {task}, which has not said yet that it took it. Until its card says that it "
            "is rejected, it may still be approved. `gavel doctor` says whether a worker is there."
        )

    async def _readable(self, task: str) -> None:
        """Before anything is sent: what another key sealed, no worker could read, and the task would stand still."""
        try:
            async for event in self.temporal.get_workflow_handle(task).fetch_history_events(page_size=1):
                sent = event.workflow_execution_started_event_attributes.input.payloads
                begun = _BEGUN.validate_python((await self.temporal.data_converter.decode(sent))[0])
                request = begun if isinstance(begun, TaskRequest) else begun.state.request
                if request.org == self.org and is_authentic(request, self.intake.decision_key):
                    return
                break
        except UnreadablePayload:
            pass
        except ValueError as error:
            # What it was begun with has another shape.
            raise NotStopped(
                f"{task} is no task that this Gavel can read: an alert or an alert channel's desk is none. Nothing was "
                "changed. `gavel tasks` names the tasks."
            ) from error
        except RPCError as error:
            raise NotStopped(f"Task {task} is over, or never was. Nothing was changed.") from error
        raise NotStopped(f"Task {task} was begun with another key or org than is configured here. Nothing was changed.")

    def _cancellation(self, task: str, reason: str) -> Control:
        return Control(
            org=self.org,
            task_id=task,
            action="cancel",
            user=self.user,
            channel="",
            reason=reason[:MAX_REASON],
            unique=f"terminal-{secrets.token_hex(8)}",
            issued_at=datetime.now(UTC).isoformat(),
        )

    async def _state(self, task: str) -> TaskState:
        """Raises `RPCError`, and `WorkflowQueryRejectedError`."""
        handle = self.temporal.get_workflow_handle_for(TaskWorkflow.run, task)
        return await handle.query(TaskWorkflow.task_state, rpc_timeout=self.patience)

    async def _rejection(self, task: str, reason: str) -> Decision:
        """Of the plan on offer now."""
        try:
            state = await self._state(task)
        except (RPCError, WorkflowQueryRejectedError) as error:
            raise NotStopped(f"Task {task} could not be asked for its plan. Nothing was changed.") from error
        proposal = state.proposal
        if proposal is None or not proposal.open or state.status != "awaiting_approval":
            raise NotStopped(f"No plan of task {task} waits for a decision. Nothing was changed. To end it: cancel.")
        return Decision(
            org=self.org,
            task_id=task,
            revision=proposal.revision,
            verdict="reject",
            reason=reason[:MAX_REASON],
            plan_digest=proposal.plan.digest,
            policy_digest=proposal.report.policy_digest or "",
            target=proposal.plan.target,
            user=self.user,
            channel="",
            nonce=proposal.nonce,
            issued_at=datetime.now(UTC).isoformat(),
            expires_at=proposal.expires_at,
            reason_kind="other",
        )
