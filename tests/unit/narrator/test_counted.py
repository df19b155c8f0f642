"""What is asked of Slack is counted at each attempt, and so is what Slack puts off."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from bot.app import build_client
from bot.blocks.message import sentence
from bot.local.slack.seed import BOT_ID
from bot.pacing import Pacer, Rate
from bot.telemetry.slack import SlackMetrics
from bot.thread import SlackRefused, SlackRetryable, ThreadWriter
from tests.unit.narrator.workspace import OPS, TOKEN, Slack


async def test_calls_refusals_429s_and_waits_are_counted(slack: Slack) -> None:
    registry = CollectorRegistry()
    metrics = SlackMetrics(registry)
    client = build_client(api_url=f"{slack.address}/api/", bot_token=TOKEN, metrics=metrics)
    pacer = Pacer(channel_rate=Rate(per_second=10), method_rates={}, metrics=metrics)
    writer, thread = ThreadWriter(client, bot_id=BOT_ID, pacer=pacer), await slack.thread()

    async def post(key: str) -> None:
        await writer.post_once(thread, sentence("hello"), key=key, task_id="t", check_first=False)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    for key in ("1", "2", "3"):
        await post(key)
    with pytest.raises(SlackRefused):
        await writer.update(OPS, "1.000001", sentence("nothing there"))
    await slack.faults(rate_limited_seconds=2)
    with pytest.raises(SlackRetryable):
        await post("4")
    posts = {"method": "chat.postMessage"}
    assert value("gavel_slack_calls_total", **posts, outcome="ok") == 3
    assert value("gavel_slack_calls_total", method="chat.update", outcome="refused") == 1
    assert value("gavel_slack_calls_total", **posts, outcome="rate_limited") == 1
    assert (value("gavel_slack_held_seconds_total", **posts) or 0) >= 1
    assert value("gavel_slack_turn_seconds_count", urgent="true") == 5
    assert (value("gavel_slack_turn_seconds_sum", urgent="true") or 0) > 0.2


async def test_a_slack_that_is_away_is_counted() -> None:
    registry = CollectorRegistry()
    client = build_client(api_url="http://127.0.0.1:9/api/", bot_token=TOKEN, metrics=SlackMetrics(registry))
    writer = ThreadWriter(client, bot_id=BOT_ID, pacer=Pacer(channel_rate=None))
    with pytest.raises(SlackRetryable):
        await writer.direct_channel("U1")
    gone = {"method": "conversations.open", "outcome": "no_answer"}
    assert registry.get_sample_value("gavel_slack_calls_total", gone) == 1
