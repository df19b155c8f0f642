"""Traces by OpenTelemetry, over OTLP/HTTP. Imported only where they are wanted.

A span says what was done and how long it took. Errors quote anything, so of an error only its type is sent; of the
attributes only those that are known by name, and of each the first 200 characters, redacted.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span
from opentelemetry.util.types import Attributes
from temporalio.client import Interceptor

from bot.redaction import redact
from bot.telemetry.trace_headers import TracesIn
from bot.telemetry.tracing import Attribute

LAST_SECONDS: Final = 3.0
"""For what is still to be sent when the process ends. A receiver that is away must not hold it up."""

KNOWN: Final = frozenset({"temporalWorkflowID", "temporalRunID", "temporalActivityID", "temporalUpdateID"})
"""Of Temporal's own attributes; all of ours begin with `gavel.`."""

MOST_CHARS: Final = 200


class OtelTracing:
    """Implements :class:`bot.telemetry.tracing.Tracing`. One per process."""

    on = True

    def __init__(self, exporter: SpanExporter, *, resource: Resource) -> None:
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(Discreet(exporter)))
        self._tracer = self._provider.get_tracer("gavel")
        self.interceptors: Sequence[Interceptor] = [TracesIn(self._tracer)]

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> OtelTracing:
        """As the `OTEL_*` variables say. It does not connect: a receiver may be away, and come back."""
        from importlib import metadata

        said = {} if environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "gavel"}
        resource = Resource.create({**said, SERVICE_VERSION: metadata.version("gavel")})
        return cls(OTLPSpanExporter(), resource=resource)

    @contextmanager
    def span(self, name: str, **attributes: Attribute) -> Generator[None]:
        given = {f"gavel.{key}": value for key, value in attributes.items()}
        with self._tracer.start_as_current_span(name, kind=SpanKind.INTERNAL, attributes=given):
            yield

    async def close(self) -> None:
        """Send what is left, for at most :data:`LAST_SECONDS`."""
        # A thread of its own, which nobody waits for at the end: the exporter tries for as long as its timeout says.
        last = threading.Thread(target=self._provider.shutdown, name="traces-last", daemon=True)
        last.start()
        await asyncio.to_thread(last.join, LAST_SECONDS)


def current_ids() -> Mapping[str, str]:
    """Of the current span, as OpenTelemetry's logs name them; empty outside of one."""
    context = get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


class Discreet(SpanExporter):
    """Passes spans on without what an error said, and without attributes that nobody vouches for."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._inner.export([_cleaned(span) for span in spans])

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _cleaned(span: ReadableSpan) -> ReadableSpan:
    failed = span.status.status_code is StatusCode.ERROR
    return ReadableSpan(
        name=redact(span.name).text[:MOST_CHARS],
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_vouched(span.attributes),
        events=[_type_alone(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(StatusCode.ERROR) if failed else Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _vouched(attributes: Attributes) -> dict[str, Attribute]:
    return {
        name: redact(value).text[:MOST_CHARS] if isinstance(value, str) else value
        for name, value in (attributes or {}).items()
        if (name.startswith("gavel.") or name in KNOWN) and isinstance(value, str | int | bool)
    }


def _type_alone(event: Event) -> Event:
    kind = (event.attributes or {}).get("exception.type")
    return Event(event.name, attributes={"exception.type": str(kind)} if kind else {}, timestamp=event.timestamp)
