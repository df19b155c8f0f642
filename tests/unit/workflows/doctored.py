"""A task's workflow whose state says that no phase is left to begin, while its run is paused."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from bot.workflows.execution import Execution
from bot.workflows.messages import Carried, Pause, PhaseRecord, Proposal, TaskRequest, TaskResult
from bot.workflows.task import TaskWorkflow
from tools.contracts.taskspec import TaskSpec


@workflow.defn(name="gavel-task")
class AllSkipped(TaskWorkflow):
    @workflow.init
    def __init__(self, begun: TaskRequest | Carried) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: TaskRequest | Carried) -> TaskResult:
        return await super().run(begun)

    def _execution(self, spec: TaskSpec, proposal: Proposal) -> Execution:
        self.state.phases = [PhaseRecord(name=phase.name, state="skipped") for phase in proposal.plan.phases]
        now = workflow.now()
        until = now + timedelta(seconds=1)
        self.state.pause = Pause(user="UADA", at=now.isoformat(), until=until.isoformat())
        return super()._execution(spec, proposal)
