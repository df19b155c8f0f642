"""Bolt's app, which counts and traces what it answers: over Socket Mode and over HTTP alike."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import CollectorRegistry
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.telemetry.intake import IntakeMetrics, known_kind
from bot.telemetry.tracing import NO_TRACING, Tracing


class CountedApp(AsyncApp):
    def __init__(self, *, metrics: IntakeMetrics | None, tracing: Tracing = NO_TRACING, **bolt: Any) -> None:
        """`bolt`: as `AsyncApp` takes it."""
        super().__init__(**bolt)
        self._tracing = tracing
        self._metrics = metrics or IntakeMetrics(CollectorRegistry())

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        started, status, kind = time.perf_counter(), 500, known_kind(req.body)
        try:
            # Where a trace begins: all that follows from a delivery, in whichever process, is below it.
            with self._tracing.span("slack", kind=kind):
                response = await super().async_dispatch(req)
            status = response.status
            return response
        finally:
            self._metrics.answered(kind, status, time.perf_counter() - started)
