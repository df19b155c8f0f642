"""Where the workflows' code runs: apart from the process, so that it can depend on nothing but its history."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info


@dataclass(frozen=True)
class ContextFree(WorkflowInstance):
    """A workflow's run whose payloads are converted without knowing what they belong to.

    The SDK asks a run for that before each payload, several times, and the sandbox compiles and enters code to answer:
    together longer than all that the workflow itself does. Our converter, codec and store have no use for it
    (:func:`bot.workflows.client.data_converter`).
    """

    inner: WorkflowInstance

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self.inner.activate(act)

    def get_serialization_context(self, command_info: object) -> SerializationContext | None:
        del command_info
        return None

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        del command_info
        return StorageDriverStoreContext()

    def get_info(self) -> Info:
        return self.inner.get_info()

    def get_thread_id(self) -> int | None:
        return self.inner.get_thread_id()


class ContextFreeSandbox(SandboxedWorkflowRunner):
    """The SDK's sandbox, of whose runs each is :class:`ContextFree`."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return ContextFree(super().create_instance(det))


SANDBOX = ContextFreeSandbox(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        *(
            "bot.workflows.messages",
            "opentelemetry",
            "bot.workflows.options",
            "bot.workflows.steps",
            "tools",
            "pydantic",
            "pydantic_core",
        )
    )
)
"""Shapes and constants are shared: to build all of them for each task took longer than the task's own decisions."""
