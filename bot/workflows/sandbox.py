"""Where the workflows' code runs: apart from the process, so that it can depend on nothing but its history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from temporalio.bridge.proto.workflow_activation import RemoveFromCache, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

from bot.workflows.held import Held, Why
from bot.workflows.shape import SHAPE, NewerShape, newest_in


def tell_nobody(_held: Held) -> None:
    """A replay holds nothing up."""


@dataclass
class Guarded(WorkflowInstance):
    """A workflow's run, which is held where this worker cannot go on with it: nothing is done, Temporal keeps it where
    it was and has it tried again, and whoever listens is told.

    Its payloads are converted without knowing what they belong to. The SDK asks a run for that before each payload,
    several times, and the sandbox compiles and enters code to answer: together longer than all that the workflow itself
    does. Our converter, codec and store have no use for it (:func:`bot.workflows.client.data_converter`).
    """

    inner: WorkflowInstance
    shape: int
    tell: Callable[[Held], None]
    _begun_with: bytes = field(default=b"", init=False, repr=False)

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        for job in act.jobs:
            if job.HasField("initialize_workflow") and job.initialize_workflow.arguments:
                self._begun_with = job.initialize_workflow.arguments[0].data
            removed = job.remove_from_cache if job.HasField("remove_from_cache") else None
            if removed is not None and removed.reason == RemoveFromCache.EvictionReason.NONDETERMINISM:
                self._held("diverged", removed.message)
        newest = newest_in(act)
        if newest > self.shape:
            # Before anything is read: of a signal the SDK would drop what cannot be, and answer that all is done.
            return self._refused(NewerShape(newest, known=self.shape))
        completion = self.inner.activate(act)
        if completion.HasField("failed"):
            self._held("broken", completion.failed.failure.application_failure_info.type)
        return completion

    def _refused(self, error: NewerShape) -> WorkflowActivationCompletion:
        self._held("newer", str(error))
        completion = WorkflowActivationCompletion()
        completion.failed.failure.message = str(error)
        completion.failed.failure.application_failure_info.type = type(error).__name__
        return completion

    def _held(self, why: Why, detail: str) -> None:
        info = self.inner.get_info()
        self.tell(Held(info.workflow_id, info.run_id, info.workflow_type, why, detail, self._begun_with))

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


@dataclass(frozen=True)
class GuardedSandbox(SandboxedWorkflowRunner):
    """The SDK's sandbox, of whose runs each is :class:`Guarded`."""

    shape: int = SHAPE
    """The newest that is gone on with."""
    tell: Callable[[Held], None] = tell_nobody
    """Called from the threads that workflows run in. Must not block, or raise."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return Guarded(super().create_instance(det), self.shape, self.tell)


SANDBOX = GuardedSandbox(
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


def telling(tell: Callable[[Held], None], *, shape: int = SHAPE) -> GuardedSandbox:
    """The same, with somebody who listens, in a Gavel of this shape."""
    return replace(SANDBOX, tell=tell, shape=shape)
