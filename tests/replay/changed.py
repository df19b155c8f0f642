"""The task workflow as a careless change would leave it: the replay must refuse each."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from bot.workflows import steps
    from bot.workflows.messages import RolesInput, TaskRequest, TaskResult
    from bot.workflows.task import TaskWorkflow


@workflow.defn(name="gavel-task")
class OneStepMore(TaskWorkflow):
    """Asks something before it begins."""

    @workflow.init
    def __init__(self, request: TaskRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: TaskRequest) -> TaskResult:
        await steps.run(steps.READ_ROLES, RolesInput(request=request, user=request.user))
        return await super().run(request)


@workflow.defn(name="gavel-task")
class OnePauseMore(TaskWorkflow):
    """Sleeps at the end."""

    @workflow.init
    def __init__(self, request: TaskRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: TaskRequest) -> TaskResult:
        result = await super().run(request)
        await workflow.sleep(timedelta(seconds=1))
        return result


@workflow.defn(name="gavel-task")
class Unchecked(TaskWorkflow):
    """Takes every request for authentic."""

    @workflow.init
    def __init__(self, request: TaskRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: TaskRequest) -> TaskResult:
        return await super().run(request)

    async def _is_authentic(self, request: TaskRequest) -> bool:
        return bool(request.task_id)
