"""The header of Temporal's in which a trace travels, read as what it is: hostile.

Anybody who reaches Temporal can put anything into it, and the SDK's interceptor raises for what it cannot read: in a
workflow that is a task which fails for good, tried again for ever. Here such a header is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.converter import PayloadConverter
from temporalio.worker import WorkflowInboundInterceptor, WorkflowInterceptorClassInput

IGNORED: Final = "gavel_trace_headers_ignored"
"""Counter of Temporal's SDK (`GAVEL_OPS_TEMPORAL_PORT`), of what workflows were sent."""

MOST_BYTES: Final = 4_096
"""Of a header. A trace's own two fields have at most 567 characters between them."""

FIELDS: Final = ("traceparent", "tracestate")
"""W3C's, all that a span needs. Baggage would be carried on into everything that follows, and nothing here reads it."""

NOTHING: Final = {"ignored": ""}
"""A carrier with no trace in it, and not an empty one: the SDK reads that anew at each signal, to be counted anew."""

_CARRIER = TypeAdapter(dict[str, str])


class CarrierConverter(PayloadConverter):
    """Of a header that cannot be read: :data:`NOTHING`. It raises for none."""

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        return PayloadConverter.default.to_payloads(values)

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        del type_hints
        return [_carrier_in(payload) for payload in payloads]


class TracesIn(TracingInterceptor):
    """The SDK's, which reads what it is sent with a :class:`CarrierConverter`."""

    def __init__(self, tracer: Any) -> None:
        super().__init__(tracer)
        self.payload_converter = CarrierConverter()

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[TracingWorkflowInboundInterceptor]:
        """See the SDK's."""
        super().workflow_interceptor_class(input)
        return _TracesIn


class _TracesIn(TracingWorkflowInboundInterceptor):
    def __init__(self, next: WorkflowInboundInterceptor) -> None:
        super().__init__(next)
        self.payload_converter = CarrierConverter()


def _carrier_in(payload: Payload) -> dict[str, str]:
    try:
        if payload.metadata["encoding"] != b"json/plain" or len(payload.data) > MOST_BYTES:
            return _ignored()
        carrier = _CARRIER.validate_json(payload.data)
    except (KeyError, ValidationError):
        return _ignored()
    return {name: carrier[name] for name in FIELDS if name in carrier} or NOTHING


def _ignored() -> dict[str, str]:
    if workflow.in_workflow():
        workflow.logger.warning("A header with a trace that cannot be read was ignored.")
        workflow.metric_meter().create_counter(IGNORED, "Traces in headers that could not be read.").add(1)
    return NOTHING
