"""Alertmanager's webhook: who may, how much, and when it is answered."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from structlog.testing import capture_logs
from temporalio.client import Client

from bot.alerts.names import WEBHOOK_PATH
from bot.alerts.webhook import AT_ONCE, BYTES_AT_ONCE, MOST_BYTES, Webhook, accepted_headers, listening_for_alerts
from bot.alerts.webhook_body import received
from bot.settings import TemporalSettings
from bot.settings_alerts import AlertSettings
from bot.workflows.client import connect
from tests.unit.alerts.messages import WEBHOOK
from tests.unit.alerts.scripted import CHANNEL, Alerts, alerting
from tools.contracts.alert_notice import AlertNotice

TOKEN = "correct-horse-battery"
PASSWORD = "staple-of-the-battery"
BASIC = "Basic " + base64.b64encode(f"alertmanager:{PASSWORD}".encode()).decode()


def now() -> datetime:
    return datetime(2026, 11, 26, 12, 5, tzinfo=UTC)


@asynccontextmanager
async def posting(alerts: Alerts, *, token: str | None = TOKEN, read_seconds: float = 10) -> AsyncGenerator[str]:
    """The webhook's URL."""
    accepted = accepted_headers(token=token, user="alertmanager", password=PASSWORD)
    webhook = Webhook(alerts.door, alerts.org, CHANNEL, accepted, read_seconds)
    async with listening_for_alerts(webhook, host="127.0.0.1", port=0) as port:
        yield f"http://127.0.0.1:{port}{WEBHOOK_PATH}"


async def post(url: str, body: bytes, authorization: str | None = f"Bearer {TOKEN}") -> int:
    headers = {"Authorization": authorization} if authorization is not None else {}
    async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as response:
        return response.status


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer None"],
)
async def test_who_does_not_know_the_secret_is_turned_away(temporal: Client, authorization: str | None) -> None:
    async with alerting(temporal, working=False) as alerts, posting(alerts) as url:
        assert await post(url, json.dumps(WEBHOOK).encode(), authorization) == 401
        found = [one async for one in temporal.list_workflows(f"WorkflowId STARTS_WITH '{alerts.org}'")]
        assert not found


async def test_without_a_secret_nobody_may() -> None:
    assert accepted_headers(token=None, user="alertmanager", password=None) == []
    assert accepted_headers(token="", user="", password="") == []
    assert not AlertSettings().webhook


async def test_what_it_brings_is_triaged_and_said_again_it_is_the_same(temporal: Client) -> None:
    async with alerting(temporal) as alerts, posting(alerts) as url:
        body = json.dumps(WEBHOOK).encode()
        assert await post(url, body) == 200
        assert await post(url, body, BASIC) == 200  # Alertmanager had no answer, and sends it again
        title = "HighErrorRate api-prod-eus2-01: 5xx above 5 %"
        await alerts.until(lambda: alerts.looked_into() == [[title]])
        assert alerts.opened[0].thread_ts.startswith("9."), "under its own card"
        assert [entry.count for entry in alerts.entries] == [1]
        assert alerts.entries[0].labels["instance"] == "api-prod-eus2-01"
        over = json.loads(body)
        over["alerts"][0] |= {"status": "resolved", "endsAt": "2026-11-26T12:30:00Z"}
        assert await post(url, json.dumps(over).encode()) == 200
        await alerts.until(lambda: alerts.cards()[title].startswith("resolved"))


async def test_what_is_not_durable_is_to_be_sent_again(temporal: Client) -> None:
    away = await connect(TemporalSettings(), address="127.0.0.1:9", codec_key=b"k" * 32, lazy=True)
    async with alerting(temporal, working=False) as alerts:
        alerts.door = replace(alerts.door, temporal=away)
        async with posting(alerts) as url:
            assert await post(url, json.dumps(WEBHOOK).encode()) == 503


async def test_a_body_over_the_limit_is_refused(temporal: Client) -> None:
    async with alerting(temporal, working=False) as alerts, posting(alerts) as url:
        assert await post(url, b"x" * (MOST_BYTES + 1)) == 413
        assert await post(url, b"x" * (MOST_BYTES + 1), "Bearer wrong") == 401


HEAD = f"POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: gavel\r\nAuthorization: Bearer {TOKEN}\r\n"


