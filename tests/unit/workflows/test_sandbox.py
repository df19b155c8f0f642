from __future__ import annotations

from datetime import UTC, datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import pytest
    from temporalio.client import Client, WorkflowFailureError
    from temporalio.converter import WorkflowSerializationContext
    from temporalio.worker import Worker

    from bot.workflows.client import data_converter
    from bot.workflows.sandbox import SANDBOX
    from tests.unit.workflows.conftest import KEY


@workflow.defn(failure_exception_types=[Exception])
class Undetermined:
    @workflow.run
    async def run(self) -> str:
        return f"{datetime.now(UTC)}"


async def test_a_workflow_that_looks_at_the_clock_is_stopped(temporal: Client) -> None:
    """A replay would see another time, and could go another way."""
    async with Worker(temporal, task_queue="sandbox", workflows=[Undetermined], workflow_runner=SANDBOX):
        with pytest.raises(WorkflowFailureError) as failed:
            await temporal.execute_workflow(Undetermined.run, id="undetermined", task_queue="sandbox")
    assert "now" in str(failed.value.cause)


def test_nothing_that_converts_wants_to_know_what_a_payload_belongs_to() -> None:
    """The sandbox does not tell it: a converter that asked would not be told."""
    converter, context = data_converter(KEY), WorkflowSerializationContext(namespace="default", workflow_id="task-1")
    assert converter.external_storage is None
    assert converter.with_context(context) is converter
