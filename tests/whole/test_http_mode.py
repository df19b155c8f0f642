"""HTTP mode, the whole product: what Slack signed is served, and nothing else starts anything."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from temporalio.service import RPCError, RPCStatusCode

from bot.blocks.actions import ANSWER_PREFIX
from bot.local.ports import Ports
from bot.local.slack.webhooks import signature
from tests.whole.square import QUESTION, Square
from tools.contracts.common import JsonObject

STALE_SECONDS = 6 * 60
"""Slack allows five minutes."""


@dataclass(frozen=True)
class Door:
    """The request URL of a bot in HTTP mode, and how anybody on the network can knock at it."""

    square: Square
    url: str
    secret: str

    def event(self, ts: str) -> bytes:
        """A mention by Ada as Slack would send it, at a moment of its own."""
        event = {"type": "app_mention", "user": "U0ADA00001", "channel": "C0OPS00001", "text": "hi", "ts": ts}
        return json.dumps({"type": "event_callback", "team_id": "T0GAVEL001", "event": event}).encode()

    def headers(self, body: bytes, *, age_seconds: int = 0, secret: str | None = None) -> dict[str, str]:
        at = str(int(time.time()) - age_seconds)
        signed = signature(secret or self.secret, timestamp=at, body=body)
        content = {"Content-Type": "application/json"}
        return content | {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": signed}

    async def knock(self, body: bytes, headers: dict[str, str]) -> int:
        async with self.square.stage.http.post(self.url, data=body, headers=headers) as response:
            return response.status

    async def started(self, ts: str) -> bool:
        try:
            await self.square.town.temporal.get_workflow_handle(f"T0GAVEL001.C0OPS00001.{ts}").describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True


@pytest.fixture(scope="module")
async def door(square: Square, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Door]:
    """A second bot beside the one of the town, which for a while hears nothing."""
    port = Ports(tmp_path_factory.mktemp("ports") / "ports.json").take("bot")
    slack = square.town.stack.settings.slack
    assert slack.signing_secret is not None
    served = await square.town.serve("bot", SLACK_MODE="http", SLACK_PORT=str(port))
    url = f"http://127.0.0.1:{port}/slack/events"
    assert (await square.act("delivery", url=url))["mode"] == "http"
    yield Door(square, url, slack.signing_secret.get_secret_value())
    await square.act("delivery", url=None)
    await served.kill()


async def test_mentions_clicks_and_commands_come_over_http(square: Square, door: Door) -> None:
    said = await square.say("ada", "ops", "@gavel hello over there")
    card = await square.hears(said, QUESTION)
    click = {"channel": said.channel, "message_ts": card["ts"], "action_id": f"{ANSWER_PREFIX}0"}
    assert (await square.act("click", user="linus", **click))["ok"]
    await square.hears(said, "for the person who asked", viewer="linus")
    await square.hears(await square.command("ada", "hello by command"), QUESTION)
    assert (await square.look("state"))["mode"] == "http"


async def test_what_slack_did_not_sign_just_now_is_refused(door: Door) -> None:
    def without(name: str, headers: dict[str, str]) -> dict[str, str]:
        return {key: value for key, value in headers.items() if key != name}

    at = int(time.time())
    wrong: dict[str, tuple[bytes, dict[str, str]]] = {}
    for number, name in enumerate(
        ["another secret", "too old", "another time", "another body", "no signature", "no time", "neither", "empty"]
    ):
        body = door.event(f"{at}.{number:06}")
        headers = door.headers(body)
        wrong[name] = {
            "another secret": (body, door.headers(body, secret="0" * 32)),
            "too old": (body, door.headers(body, age_seconds=STALE_SECONDS)),
            "another time": (body, headers | {"X-Slack-Request-Timestamp": str(at - 1)}),
            "another body": (body, door.headers(door.event(f"{at}.999999"))),
            "no signature": (body, without("X-Slack-Signature", headers)),
            "no time": (body, without("X-Slack-Request-Timestamp", headers)),
            "neither": (body, {"Content-Type": "application/json"}),
            "empty": (body, headers | {"X-Slack-Signature": ""}),
        }[name]
    answers = {name: await door.knock(*request) for name, request in wrong.items()}
    assert answers == dict.fromkeys(wrong, 401)
    assert [number for number in range(len(wrong)) if await door.started(f"{at}.{number:06}")] == []


async def test_slacks_unsigned_check_of_the_certificate_is_no_way_in(door: Door) -> None:
    ts = f"{int(time.time())}.100000"
    command = {"command": "/gavel", "text": "ask hi", "team_id": "T0GAVEL001", "channel_id": "C0OPS00001"}
    fields = {"ssl_check": "1", **command, "user_id": "U0ADA00001", "trigger_id": ts}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await door.knock(urlencode(fields).encode(), form) == 200
    event: JsonObject = {**json.loads(door.event(ts)), "ssl_check": "1"}
    assert await door.knock(json.dumps(event).encode(), {"Content-Type": "application/json"}) == 200
    assert not await door.started(ts)


async def test_a_request_that_is_replayed_starts_nothing_twice(square: Square, door: Door) -> None:
    said = await square.say("ada", "ops", "no mention")  # a message to answer in the thread of
    before = await square.tasks()
    body = door.event(said.ts)
    headers = door.headers(body)
    assert [await door.knock(body, headers) for _ in range(3)] == [200, 200, 200]
    await square.hears(said, QUESTION)
    assert await square.tasks() - before == {square.task(said)}
    assert len(await square.recorded(said, "task_received")) == 1


async def test_slacks_challenge_is_answered_only_where_slack_signed_it(door: Door) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"}).encode()
    async with door.square.stage.http.post(door.url, data=body, headers=door.headers(body)) as response:
        assert (response.status, await response.json()) == (200, {"challenge": "3eZbrw1aB"})
    assert await door.knock(body, {"Content-Type": "application/json"}) == 401
    assert await door.knock(body, door.headers(body, age_seconds=STALE_SECONDS)) == 401
    assert await door.knock(body, door.headers(body, secret="0" * 32)) == 401


async def test_a_body_over_the_limit_is_refused_before_anything_is_read_of_it(door: Door) -> None:
    ts = f"{int(time.time())}.200000"
    event: JsonObject = json.loads(door.event(ts))
    event["event"]["text"] = "x" * 2_000_000
    body = json.dumps(event).encode()

    async def pieces() -> AsyncGenerator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    async with door.square.stage.http.post(door.url, data=pieces(), headers=door.headers(body)) as response:
        assert response.status == 413
    assert not await door.started(ts)


async def test_other_methods_and_paths_are_no_doors(door: Door) -> None:
    ts = f"{int(time.time())}.300000"
    body = door.event(ts)
    async with door.square.stage.http.put(door.url, data=body, headers=door.headers(body)) as response:
        assert response.status == 405
    other = door.url.replace("/slack/events", "/slack/others")
    async with door.square.stage.http.post(other, data=body, headers=door.headers(body)) as response:
        assert response.status == 404
    assert not await door.started(ts)
