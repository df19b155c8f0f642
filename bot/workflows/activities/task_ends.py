"""How an alert's task ends, for a desk whose run did not begin it: to that one, Temporal does not say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError, RPCStatusCode

from bot.workflows.messages import TaskResult
from bot.workflows.messages.triage import Followed, FollowInput

ASK_AGAIN = timedelta(seconds=20)


@dataclass(frozen=True)
class TaskEnds:
    temporal: Client
    ask_again: timedelta = ASK_AGAIN

    @activity.defn(name="follow_investigation")
    async def follow_investigation(self, message: FollowInput) -> Followed:
        """While the task goes on, this attempt fails and another one asks: no history grows by that."""
        handle = self.temporal.get_workflow_handle(message.task_id, result_type=TaskResult)
        try:
            if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                raise ApplicationError(
                    "It goes on.", category=ApplicationErrorCategory.BENIGN, next_retry_delay=self.ask_again
                )
            result = await handle.result()
        except WorkflowFailureError as error:
            raise ApplicationError(f"It ended without a result: {error.cause}", non_retryable=True) from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            raise ApplicationError("Temporal does not know it any more.", non_retryable=True) from error
        return Followed(result.outcome, result.detail)
