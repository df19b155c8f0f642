"""The workflows as a careless change would leave them: the replay must refuse each."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from bot.workflows import steps
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.messages import Carried, RolesInput, TaskRequest, TaskResult
from bot.workflows.messages.alerts import AlertStart
from bot.workflows.messages.triage import DeskStart
from bot.workflows.task import TaskWorkflow


@workflow.defn(name="gavel-task")
class OneStepMore(TaskWorkflow):
    """Asks something before it begins."""

    @workflow.init
    def __init__(self, begun: TaskRequest | Carried) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: TaskRequest | Carried) -> TaskResult:
        await steps.run(steps.READ_ROLES, RolesInput(request=self.state.request, user=self.state.request.user))
        return await super().run(begun)


@workflow.defn(name="gavel-task")
class OnePauseMore(TaskWorkflow):
    """Sleeps at the end."""

    @workflow.init
    def __init__(self, begun: TaskRequest | Carried) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: TaskRequest | Carried) -> TaskResult:
        result = await super().run(begun)
        await workflow.sleep(timedelta(seconds=1))
        return result


@workflow.defn(name="gavel-task")
class Unchecked(TaskWorkflow):
    """Takes every request for authentic."""

    @workflow.init
    def __init__(self, begun: TaskRequest | Carried) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: TaskRequest | Carried) -> TaskResult:
        return await super().run(begun)

    async def _is_authentic(self, request: TaskRequest) -> bool:
        return bool(request.task_id)


@workflow.defn(name="gavel-alert")
class HastyAlert(AlertWorkflow):
    """Sleeps before it begins."""

    @workflow.init
    def __init__(self, start: AlertStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: AlertStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="gavel-triage")
class HastyDesk(TriageWorkflow):
    """Sleeps before it begins."""

    @workflow.init
    def __init__(self, start: DeskStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: DeskStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)
