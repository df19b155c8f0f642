"""The end of a task whose agent reports: the report is shown, and at most one follow-up task starts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from bot.workflows import steps
from bot.workflows.messages import HandOverInput, Investigated, Judged, Reported, ReportInput, TaskState
from tools.contracts.outputs import AnyReport
from tools.contracts.taskspec import TaskSpec

WORKFLOW = "gavel-task"


@dataclass
class Reporting:
    """Of one task."""

    state: TaskState
    spec: TaskSpec
    thread_ts: str

    async def end(self, found: AnyReport, judged: Judged, investigated: Investigated) -> str:
        """Show a report that passed the gates, and hand over what it hands over. What the person is told at the end."""
        self.state.reported = Reported(
            revision=found.revision,
            digest=found.digest,
            policy_digest=judged.report.policy_digest,
            conclusion=found.conclusion,
            council=investigated.council,
        )
        await steps.run(
            steps.REPORT,
            ReportInput(
                request=self.state.request,
                thread_ts=self.thread_ts,
                spec=self.spec,
                found=found,
                gates=judged.report,
                council=investigated.council,
            ),
        )
        # Once only: what was handed over is not handed on.
        if found.handover is not None and not self.state.request.handed_over_from:
            await self._hand_over(found, self.state.reported)
        return found.summary.text

    async def _hand_over(self, found: AnyReport, reported: Reported) -> None:
        follow_up = await steps.run(
            steps.HAND_OVER, HandOverInput(request=self.state.request, thread_ts=self.thread_ts, found=found)
        )
        # Already there: by an earlier run of this very step.
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                WORKFLOW,
                follow_up,
                id=follow_up.task_id,
                # A task of its own: it goes on when this one has ended.
                parent_close_policy=ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
        reported.handed_over_to = follow_up.task_id
