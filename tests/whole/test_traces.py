"""One trace from what Slack sent to the tools that ran for it, through Temporal, over real OTLP; and nothing in it that
anybody wrote.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bot.blocks.actions import APPROVE
from bot.workflows.task import TaskWorkflow
from tests.whole.town import Town, open_town, until
from tools.contracts.common import JsonObject


class Receiver:
    """An OTLP/HTTP collector, as far as traces go."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.raw = b""
        self.services: set[str] = set()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip" and body.startswith(b"\x1f\x8b"):
            body = gzip.decompress(body)
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services.update(
                attribute.value.string_value
                for attribute in resource.resource.attributes
                if attribute.key == "service.name"
            )
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return web.Response(content_type="application/x-protobuf")

    def trace(self, trace_id: bytes) -> list[Span]:
        return [span for span in self.spans if span.trace_id == trace_id]

    def named(self, name: str, **attributes: str) -> list[Span]:
        return [span for span in self.spans if span.name == name and attributes.items() <= values(span).items()]


def values(span: Span) -> dict[str, str]:
    return {attribute.key.removeprefix("gavel."): attribute.value.string_value for attribute in span.attributes}


@asynccontextmanager
async def receiving() -> AsyncGenerator[tuple[Receiver, str]]:
    receiver, app = Receiver(), web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/traces", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield receiver, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def serve_traced(town: Town, endpoint: str) -> list[Path]:
    """A bot and a worker in processes of their own: the trace must go through Temporal."""
    otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200", "GAVEL_LOG_LEVEL": "info"}
    bot = await town.serve("bot", **otel)
    worker = await town.serve("worker", **otel)
    return [bot.log, worker.log]


@pytest.mark.timeout(240)
async def test_one_trace_leads_from_the_event_to_the_tools_that_ran(tmp_path: Path) -> None:
    async with receiving() as (receiver, endpoint), open_town(tmp_path) as town:
        logs = await serve_traced(town, endpoint)
        secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
        said = await town.stage.say("ada", "ops", f"@gavel production web servers have drifted, fix it {secret}")
        card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=90, what="The plan card")
        await town.stage.click("grace", said.channel, card["ts"], APPROVE)
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert result.outcome == "completed"

        async def arrived() -> bool:
            ran = any(is_granted(span) for span in receiver.named("tool"))
            return ran and bool(receiver.named("CompleteWorkflow:gavel-task"))

        await until(arrived, seconds=30, what="The last spans")

        (event,) = receiver.named("slack", kind="app_mention")
        trace = receiver.trace(event.trace_id)
        by_id = {span.span_id: span for span in trace}

        def path(span: Span) -> list[str]:
            """Names from the span up to where the trace begins."""
            names = [span.name]
            while span.parent_span_id:
                span = by_id[span.parent_span_id]
                names.append(span.name)
            return names

        ran = [span for span in trace if span.name == "tool" and is_granted(span)]
        assert ran, sorted({span.name for span in trace})
        assert path(ran[0]) == [
            "tool",
            "RunActivity:run_phase",
            "StartActivity:run_phase",
            "StartWorkflow:gavel-task",
            "slack",
        ]
        for name in (
            "RunWorkflow:gavel-task",
            "model",
            "gate",
            "RunActivity:investigate",
            "RunActivity:judge",
            "HandleSignal:decide",
        ):
            assert [span for span in trace if span.name == name], name
        # The click is a trace of its own; the decision that it became points back to it.
        (click,) = receiver.named("slack", kind="block_actions")
        (heard,) = [span for span in trace if span.name == "HandleSignal:decide"]
        assert [link.trace_id for link in heard.links] == [click.trace_id]
        assert receiver.services == {"gavel"}

        slack = town.stack.settings.slack
        hidden = [secret, "drifted", "web-", "U0ADA", "U0GRACE", "production web"]
        hidden += [token.get_secret_value() for token in (slack.bot_token, slack.app_token) if token is not None]
        assert [word for word in hidden if word.encode() in receiver.raw] == []
        entries: list[JsonObject] = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
        assert all(len(entry["trace_id"]) == 32 for entry in entries if "task" in entry)


def is_granted(span: Span) -> bool:
    return any(attribute.key == "gavel.granted" and attribute.value.bool_value for attribute in span.attributes)


@pytest.mark.timeout(240)
async def test_a_receiver_that_is_away_holds_nothing_up(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        await serve_traced(town, "http://127.0.0.1:9")
        said = await town.stage.say("ada", "ops", "@gavel production web servers have drifted, fix it")
        await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=90, what="The plan card")
