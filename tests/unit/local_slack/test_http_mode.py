"""HTTP mode: signed requests, Slack's challenge, retries, and only to this machine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from tests.unit.local_slack.harness import OPS, Bot, Slack, actions, button, until
from tools.contracts.common import JsonObject


@asynccontextmanager
async def served(app: web.Application) -> AsyncGenerator[str]:
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site.port}/slack/events"
    finally:
        await runner.cleanup()


class Endpoint:
    """A request URL that answers as told and remembers what came."""

    def __init__(self, secret: str) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests: list[JsonObject] = []
        self._verifier = SignatureVerifier(secret)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.text()
        assert self._verifier.is_valid_request(body, dict(request.headers))
        if "url_verification" in body:
            return web.json_response({"challenge": (await request.json())["challenge"]})
        retry = (request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason"))
        self.requests.append({"body": body, "retry": retry})
        return web.Response(status=self.status, headers=self.headers)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/slack/events", self.handle)
        return app


async def test_a_bolt_app_in_http_mode_works_unchanged(slack: Slack) -> None:
    bot = Bot(slack)
    async with served(bot.app.web_app()) as url:
        assert (await slack.act("delivery", url=url))["mode"] == "http"
        await slack.say("@gavel hi")
        await until(lambda: len(bot.heard) == 2)
        ts = await slack.post(blocks=[actions(button("go"))])
        assert (await slack.act("click", user="ada", channel=OPS, message_ts=ts, action_id="go"))["ok"] is True
        bot.answer = "help"
        assert (await slack.act("command", user="ada", channel=OPS))["ok"] is True
        mine = (await slack.look("channel", channel=OPS, viewer="ada"))["messages"]
        assert mine[-1]["text"] == "help"
        assert (await slack.act("delivery", url=None))["mode"] == "socket"


async def test_a_failed_request_is_retried_with_its_headers(slack: Slack) -> None:
    endpoint = Endpoint(slack.workspace.credentials.signing_secret)
    async with served(endpoint.app()) as url:
        await slack.act("delivery", url=url)
        endpoint.status = 500
        await slack.say("hi")
        await until(lambda: len(endpoint.requests) == 4)
        assert [each["retry"] for each in endpoint.requests] == [
            (None, None),
            ("1", "http_error"),
            ("2", "http_error"),
            ("3", "http_error"),
        ]
        assert len({each["body"] for each in endpoint.requests}) == 1


async def test_no_retry_when_the_app_says_so(slack: Slack) -> None:
    endpoint = Endpoint(slack.workspace.credentials.signing_secret)
    async with served(endpoint.app()) as url:
        await slack.act("delivery", url=url)
        endpoint.status, endpoint.headers = 500, {"X-Slack-No-Retry": "1"}
        await slack.say("hi")

        async def given_up() -> bool:
            return (await slack.look("stats"))["events_given_up"] == 1

        await until(given_up)
        assert len(endpoint.requests) == 1


@pytest.mark.parametrize("url", ["http://example.com/", "https://127.0.0.1/", "file:///etc/passwd", "nonsense"])
async def test_request_urls_lead_to_this_machine_only(slack: Slack, url: str) -> None:
    answer = await slack.act("delivery", url=url)
    assert answer["ok"] is False
    assert "nothing was changed" in answer["error"]
    assert (await slack.look("state"))["mode"] == "socket"


async def test_a_request_url_must_answer_the_challenge(slack: Slack) -> None:
    async def deaf(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_post("/slack/events", deaf)
    async with served(app) as url:
        assert "challenge" in (await slack.act("delivery", url=url))["error"]
    assert "could not be reached" in (await slack.act("delivery", url=url))["error"]
