"""Which shape tasks have: a number that every payload carries, so that an older worker leaves alone what it does not
know.

Temporal's own worker versioning needs somebody who says to the server which version is current, at each deploy and
before the first task. Patch markers tell a newer worker what an older one did, and an older one nothing. This number
needs no one, and is read by workers that are older than what wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator

from temporalio.api.common.v1 import Payload
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
    match job.WhichOneof("variant"):
        case "initialize_workflow":
            yield from job.initialize_workflow.arguments
        case "signal_workflow":
            yield from job.signal_workflow.input
        case "query_workflow":
            yield from job.query_workflow.arguments
        case "resolve_activity":
            yield job.resolve_activity.result.completed.result
        case "resolve_child_workflow_execution":
            yield job.resolve_child_workflow_execution.result.completed.result
        case _:
            return
