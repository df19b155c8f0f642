"""The Web API over HTTP: who is calling, may they, how often, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bot.local.slack.access import Access
from bot.local.slack.api import chat, conversations, files, oauth, people, streaming, surfaces
from bot.local.slack.api.call import Call, Method
from bot.local.slack.consent import removal_events
from bot.local.slack.errors import RateLimited, SlackError
from bot.local.slack.faults import Faults
from bot.local.slack.jsonvalues import is_object
from bot.local.slack.rooms import Room
from bot.local.slack.sockets import SocketHub
from bot.local.slack.stats import Stats
from tools.contracts.common import JsonObject

METHODS: dict[str, Method] = {
    **people.METHODS,
    **conversations.METHODS,
    **chat.METHODS,
    **streaming.METHODS,
    **surfaces.METHODS,
    **files.METHODS,
}

OF_ONE_WORKSPACE = frozenset({"conversations.list", "usergroups.list", "users.conversations", "users.list"})
"""Methods that a token for a whole enterprise must name one of its workspaces for."""

_OF_THE_APP = frozenset({oauth.ACCESS, oauth.REVOKE, oauth.UNINSTALL})
"""Methods that are about the app and not about a workspace."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebApi:
    """Serves `/api/{method}`."""

    def __init__(
        self,
        access: Access,
        rooms: Mapping[str, Room],
        *,
        sockets: SocketHub,
        stats: Stats,
        faults: Faults,
    ) -> None:
        """`rooms`: the workspaces by id. Which one a call is about, its token says."""
        self._access = access
        self._rooms = rooms
        self._sockets = sockets
        self._stats = stats
        self._faults = faults

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call. Slack answers 200 for its own errors, 429 for too many, 500 when something broke."""
        name = request.match_info["method"]
        count = self._stats.method(name)
        count.calls += 1
        if self._faults.slow_seconds and self._faults.concerns(name):
            await asyncio.sleep(self._faults.slow_seconds)
        if self._faults.takes_failure(name):
            count.failed("internal_error")
            return web.json_response({"ok": False, "error": "internal_error"}, status=500)
        try:
            body = {"ok": True, **self._answer(name, await _arguments(request), request)}
            count.ok += 1
        except RateLimited as limited:
            count.ratelimited += 1
            headers = {"Retry-After": str(limited.retry_after)}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        except SlackError as error:
            count.failed(error.name)
            body = error.body()
        if self._faults.takes_answer(name) and request.transport is not None:
            request.transport.abort()
        scopes = ",".join(sorted(self._access.home.manifest.scopes))
        return web.json_response(body, headers={"X-OAuth-Scopes": scopes})

    def _answer(self, name: str, args: JsonObject, request: web.Request) -> JsonObject:
        if name in _OF_THE_APP:
            return self._about_the_app(name, args, request)
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        self._held(name)
        if self._faults.refuse_blocks and name in ("chat.postMessage", "chat.update") and args.get("blocks"):
            raise SlackError(self._faults.refuse_blocks)
        room = self._room_of(self._access.authorize(method, _token(request, args)), name, args)
        if self._faults.rate_limits:
            room.limits.take(name, method.tier)

        def take_posting(channel: str) -> None:
            if self._faults.rate_limits:
                room.limits.take_posting(channel)

        call = Call(
            args=args,
            workspace=room.workspace,
            views=room.views,
            sockets=self._sockets,
            host=request.host + room.prefix,
            take_posting=take_posting,
            teams=tuple(each.workspace.team for each in self._rooms.values()),
        )
        return method.handler(call)

    def _room_of(self, whom: str, method: str, args: JsonObject) -> Room:
        """Whose token it is. A token for a whole enterprise reaches each workspace by the ids of what is in it."""
        if whom in self._rooms:
            return self._rooms[whom]
        rooms = [room for room in self._rooms.values() if room.workspace.team.enterprise == whom]
        if method in OF_ONE_WORKSPACE and not args.get("team_id"):
            raise SlackError("missing_argument", "[ERROR] missing required field: team_id")
        named = {str(args.get(name) or "") for name in ("team_id", "channel", "channel_id", "user", "users", "user_id")}

        def has_it(room: Room) -> bool:
            workspace = room.workspace
            mine = {workspace.team.id, *workspace.channels, *workspace.users}
            return bool(named & mine) or room.views.gave(str(args.get("trigger_id")))

        return next(filter(has_it, rooms), rooms[0])

    def _held(self, name: str) -> None:
        wait = self._faults.seconds_of_429(name)
        if wait > 0:
            raise RateLimited(max(1, round(wait + 0.5)))

    def _about_the_app(self, name: str, args: JsonObject, request: web.Request) -> JsonObject:
        self._held(name)
        app = self._access.distribution
        if name == oauth.ACCESS:
            teams = {room.workspace.team.installed_as: room.workspace.team for room in self._rooms.values()}
            return oauth.access(app, args, request.headers.get("Authorization", ""), teams)
        token = _token(request, args)
        if not token:
            raise SlackError("not_authed")
        team, _ = self._access.whose(token)
        if name == oauth.REVOKE:
            if str(args.get("test") or "") not in ("1", "true", "True"):
                app.revoke(token)
                return {"revoked": True}
            return {"revoked": False}
        app.client(str(args.get("client_id") or ""), str(args.get("client_secret") or ""))
        if app.uninstall(team):
            removal_events(next(room for room in self._rooms.values() if room.workspace.team.installed_as == team))
        return {}


def _token(request: web.Request, args: JsonObject) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else str(args.get("token") or "")


async def _arguments(request: web.Request) -> JsonObject:
    """From the query, a form or a JSON body. Raises `invalid_json` or `json_not_object`."""
    args: JsonObject = dict(request.query)
    if request.method == "GET":
        return args
    if request.content_type == "application/json":
        try:
            body: Any = json.loads(await request.read() or b"{}")
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not is_object(body):
            raise SlackError("json_not_object")
        return {**args, **body}
    form = await request.post()
    return {**args, **{name: value for name, value in form.items() if isinstance(value, str)}}
