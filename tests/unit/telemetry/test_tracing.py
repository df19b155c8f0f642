"""Traces are off unless they are wanted, and what is sent holds nothing that an error or a person said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from bot.telemetry.otel import MOST_CHARS, OtelTracing, current_ids
from bot.telemetry.tracing import NoTracing, open_tracing, trace_ids, tracing_wanted

THERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        (THERE, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({**THERE, "OTEL_SDK_DISABLED": "true"}, False),
        ({**THERE, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**THERE, "OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
    ],
)
async def test_traces_are_sent_exactly_where_an_endpoint_says_so(environ: dict[str, str], wanted: bool) -> None:
    assert tracing_wanted(environ) is wanted
    assert (trace_ids(environ) is not None) is wanted
    if not wanted:
        async with open_tracing(environ) as tracing:
            assert isinstance(tracing, NoTracing)


def test_without_an_endpoint_nothing_of_it_is_loaded() -> None:
    listed = subprocess.run(
        (sys.executable, "-c", "import sys, bot.runtime; print(*sys.modules)"),
        capture_output=True,
        text=True,
        check=True,
    )
    sends = {"opentelemetry.sdk", "bot.telemetry.otel", "temporalio.contrib.opentelemetry"}
    assert not sends & set(listed.stdout.split())


class Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None: ...


async def test_what_an_error_said_and_what_nobody_vouches_for_is_not_sent() -> None:
    kept = Kept()
    tracing = OtelTracing(kept, resource=Resource({}))
    secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

    def fail() -> None:
        with tracing.span("tool", tool="x" * 500, note=secret, granted=True):
            assert current_ids().keys() == {"trace_id", "span_id"}
            raise ValueError(f"the prompt was: {secret} hunter2")

    with pytest.raises(ValueError, match="hunter2"):
        fail()
    await tracing.close()
    (span,) = kept.spans
    sent = span.to_json()
    assert secret not in sent
    assert "hunter2" not in sent
    assert "ValueError" in sent
    attributes = dict(span.attributes or {})
    assert (len(str(attributes["gavel.tool"])), attributes["gavel.granted"]) == (MOST_CHARS, True)
    assert current_ids() == {}
