"""Puts the local workspace together: one aiohttp application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.local.slack.access import Access
from bot.local.slack.consent import Consent
from bot.local.slack.distribution import Distribution
from bot.local.slack.faults import Faults
from bot.local.slack.guard import add_headers, guard
from bot.local.slack.lookout import slack_errors
from bot.local.slack.messages import Change
from bot.local.slack.outbox import Patience
from bot.local.slack.pages import Page
from bot.local.slack.rooms import Shared, build_room
from bot.local.slack.sockets import SocketHub
from bot.local.slack.stats import Stats
from bot.local.slack.tickets import RESPONSE_SECONDS, TRIGGER_SECONDS
from bot.local.slack.web import WebApi
from bot.local.slack.webhooks import Webhooks
from bot.local.slack.workspace import Workspace

SWEEP_SECONDS = 0.5
_HERE: ContextVar[str] = ContextVar("here")
"""Scheme and host by which the request being served reached this server; response URLs lead back the same way."""


def build_app(
    workspace: Workspace,
    *,
    second: Workspace | None = None,
    rate_limits: bool = True,
    patience: Patience | None = None,
    trigger_seconds: float = TRIGGER_SECONDS,
    response_seconds: float = RESPONSE_SECONDS,
    page: Page | None = None,
) -> web.Application:
    """The whole server: `/api/`, OAuth, Socket Mode, and of each workspace its response URLs and control API.

    It owns the workspaces from here on, and closes them when it is cleaned up. `page`: of the first one.
    """
    stats, faults = Stats(), Faults(rate_limits=rate_limits)
    shared = Shared(
        stats=stats,
        faults=faults,
        sockets=SocketHub(stats, faults, changed=lambda: workspace.tell(Change("socket"))),
        webhooks=Webhooks(stats, signing_secret=workspace.credentials.signing_secret),
        patience=patience or Patience(),
        trigger_seconds=trigger_seconds,
        response_seconds=response_seconds,
        here=_HERE.get,
    )
    access = Access(workspace, Distribution(workspace.manifest.scopes))
    rooms = {
        each.team.id: build_room(each, shared, is_ours=access.is_ours(each.team))
        for each in (workspace, second)
        if each is not None
    }
    app = web.Application(middlewares=[guard, _remember_address, slack_errors], client_max_size=32 * 1024 * 1024)
    api = WebApi(access, rooms, sockets=shared.sockets, stats=stats, faults=faults)

    async def tend(_: web.Application) -> AsyncIterator[None]:
        for room in rooms.values():
            room.outbox.resume()
        sweeper = asyncio.create_task(_sweep([room.workspace for room in rooms.values()]))
        yield
        sweeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeper
        for room in rooms.values():
            await room.outbox.close()
            room.workspace.close()

    async def leave(_: web.Application) -> None:
        for room in rooms.values():
            room.feed.close()
        await shared.sockets.close()

    app.add_routes(
        [
            web.get("/api/{method}", api.handle),
            web.post("/api/{method}", api.handle),
            web.get("/link/", shared.sockets.handle),
            *(route for room in rooms.values() for route in room.routes),
            *Consent(access.distribution, rooms).routes(),
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


async def _sweep(workspaces: Sequence[Workspace]) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        for workspace in workspaces:
            workspace.close_old_streams()
