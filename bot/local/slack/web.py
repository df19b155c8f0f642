"""The Web API over HTTP: who is calling, may they, how often, and what comes back."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.local.slack.api import chat, conversations, files, people, streaming, surfaces
from bot.local.slack.api.call import Call, Method
from bot.local.slack.errors import RateLimited, SlackError
from bot.local.slack.faults import Faults
from bot.local.slack.jsonvalues import is_object
from bot.local.slack.ratelimit import RateLimits
from bot.local.slack.sockets import SocketHub, require_app_token
from bot.local.slack.stats import Stats
from bot.local.slack.views import Views
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject

METHODS: dict[str, Method] = {
    **people.METHODS,
    **conversations.METHODS,
    **chat.METHODS,
    **streaming.METHODS,
    **surfaces.METHODS,
    **files.METHODS,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebApi:
    """Serves `/api/{method}`."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        views: Views,
        sockets: SocketHub,
        stats: Stats,
        faults: Faults,
        limits: RateLimits,
    ) -> None:
        self._workspace = workspace
        self._views = views
        self._sockets = sockets
        self._stats = stats
        self._faults = faults
        self._limits = limits

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
        scopes = ",".join(sorted(self._workspace.manifest.scopes))
        return web.json_response(body, headers={"X-OAuth-Scopes": scopes})

    def _answer(self, name: str, args: JsonObject, request: web.Request) -> JsonObject:
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        wait = self._faults.seconds_of_429(name)
        if wait > 0:
            raise RateLimited(max(1, round(wait + 0.5)))
        self._authorize(method, _token(request, args))
        if self._faults.rate_limits:
            self._limits.take(name, method.tier)
        call = Call(
            args=args,
            workspace=self._workspace,
            views=self._views,
            sockets=self._sockets,
            host=request.host,
            take_posting=self._take_posting,
        )
        return method.handler(call)

    def _take_posting(self, channel: str) -> None:
        if self._faults.rate_limits:
            self._limits.take_posting(channel)

    def _authorize(self, method: Method, token: str) -> None:
        credentials = self._workspace.credentials
        if not token:
            raise SlackError("not_authed")
        if method.app_token:
            require_app_token(token, app_token=credentials.app_token, bot_token=credentials.bot_token)
            return
        if token == credentials.app_token:
            raise SlackError("not_allowed_token_type")
        if not secrets.compare_digest(token.encode(), credentials.bot_token.encode()):
            raise SlackError("invalid_auth")
        provided = self._workspace.manifest.scopes
        if method.scopes and provided.isdisjoint(method.scopes):
            raise SlackError("missing_scope", needed=method.scopes[0], provided=",".join(sorted(provided)))


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
