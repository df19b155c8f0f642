"""The part of the control API that only looks: state, threads, channels, statistics; and the faults."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.local.slack.control import post
from bot.local.slack.errors import SlackError
from bot.local.slack.faults import FaultRequest, Faults
from bot.local.slack.outbox import Outbox
from bot.local.slack.ratelimit import RateLimits
from bot.local.slack.render import seen_by, view_of
from bot.local.slack.sockets import SocketHub
from bot.local.slack.stats import Stats
from bot.local.slack.views import Views
from bot.local.slack.webhooks import Webhooks
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject

HISTORY_SHOWN = 200


class Lookout:
    """The handlers that look, and the one that makes things go wrong."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        views: Views,
        sockets: SocketHub,
        webhooks: Webhooks,
        outbox: Outbox,
        stats: Stats,
        faults: Faults,
        limits: RateLimits,
    ) -> None:
        self._workspace = workspace
        self._views = views
        self._sockets = sockets
        self._webhooks = webhooks
        self._outbox = outbox
        self._stats = stats
        self._faults = faults
        self._limits = limits

    def routes(self) -> list[web.RouteDef]:
        """Every route."""
        return [
            web.get("/local/state", self.state),
            web.get("/local/channel", self.channel),
            web.get("/local/thread", self.thread),
            web.get("/local/stats", self.stats),
            web.post("/local/stats/reset", self.reset),
            web.get("/local/faults", self.show_faults),
            post("/local/faults", FaultRequest, self.set_faults),
        ]

    def _viewer(self, request: web.Request) -> str | None:
        name = request.query.get("viewer")
        return None if name is None else self._workspace.user(name).id

    async def state(self, request: web.Request) -> web.Response:
        """The whole workspace but its messages; with `viewer`, the modal in front of them and their home tab."""
        viewer = self._viewer(request)
        top = self._views.top(viewer) if viewer else None
        home = self._views.homes.get(viewer) if viewer else None
        body: JsonObject = {
            "team": {"id": self._workspace.team.id, "name": self._workspace.team.name},
            "bot_user": self._workspace.team.bot_user_id,
            "channels": [asdict(channel) for channel in self._workspace.channels.values()],
            "users": [asdict(user) for user in self._workspace.users.values()],
            "usergroups": [asdict(group) for group in self._workspace.usergroups.values()],
            "commands": sorted(self._workspace.manifest.commands),
            "command_help": [asdict(each) for each in self._workspace.manifest.command_help],
            "shortcuts": self._shortcuts(),
            "latest": self._latest(),
            "mode": "http" if self._webhooks.urls else "socket",
            "connections": self._sockets.count,
            "ack_seconds": self._outbox.patience.ack,
            "retry_seconds": list(self._outbox.patience.retries),
            "faults": self._faults.shown(),
            "view": top.shown() if top else None,
            "home": home.shown() if home else None,
        }
        return web.json_response(body)

    def _shortcuts(self) -> list[JsonObject]:
        """Each with the name that people see."""
        manifest = self._workspace.manifest
        names = dict(manifest.shortcut_names)
        return [
            {"type": kind, "callback_id": callback_id, "name": names.get(callback_id, callback_id)}
            for kind, callback_id in sorted(manifest.shortcuts)
        ]

    def _latest(self) -> JsonObject:
        """The newest public message of each channel that has one."""
        workspace = self._workspace
        newest = {channel: workspace.newest(channel) for channel in workspace.channels}
        return {channel: ts for channel, ts in newest.items() if ts is not None}

    async def channel(self, request: web.Request) -> web.Response:
        """The newest top-level messages of `channel`, oldest first, as `viewer` sees them."""
        channel = self._workspace.channel(request.query.get("channel", ""))
        viewer = self._viewer(request)
        messages = [each for each in self._workspace.history(channel.id) if seen_by(each, viewer)]
        shown = [view_of(self._workspace, each) for each in messages[-HISTORY_SHOWN:]]
        return web.json_response({"channel": channel.id, "messages": shown})

    async def thread(self, request: web.Request) -> web.Response:
        """The thread under `ts` in `channel` as `viewer` sees it, its parent first."""
        channel = self._workspace.channel(request.query.get("channel", ""))
        viewer = self._viewer(request)
        ts = request.query.get("ts", "")
        parent = self._workspace.message(channel.id, ts)
        messages = [*([parent] if parent else []), *self._workspace.replies(channel.id, ts)]
        if not messages:
            return web.json_response({"ok": False, "error": "thread_not_found"}, status=404)
        shown: list[Any] = [view_of(self._workspace, each) for each in messages if seen_by(each, viewer)]
        pane = self._workspace.panes.get((channel.id, ts), {})
        return web.json_response({"channel": channel.id, "ts": ts, "messages": shown, "pane": pane})

    async def stats(self, request: web.Request) -> web.Response:
        """Counts and latencies; `?envelopes=N` adds the newest N records."""
        wanted = request.query.get("envelopes", "0")
        return web.json_response(self._stats.shown(envelopes=int(wanted) if wanted.isdecimal() else 0))

    async def reset(self, _: web.Request) -> web.Response:
        """Start counting afresh."""
        self._stats.reset()
        self._limits.reset()
        return web.json_response({"ok": True})

    async def show_faults(self, _: web.Request) -> web.Response:
        """What is going wrong now."""
        return web.json_response(self._faults.shown())

    async def set_faults(self, body: FaultRequest) -> JsonObject:
        """Make things go wrong, or stop it."""
        self._faults.apply(body)
        if body.clear or body.rate_limits is not None:
            self._limits.reset()
        dropped = self._sockets.drop() if body.drop_sockets else 0
        asked = await self._sockets.ask_to_leave(body.disconnect) if body.disconnect else 0
        return {**self._faults.shown(), "sockets_dropped": dropped, "sockets_asked_to_leave": asked}


@web.middleware
async def slack_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What was asked for under `/local/` but does not exist: 404 with Slack's name for it."""
    try:
        return await handler(request)
    except SlackError as error:
        return web.json_response(error.body(), status=404)
