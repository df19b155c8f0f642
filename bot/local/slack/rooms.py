"""The workspaces of this Slack, each with its people, its control API and its rate limits; the app is the same in all.

The home workspace is at the root. Another is under `/team/ID`: its control API, its files and its response URLs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.local.slack.control import Control
from bot.local.slack.errors import SlackError
from bot.local.slack.faults import Faults
from bot.local.slack.live import LiveFeed
from bot.local.slack.lookout import Lookout
from bot.local.slack.outbox import Outbox, Patience
from bot.local.slack.people import People
from bot.local.slack.ratelimit import RateLimits
from bot.local.slack.seed import TEAM_ID, Team
from bot.local.slack.serving import FileDoors, IsOurs
from bot.local.slack.sockets import SocketHub
from bot.local.slack.stats import Stats
from bot.local.slack.tickets import ResponseUrls, Triggers
from bot.local.slack.views import Views
from bot.local.slack.webhooks import Webhooks
from bot.local.slack.workspace import Workspace


@dataclass(frozen=True)
class Shared:
    """What all workspaces have in common: the app's connections, what is counted, and what goes wrong."""

    stats: Stats
    faults: Faults
    sockets: SocketHub
    webhooks: Webhooks
    patience: Patience
    trigger_seconds: float
    response_seconds: float
    here: Callable[[], str]
    """Scheme and host by which the request being served reached this server."""


@dataclass(frozen=True)
class Room:
    workspace: Workspace
    views: Views
    outbox: Outbox
    limits: RateLimits
    feed: LiveFeed
    routes: tuple[web.RouteDef, ...]

    @property
    def prefix(self) -> str:
        return prefix_of(self.workspace.team)


def prefix_of(team: Team) -> str:
    """Before the paths of its routes."""
    return "" if team.id == TEAM_ID else f"/team/{team.id}"


def build_room(workspace: Workspace, shared: Shared, *, is_ours: IsOurs) -> Room:
    """`is_ours`: whether a token is the app's of this workspace, with a scope."""
    team, limits = workspace.team, RateLimits()
    prefix = prefix_of(team)
    outbox = Outbox(
        workspace,
        sockets=shared.sockets,
        webhooks=shared.webhooks,
        stats=shared.stats,
        faults=shared.faults,
        patience=shared.patience,
    )
    triggers = Triggers(lifetime_seconds=shared.trigger_seconds)
    urls = ResponseUrls(lifetime_seconds=shared.response_seconds, team=team.id)
    views = Views(workspace, triggers)
    people = People(
        workspace, outbox=outbox, views=views, triggers=triggers, urls=urls, base=lambda: shared.here() + prefix
    )
    control = Control(workspace, people=people, views=views, outbox=outbox, webhooks=shared.webhooks)
    lookout = Lookout(
        workspace,
        views=views,
        sockets=shared.sockets,
        webhooks=shared.webhooks,
        outbox=outbox,
        stats=shared.stats,
        faults=shared.faults,
        limits=limits,
    )
    feed = LiveFeed(workspace)
    routes = (
        web.post("/response/{team}/{name}", _responder(people)),
        web.get("/local/stream", feed.handle),
        *lookout.routes(),
        *control.routes(),
        *FileDoors(workspace, shared.faults, is_ours=is_ours).routes(),
    )
    return Room(workspace, views, outbox, limits, feed, tuple(_under(prefix, route) for route in routes))


def _under(prefix: str, route: web.RouteDef) -> web.RouteDef:
    return web.RouteDef(route.method, prefix + route.path, route.handler, route.kwargs)


def _responder(people: People) -> Callable[[web.Request], Any]:
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

    return respond
