"""Stopping a task from a terminal, as whoever operates the machine: rejecting its plan, or cancelling it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from temporalio.client import Client, WorkflowQueryRejectedError
from temporalio.service import RPCError

from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.workflows.messages import TaskState
from bot.workflows.task import TaskWorkflow
from tools.contracts.control import Control
from tools.contracts.decision import MAX_REASON, Decision

NO_APPROVAL = (
    "An approval is confirmed in Slack only, by the person who gives it: a terminal does not say who sits at it. "
    "Nothing was decided. Press Approve on the plan's card."
)


class NotStopped(Exception):
    """Nothing was stopped. The message is a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Stopping:
    """Signs as this installation's edge does, in the name of `user`: `terminal:` and a login name."""

    temporal: Client
    intake: Intake
    org: str
    user: str

    async def stop(self, task: str, how: Literal["reject", "cancel"], *, reason: str) -> str:
        """What was sent, in a sentence. The workflow says in the thread what came of it. Raises :class:`NotStopped`."""
        try:
            if how == "cancel":
                await self.intake.control(self._cancellation(task, reason))
                return f"Task {task} is told to stop. Its thread says what was put back."
            await self.intake.decide(await self._rejection(task, reason))
        except TaskEnded as error:
            raise NotStopped(f"Task {task} is over, or never was. Nothing was changed.") from error
        except HandOverFailed as error:
            raise NotStopped(f"{error}. Nothing was changed; try again, or see `gavel doctor`.") from error
        return f"The plan of task {task} is rejected. Its card says so, and nothing of it will run."

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

    async def _rejection(self, task: str, reason: str) -> Decision:
        """Of the plan on offer now."""
        handle = self.temporal.get_workflow_handle_for(TaskWorkflow.run, task)
        try:
            state: TaskState = await handle.query(TaskWorkflow.task_state)
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