@asynccontextmanager
async def dripping(url: str, begin: str) -> AsyncGenerator[asyncio.StreamReader]:
    """A connection that sends its beginning, and then a byte now and then, for ever."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(begin.encode())

    async def drip() -> None:
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(0.1)
                writer.write(b"x")
                await writer.drain()

    drops = asyncio.create_task(drip())
    try:
        yield reader
    finally:
        drops.cancel()
        writer.close()


@pytest.mark.parametrize(
    ("begin", "answered"),
    [
        (f"POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: gav", b""),
        (f"{HEAD}X-Slow: ", b""),
        (f"{HEAD}Content-Length: 100000\r\n\r\n{{", b"HTTP/1.1 408 "),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n10000\r\n{{", b"HTTP/1.1 408 "),
    ],
)
async def test_who_sends_too_slowly_loses_the_place(temporal: Client, begin: str, answered: bytes) -> None:
    async with alerting(temporal, working=False) as alerts, posting(alerts, read_seconds=0.5) as url:
        async with dripping(url, begin) as reader, asyncio.timeout(8):
            answer = await reader.read()  # until it is closed
        assert answer[: len(answered)] == answered
        assert bool(answer) is bool(answered)


@pytest.mark.parametrize(
    ("begin", "most"),
    [
        ("Content-Length: 100000\r\n\r\n{", AT_ONCE),
        ("Content-Length: 1000000\r\n\r\n{", BYTES_AT_ONCE // MOST_BYTES),
        ("Transfer-Encoding: chunked\r\n\r\n10000\r\n{", BYTES_AT_ONCE // MOST_BYTES),
    ],
)
async def test_one_body_more_than_it_takes_at_once_is_to_be_sent_again(temporal: Client, begin: str, most: int) -> None:
    body = json.dumps(WEBHOOK).encode()

    async def answers(url: str, status: int) -> None:
        for _ in range(100):
            if await post(url, body) == status:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"It never answered {status}.")

    async with alerting(temporal, working=False) as alerts, posting(alerts) as url:
        async with AsyncExitStack() as slow:
            for _ in range(most):
                await slow.enter_async_context(dripping(url, f"{HEAD}{begin}"))
            with capture_logs() as logs:
                await answers(url, 503)
            assert any("takes no more at once" in entry["event"] for entry in logs)
            assert await post(url, body, "Bearer wrong") == 401, "who may not come in is told so, however full it is"
        await answers(url, 200)


@pytest.mark.parametrize(
    "body", [b"disk is full on web-01", b"{}", b'{"version": "5", "alerts": []}', b"\xff\xfe", b"[" * 100_000, b""]
)
def test_what_is_no_such_message_is_one_alert_of_its_own_words(body: bytes) -> None:
    [one] = received(body, now=now)
    assert one.notice.source == "text"


def test_more_than_are_read_of_one_message_are_told_of() -> None:
    alerts = [{"status": "firing", "labels": {"alertname": f"a{number}"}} for number in range(1005)]
    found = received(json.dumps({"version": "4", "alerts": alerts}).encode(), now=now)
    assert len(found) == 1001
    assert found[-1].notice.title.startswith("5 more alerts")


ANY: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["0001-01-01T00:00:00Z", "9999-99-99", "4"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)
KEYS = st.sampled_from(["status", "labels", "annotations", "startsAt", "endsAt", "fingerprint"])


@given(st.lists(st.dictionaries(KEYS, ANY, max_size=6), max_size=3))
def test_any_alerts_are_read(alerts: list[dict[str, JsonValue]]) -> None:
    for one in received(json.dumps({"version": "4", "alerts": alerts}).encode(), now=now):
        assert AlertNotice.model_validate_json(one.notice.model_dump_json()) == one.notice


@given(st.binary(max_size=300))
def test_any_bytes_are_read(body: bytes) -> None:
    assert received(body, now=now)


def test_the_webhook_posts_into_an_alert_channel_only() -> None:
    with pytest.raises(ValueError, match="not in GAVEL_ALERTS_CHANNELS"):
        AlertSettings.model_validate({"webhook_token": TOKEN, "webhook_channel": "general"})
    with pytest.raises(ValueError, match="at least 16"):
        AlertSettings.model_validate({"webhook_token": "short"})
