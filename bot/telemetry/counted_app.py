"""Bolt's app, which counts what it answers: over Socket Mode and over HTTP alike."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import CollectorRegistry
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.telemetry.intake import IntakeMetrics, kind_of


class CountedApp(AsyncApp):
    def __init__(self, *, metrics: IntakeMetrics | None, **bolt: Any) -> None:
        """`bolt`: as `AsyncApp` takes it."""
        super().__init__(**bolt)
        self._metrics = metrics or IntakeMetrics(CollectorRegistry())

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        started, status = time.perf_counter(), 500
        try:
            response = await super().async_dispatch(req)
            status = response.status
            return response
        finally:
            self._metrics.answered(kind_of(req.body), status, time.perf_counter() - started)
