"""Signals without their message, as who reaches Temporal can send them: one would hold its task up for good."""

from __future__ import annotations

from temporalio import workflow
from temporalio.worker import (
    HandleSignalInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)


class WholeSignals(Interceptor):
    """Every signal here carries one message; what carries none or several is dropped, and the task goes on."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """See `temporalio.worker.Interceptor`."""
        return _OneMessage


class _OneMessage(WorkflowInboundInterceptor):
    async def handle_signal(self, input: HandleSignalInput) -> None:
        if len(input.args) == 1:
            await super().handle_signal(input)
        else:
            workflow.logger.warning("A signal without its one message was dropped: %s", input.signal)
