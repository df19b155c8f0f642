"""Wherever a workflow is told something, the shape of whoever wrote it is looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob

from bot.workflows.shape import mark, newest_in

NOT_READ = {"headers", "memo", "search_attributes", "resolve_nexus_operation_start", "resolve_nexus_operation"}
"""By no workflow of Gavel's."""


def ways_to_payloads(kind: Descriptor, above: tuple[Descriptor, ...] = ()) -> Iterator[str]:
    """Dotted names of fields, from a job to each payload that it may carry. Of a failure, its first cause is gone into,
    and no cause of that."""
    if kind is Payload.DESCRIPTOR:
        yield ""
        return
    for field in kind.fields:
        if field.message_type is None or field.name in NOT_READ or above.count(field.message_type) > 1:
            continue
        for rest in ways_to_payloads(field.message_type, (*above, field.message_type)):
            yield f"{field.name}.{rest}" if rest else field.name


WAYS = list(ways_to_payloads(WorkflowActivationJob.DESCRIPTOR))


def test_failures_and_their_causes_are_among_them() -> None:
    assert "resolve_activity.result.failed.failure.cause.encoded_attributes" in WAYS
    assert "resolve_signal_external_workflow.failure.encoded_attributes" in WAYS


@pytest.mark.parametrize("way", WAYS)
def test_every_payload_that_a_job_may_carry_is_looked_at(way: str) -> None:
    activation = WorkflowActivation()
    at: Message = activation.jobs.add()
    for name in way.split("."):
        inner = getattr(at, name)
        at = inner if isinstance(inner, Message) else inner.add()
    assert isinstance(at, Payload)
    mark(at, 7)
    assert newest_in(activation) == 7
