"""Puts the local workspace together: one aiohttp application."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.local.slack.control import Control
from bot.local.slack.errors import SlackError
from bot.local.slack.faults import Faults
from bot.local.slack.guard import add_headers, guard
from bot.local.slack.live import LiveFeed
from bot.local.slack.lookout import Lookout, slack_errors
from bot.local.slack.messages import Change
from bot.local.slack.outbox import Outbox, Patience
from bot.local.slack.pages import Page
from bot.local.slack.people import People
from bot.local.slack.ratelimit import RateLimits
from bot.local.slack.serving import FileDoors
from bot.local.slack.sockets import SocketHub
from bot.local.slack.stats import Stats
from bot.local.slack.tickets import RESPONSE_SECONDS, TRIGGER_SECONDS, ResponseUrls, Triggers
from bot.local.slack.views import Views
from bot.local.slack.web import WebApi
from bot.local.slack.webhooks import Webhooks
from bot.local.slack.workspace import Workspace

SWEEP_SECONDS = 0.5
_HERE: ContextVar[str] = ContextVar("here")
"""Scheme and host by which the request being served reached this server; response URLs lead back the same way."""


def build_app(
    workspace: Workspace,
    *,
    rate_limits: bool = True,
    patience: Patience | None = None,
    trigger_seconds: float = TRIGGER_SECONDS,
    response_seconds: float = RESPONSE_SECONDS,
    page: Page | None = None,
) -> web.Application:
    """The whole server: `/api/`, Socket Mode, response URLs, the control API and the page.

    It owns `workspace` from here on, and closes it when it is cleaned up.
    """
    stats, faults, limits = Stats(), Faults(rate_limits=rate_limits), RateLimits()
    sockets = SocketHub(stats, faults, changed=lambda: workspace.tell(Change("socket")))
    webhooks = Webhooks(stats, signing_secret=workspace.credentials.signing_secret)
    outbox = Outbox(
        workspace, sockets=sockets, webhooks=webhooks, stats=stats, faults=faults, patience=patience or Patience()
    )
    triggers, urls = Triggers(lifetime_seconds=trigger_seconds), ResponseUrls(lifetime_seconds=response_seconds)
    views = Views(workspace, triggers)
    app = web.Application(middlewares=[guard, _remember_address, slack_errors], client_max_size=32 * 1024 * 1024)
    people = People(workspace, outbox=outbox, views=views, triggers=triggers, urls=urls, base=_HERE.get)
    api = WebApi(workspace, views=views, sockets=sockets, stats=stats, faults=faults, limits=limits)
    control = Control(workspace, people=people, views=views, outbox=outbox, webhooks=webhooks)
    lookout = Lookout(
        workspace,
        views=views,
        sockets=sockets,
        webhooks=webhooks,
        outbox=outbox,
        stats=stats,
        faults=faults,
        limits=limits,
    )
    feed = LiveFeed(workspace)

    async def respond(request: web.Request) -> web.Response:
        try:
            body: Any = json.loads(await request.read())
        except ValueError:
            return web.Response(text="invalid_payload", status=400)
        try:
            people.respond(request.match_info["name"], body)
        except SlackError as error:
            return web.Response(text=error.name, status=404 if error.name.endswith("_url") else 400)
        return web.Response(text="ok")

    async def tend(_: web.Application) -> AsyncIterator[None]:
        sweeper = asyncio.create_task(_sweep(workspace))
        yield
        sweeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeper
        await outbox.close()
        workspace.close()

    async def leave(_: web.Application) -> None:
        feed.close()
        await sockets.close()

    app.add_routes(
        [
            web.get("/api/{method}", api.handle),
            web.post("/api/{method}", api.handle),
            web.get("/link/", sockets.handle),
            web.post("/response/{team}/{name}", respond),
            web.get("/local/stream", feed.handle),
            *lookout.routes(),
            *control.routes(),
            *FileDoors(workspace, faults).routes(),
            *(page or Page()).routes(),
        ]
    )
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(leave)
    app.cleanup_ctx.append(tend)
    return app


@web.middleware
async def _remember_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    _HERE.set(f"http://{request.host}")
    return await handler(request)


async def _sweep(workspace: Workspace) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        workspace.close_old_streams()
