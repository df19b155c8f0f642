"""What anybody may put into the header in which a trace travels holds no workflow up."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    QueryWorkflowInput,
    SignalWorkflowInput,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig
from temporalio.worker import Worker

from bot.telemetry.otel import OtelTracing
from bot.telemetry.trace_headers import IGNORED, CarrierConverter
from tests.unit.telemetry.test_tracing import Kept
from tests.unit.workflows.conftest import temporal
from tests.unit.workflows.running import running
from tests.unit.workflows.script import Script

__all__ = ["temporal"]

HEADER = "_tracer-data"
TRACE = "0af7651916cd43dd8448eb211c80319c"
CARRIER = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "baggage": "owner=mallory"}


def payload(data: bytes, encoding: bytes = b"json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding}, data=data)


BAD = {
    "no JSON": payload(b"{{{"),
    "no UTF-8": payload(b'{"traceparent": "\xff"}'),
    "no object": payload(b'["traceparent"]'),
    "numbers": payload(b'{"traceparent": 7, "tracestate": 1}'),
    "nested": payload(b'{"traceparent": {"a": 1}}'),
    "deep": payload(b"[" * 3_000),
    "large": payload(json.dumps({"traceparent": "0" * 100_000}).encode()),
    "a protobuf": payload(b"\x00", b"binary/protobuf"),
    "unknown": payload(b"{}", b"json/mallory"),
    "bare": Payload(data=b"{}"),
}


class Sends(Interceptor):
    """Someone who reaches Temporal: each of their calls has this header."""

    def __init__(self, header: Payload) -> None:
        self.header = header

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Sent(next, self.header)


class _Sent(OutboundInterceptor):
    def __init__(self, following: OutboundInterceptor, header: Payload) -> None:
        super().__init__(following)
        self._header = header

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        input.headers = {**input.headers, HEADER: self._header}
        return await super().start_workflow(input)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        input.headers = {**input.headers, HEADER: self._header}
        await super().signal_workflow(input)

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:
        input.headers = {**input.headers, HEADER: self._header}
        return await super().query_workflow(input)


@workflow.defn(sandboxed=False)
class Adds:
    def __init__(self) -> None:
        self.numbers: list[int] = []

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: len(self.numbers) == 2)
        return sum(self.numbers)

    @workflow.signal
    def put(self, number: int) -> None:
        self.numbers.append(number)


async def client_with(
    temporal: Client, header: Payload, tracing: OtelTracing, metrics: MetricBuffer | None = None
) -> Client:
    runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics)) if metrics is not None else None
    return await Client.connect(
        temporal.service_client.config.target_host,
        data_converter=temporal.data_converter,
        interceptors=[*tracing.interceptors, Sends(header)],
        runtime=runtime,
    )


async def added(client: Client) -> int:
    """A workflow that is started and signalled twice, with the header each time."""
    name = f"adds-{uuid.uuid4().hex}"
    handle = await client.start_workflow(Adds.run, id=name, task_queue=name)
    for number in (1, 2):
        await handle.signal(Adds.put, number)
    async with Worker(client, task_queue=name, workflows=[Adds]):
        return await handle.result()


@pytest.mark.parametrize("header", BAD.values(), ids=BAD.keys())
async def test_a_header_that_cannot_be_read_is_ignored_and_counted(temporal: Client, header: Payload) -> None:
    tracing, metrics = OtelTracing(Kept(), resource=Resource({})), MetricBuffer(10_000)
    assert await added(await client_with(temporal, header, tracing, metrics)) == 3
    found = [update.value for update in metrics.retrieve_updates() if update.metric.name.endswith(IGNORED)]
    assert sum(found) == 3, "of its start and of each signal, once"
    await tracing.close()


async def test_a_task_goes_on_whatever_header_it_is_sent_with(temporal: Client) -> None:
    tracing = OtelTracing(Kept(), resource=Resource({}))
    async with running(await client_with(temporal, BAD["no JSON"], tracing), Script()) as task:
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"
    await tracing.close()


async def test_a_trace_that_can_be_read_is_followed_and_its_baggage_left(temporal: Client) -> None:
    kept = Kept()
    tracing = OtelTracing(kept, resource=Resource({}))
    client = await client_with(temporal, payload(json.dumps(CARRIER).encode()), tracing)
    assert await added(client) == 3
    await tracing.close()
    ran = [span for span in kept.spans if span.name == "RunWorkflow:Adds"]
    assert [f"{span.context.trace_id:032x}" for span in ran if span.context] == [TRACE]
    assert CarrierConverter().from_payloads([payload(json.dumps(CARRIER).encode())]) == [
        {"traceparent": CARRIER["traceparent"]}
    ]
