"""What somebody with access to Temporal can do with what it keeps: begin a workflow with it that is tried again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import Client
from temporalio.common import RetryPolicy

T = TypeVar("T")

ONE_RUN = timedelta(seconds=12)
"""Until a run times out, and the next begins with what the first was begun with."""


async def begun_with(temporal: Client, workflow_id: str, shape: type[T]) -> T:
    """What the newest run of it was begun with."""
    async for event in temporal.get_workflow_handle(workflow_id).fetch_history_events(page_size=1):
        payloads = event.workflow_execution_started_event_attributes.input.payloads
        return (await temporal.data_converter.decode(payloads, [shape]))[0]
    raise AssertionError("it has no history")


async def tried_again(temporal: Client, name: str, argument: object, *, workflow_id: str, queue: str) -> str:
    """The id of its second run, of which Temporal says that it follows the first. No worker has seen that."""
    await temporal.start_workflow(
        name,
        argument,
        id=workflow_id,
        task_queue=queue,
        run_timeout=ONE_RUN,
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), backoff_coefficient=1),
    )
    handle: Any = temporal.get_workflow_handle(workflow_id)
    first = (await handle.describe()).run_id
    for _ in range(600):
        run_id = (await handle.describe()).run_id
        if run_id != first:
            return str(run_id)
        await asyncio.sleep(0.1)
    raise AssertionError("no other run of it began")
