"""Which shape tasks have: a number that every payload carries, so that an older worker leaves alone what it does not
know.

Temporal's own worker versioning needs somebody who says to the server which version is current, at each deploy and
before the first task. Patch markers tell a newer worker what an older one did, and an older one nothing. This number
needs no one, and is read by workers that are older than what wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.activity_result import ActivityResolution
from temporalio.bridge.proto.child_workflow import ChildWorkflowResult
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob

SHAPE = 1
"""Raised by one with every change after which an older worker must not go on with a task: a field, a message, a step, a
signal that it would not know, or a change of a workflow's code that needed `workflow.patched`."""

_KEY = "shape"


class NewerShape(ValueError):
    """A newer Gavel wrote this. It is tried again, by whichever worker is free, until one of them knows it.

    No error of Temporal's: in a workflow's code those end the workflow, and this one must only wait.
    """

    def __init__(self, shape: int, *, known: int) -> None:
        super().__init__(
            f"A newer Gavel wrote this (shape {shape}; this one knows {known}). It waits for a newer worker."
        )


def mark(payload: Payload, shape: int) -> None:
    """Into its metadata, which the codec encrypts with it."""
    payload.metadata[_KEY] = b"%d" % shape


def shape_of(payload: Payload) -> int:
    """0: from before there were any, or of something that is no payload of ours."""
    written = payload.metadata.get(_KEY, b"")
    return int(written) if written.isdigit() and len(written) < 10 else 0


def newest_in(activation: WorkflowActivation) -> int:
    """The newest shape of all that a workflow is told in one go."""
    return max((shape_of(payload) for job in activation.jobs for payload in _told_by(job)), default=0)


def _told_by(job: WorkflowActivationJob) -> Iterator[Payload]:
    """Decrypted, as the SDK hands a job on."""
    match job.WhichOneof("variant"):
        case "initialize_workflow":
            yield from job.initialize_workflow.arguments
            yield from job.initialize_workflow.last_completion_result.payloads
            yield from _of_failure(job.initialize_workflow.continued_failure)
        case "signal_workflow":
            yield from job.signal_workflow.input
        case "query_workflow":
            yield from job.query_workflow.arguments
        case "do_update":
            yield from job.do_update.input
        case "resolve_activity":
            yield from _of_resolution(job.resolve_activity.result)
        case "resolve_child_workflow_execution":
            yield from _of_resolution(job.resolve_child_workflow_execution.result)
        case "resolve_child_workflow_execution_start":
            yield from _of_failure(job.resolve_child_workflow_execution_start.cancelled.failure)
        case "resolve_signal_external_workflow":
            yield from _of_failure(job.resolve_signal_external_workflow.failure)
        case "resolve_request_cancel_external_workflow":
            yield from _of_failure(job.resolve_request_cancel_external_workflow.failure)
        case _:
            return


def _of_resolution(result: ActivityResolution | ChildWorkflowResult) -> Iterator[Payload]:
    """What came of a step or of a child. At most one of these is set."""
    yield result.completed.result
    yield from _of_failure(result.failed.failure)
    yield from _of_failure(result.cancelled.failure)


def _of_failure(failure: Failure) -> Iterator[Payload]:
    """Its words, which the SDK leaves out without a word where they cannot be read; its details; and its causes'."""
    while True:
        yield failure.encoded_attributes
        yield from failure.application_failure_info.details.payloads
        yield from failure.canceled_failure_info.details.payloads
        yield from failure.timeout_failure_info.last_heartbeat_details.payloads
        yield from failure.reset_workflow_failure_info.last_heartbeat_details.payloads
        if not failure.HasField("cause"):
            return
        failure = failure.cause
