"""A task's workflow as a later build might have it: with one step more once a plan is on offer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError

from bot.workflows.messages import Carried, TaskRequest, TaskResult
from bot.workflows.task import TaskWorkflow

with workflow.unsafe.imports_passed_through():
    from tests.unit.workflows.script import Script


@workflow.defn(name="gavel-task")
class NewerTask(TaskWorkflow):
    @workflow.init
    def __init__(self, begun: TaskRequest | Carried) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: TaskRequest | Carried) -> TaskResult:
        return await super().run(begun)

    async def _let_others_look(self) -> None:
        await workflow.execute_activity(
            "admire", self.state.request, start_to_close_timeout=timedelta(seconds=5), result_type=bool
        )


@dataclass
class NewerScript(Script):
    unmoved: bool = False
    """The step more fails for good."""

    @activity.defn(name="admire")
    async def admire(self, request: TaskRequest) -> bool:
        self.asked.append(("admire", request))
        if self.unmoved:
            raise ApplicationError("There is nothing to admire.", non_retryable=True)
        return True

    @property
    def activities(self) -> list[object]:
        return [*super().activities, self.admire]
