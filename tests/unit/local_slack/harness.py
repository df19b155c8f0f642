"""The local workspace in this process on a free port, and a real Bolt app over a real socket."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.local.slack.app import build_app
from bot.local.slack.jsonvalues import is_object
from bot.local.slack.outbox import Patience
from bot.local.slack.pages import Page
from bot.local.slack.seed import DEFAULT_MANIFEST, HOME_TEAM, SECOND_TEAM, AppManifest, Team
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject

OPS, ALERTS, GENERAL = "C0OPS00001", "C0ALERTS01", "C0GENERAL1"
ADA, GRACE, MALLORY, BOT = "U0ADA00001", "U0GRACE001", "U0MALLORY1", "U0GAVEL001"
TEAM = "T0GAVEL001"
QUICK = Patience(ack=0.3, retries=(0.0, 0.2, 0.2))


def plain(text: str) -> JsonObject:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> JsonObject:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str, **more: Any) -> JsonObject:
    return {"type": "button", "action_id": action_id, "text": plain(action_id), **more}


def actions(*elements: JsonObject) -> JsonObject:
    return {"type": "actions", "elements": list(elements)}


async def until(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 20) -> None:
    """Wait until it holds. Fails the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < deadline, "it did not become so in time"
        await asyncio.sleep(0.02)


class Slack:
    """The workspace from outside: the app's client, and the people's control API."""

    def __init__(self, workspace: Workspace, base: str, session: aiohttp.ClientSession) -> None:
        self.workspace = workspace
        self.base = base
        self.session = session
        # The SDK leaves its arguments and answers untyped; this class is where they become typed.
        self.client: Any = AsyncWebClient(token=workspace.credentials.bot_token, base_url=f"{base}/api/")

    async def call(self, method: str, *, token: str | None = None, **args: Any) -> JsonObject:
        """A Web API call with a JSON body, by the SDK's client. The answer, `ok` or not."""
        if token is not None:
            args["token"] = token
        try:
            answer: Any = await self.client.api_call(method, json=args)
        except SlackApiError as error:
            answer = error.response
        return _data(answer.data)

    async def error(self, method: str, **args: Any) -> str:
        """The error's name, or `ok`."""
        return str((await self.call(method, **args)).get("error", "ok"))

    async def too_many(self, channel: str = OPS) -> int:
        """Post where Slack must answer 429. Returns its `Retry-After`."""
        with pytest.raises(SlackApiError) as caught:
            await self.client.chat_postMessage(channel=channel, text="x")
        error: Any = caught.value
        response = error.response
        assert (response.status_code, response["error"]) == (429, "ratelimited")
        return int(response.headers["Retry-After"])

    async def act(self, what: str, **body: Any) -> JsonObject:
        """A POST of the control API."""
        async with self.session.post(f"{self.base}/local/{what}", json=body) as response:
            return await response.json()

    async def look(self, what: str, **query: str) -> JsonObject:
        """A GET of the control API."""
        async with self.session.get(f"{self.base}/local/{what}", params=query) as response:
            return await response.json()

    async def thread(self, ts: str, *, channel: str = OPS, viewer: str | None = None) -> list[JsonObject]:
        query = {"channel": channel, "ts": ts, **({"viewer": viewer} if viewer else {})}
        return (await self.look("thread", **query))["messages"]

    async def say(self, text: str, *, user: str = "ada", channel: str = OPS, **more: Any) -> str:
        return (await self.act("say", user=user, channel=channel, text=text, **more))["ts"]

    async def post(self, **args: Any) -> str:
        """The bot posts in #ops."""
        answer = await self.call("chat.postMessage", **{"channel": OPS, "text": "hello", **args})
        assert answer["ok"], answer
        return str(answer["ts"])


def _data(value: object) -> JsonObject:
    assert is_object(value)
    return value


@asynccontextmanager
async def running(
    data: Path,
    *,
    patience: Patience = QUICK,
    rate_limits: bool = False,
    manifest: AppManifest = DEFAULT_MANIFEST,
    stream_seconds: float = 300,
    trigger_seconds: float = 3,
    response_seconds: float = 1800,
    page: Page | None = None,
    second: bool = False,
    teams: tuple[Team, Team] = (HOME_TEAM, SECOND_TEAM),
) -> AsyncGenerator[Slack]:
    """A workspace kept in `data`, served on a free port. `second`: and another, by the same app."""
    workspace = Workspace(data, manifest=manifest, stream_seconds=stream_seconds, team=teams[0])
    app = build_app(
        workspace,
        second=Workspace(data / "second", credentials=workspace.credentials, manifest=manifest, team=teams[1])
        if second
        else None,
        rate_limits=rate_limits,
        patience=patience,
        trigger_seconds=trigger_seconds,
        response_seconds=response_seconds,
        page=page,
    )
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as session:
        try:
            yield Slack(workspace, f"http://127.0.0.1:{site.port}", session)
        finally:
            await runner.cleanup()


class Bot:
    """A real Bolt app. `heard` has the body of everything it was sent, in order."""

    def __init__(self, slack: Slack) -> None:
        self.app: Any = AsyncApp(client=slack.client, signing_secret=slack.workspace.credentials.signing_secret)
        self.heard: list[JsonObject] = []
        self.silent = False
        """Do not acknowledge."""
        self.answer: Any = ""
        """What a command or a view is acknowledged with."""

        async def listen(body: JsonObject, ack: Callable[..., Awaitable[object]]) -> None:
            self.heard.append(body)
            await self._ack(body, ack)

        for kind in ("app_mention", "message", "reaction_added", "app_home_opened", "member_joined_channel"):
            self.app.event(kind, middleware=[self._refuse])(listen)
        everything = re.compile(".*")
        self.app.action(everything)(listen)
        self.app.view(everything)(listen)
        self.app.view_closed(everything)(listen)
        self.app.command("/gavel")(listen)

    async def _refuse(self, body: JsonObject, next_: Callable[[], Awaitable[None]]) -> None:
        if self.silent:
            self.heard.append(body)
            raise RuntimeError("the listener fails, so that nothing is acknowledged")
        await next_()

    async def _ack(self, body: JsonObject, ack: Callable[..., Awaitable[object]]) -> None:
        if self.silent:
            await asyncio.sleep(1)
        if body.get("type") == "view_submission" and is_object(self.answer):
            await ack(**self.answer)
        elif "command" in body:
            await ack(self.answer)
        else:
            await ack()

    def events(self, kind: str) -> list[JsonObject]:
        """The inner events of this type so far."""
        return [body["event"] for body in self.heard if "event" in body and body["event"]["type"] == kind]


@asynccontextmanager
async def connected(slack: Slack) -> AsyncGenerator[Bot]:
    """A Bolt app in Socket Mode."""
    bot = Bot(slack)
    handler = AsyncSocketModeHandler(bot.app, slack.workspace.credentials.app_token, ping_interval=0.5)
    await handler.connect_async()
    try:
        yield bot
    finally:
        await handler.close_async()
