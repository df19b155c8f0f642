"""The operations listener: `/healthz`, `/readyz`, `/metrics`. It changes nothing and shows no secret."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.settings_ops import OpsSettings
from bot.starting import needed
from bot.telemetry.health import Readiness

_FRESH = {"Cache-Control": "no-store"}


def operations_app(
    registry: CollectorRegistry, readiness: Readiness, *, before_scrape: Callable[[], Awaitable[None]]
) -> web.Application:
    """`before_scrape` brings gauges up to date; it must be quick and not raise."""

    async def healthz(_request: web.Request) -> web.Response:
        # It is answered by the loop that does the work: one that is stuck does not answer.
        return web.json_response({"alive": True}, headers=_FRESH)

    async def readyz(_request: web.Request) -> web.Response:
        looked = await readiness.look()
        parts = {name: "answers" if found else "does not answer" for name, found in looked.parts.items()}
        body = {"ready": looked.ready, "parts": parts}
        return web.json_response(body, status=200 if looked.ready else 503, headers=_FRESH)

    async def metrics(_request: web.Request) -> web.Response:
        await before_scrape()
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST, **_FRESH})

    app = web.Application(client_max_size=1024)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


@asynccontextmanager
async def listening_to_operators(settings: OpsSettings, app: web.Application) -> AsyncGenerator[None]:
    """While it lasts. Raises `StackError` where the port cannot be had."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        with needed(f"The operations listener cannot have {settings.host}:{settings.port} (GAVEL_OPS_PORT)"):
            await web.TCPSite(runner, settings.host, settings.port).start()
        bound = ", ".join(f"{address[0]}:{address[1]}" for address in runner.addresses)
        structlog.get_logger("gavel.operations").info("The operations listener is there.", address=bound)
        yield
    finally:
        await runner.cleanup()
