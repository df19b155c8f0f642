"""What runs the workflows' code, and holds a task up that this worker cannot go on with.

Not in the SDK's sandbox. It loads a workflow's module anew for each task and enters it by code that is compiled at
each step, which takes longer than all that the workflow itself does. That its code rests on nothing but its history (no
clock, no chance, nothing outside) the tests see to: they run it in the sandbox, with all that it is made of
(`tests/strict.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.bridge.proto.workflow_activation import RemoveFromCache, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
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
    several times. Our converter, codec and store have no use for it (:func:`bot.workflows.client.data_converter`).
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
class GuardedRunner(WorkflowRunner):
    """Of whose runs each is :class:`Guarded`."""

    inner: WorkflowRunner = field(default_factory=UnsandboxedWorkflowRunner)
    shape: int = SHAPE
    """The newest that is gone on with."""
    tell: Callable[[Held], None] = tell_nobody
    """Called from the threads that workflows run in. Must not block, or raise."""

    def prepare_workflow(self, defn: Any) -> None:
        self.inner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self.inner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return Guarded(self.inner.create_instance(det), self.shape, self.tell)
