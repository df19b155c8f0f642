"""Rate limits as Slack has them, and everything that can be made to go wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ServerDisconnectedError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

from bot.local.slack.errors import RateLimited
from bot.local.slack.ratelimit import RateLimits, Tier
from tests.unit.local_slack.harness import ALERTS, OPS, Bot, Slack, running, until


@pytest.mark.parametrize(("tier", "burst"), [("tier1", 10), ("tier2", 20), ("tier3", 50), ("tier4", 100)])
def test_a_tier_allows_its_burst_and_says_how_long_to_wait(tier: Tier, burst: int) -> None:
    limits = RateLimits()
    for _ in range(burst):
        limits.take("some.method", tier)
    with pytest.raises(RateLimited) as caught:
        limits.take("some.method", tier)
    assert isinstance(caught.value.retry_after, int)
    assert caught.value.retry_after >= 1
    limits.take("another.method", tier)


async def test_posting_is_about_one_a_second_a_channel(tmp_path: Path) -> None:
    async with running(tmp_path, rate_limits=True) as slack:
        for _ in range(5):
            await slack.post()
        assert await slack.too_many() == 1
        assert await slack.error("chat.postMessage", channel=ALERTS, text="x") == "ok"
        slack.client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
        assert (await slack.client.chat_postMessage(channel=OPS, text="after a wait"))["ok"]
        assert (await slack.look("stats"))["methods"]["chat.postMessage"]["ratelimited"] == 2


async def test_rate_limits_can_be_switched_at_run_time(tmp_path: Path) -> None:
    async with running(tmp_path, rate_limits=True) as slack:
        assert (await slack.act("faults", rate_limits=False))["rate_limits"] is False
        for _ in range(20):
            await slack.post()
        await slack.act("faults", clear=True)
        assert (await slack.look("faults"))["rate_limits"] is True


async def test_refused_posts_do_not_use_up_the_allowance(tmp_path: Path) -> None:
    async with running(tmp_path, rate_limits=True) as slack:
        for _ in range(10):
            assert await slack.error("chat.postMessage", channel=OPS) == "no_text"
        assert await slack.error("chat.postMessage", channel=OPS, text="x") == "ok"


async def test_429_for_a_while_for_chosen_methods(slack: Slack) -> None:
    await slack.act("faults", rate_limited_seconds=60, methods=["chat.postMessage"])
    assert 59 <= await slack.too_many() <= 61
    assert await slack.error("auth.test") == "ok"
    await slack.act("faults", clear=True)
    assert await slack.error("chat.postMessage", channel=OPS, text="x") == "ok"


async def test_500s_do_nothing(slack: Slack) -> None:
    await slack.act("faults", fail_next=1)
    assert await slack.error("chat.postMessage", channel=OPS, text="x") == "internal_error"
    await slack.act("faults", errors_seconds=60)
    assert await slack.error("chat.postMessage", channel=OPS, text="x") == "internal_error"
    assert (await slack.look("channel", channel=OPS))["messages"] == []


async def test_a_lost_answer_was_done_all_the_same(slack: Slack) -> None:
    await slack.act("faults", lose_next_answers=1, methods=["chat.postMessage"])
    slack.client.retry_handlers.clear()
    with pytest.raises(ServerDisconnectedError):
        await slack.client.chat_postMessage(channel=OPS, text="once")
    assert [each["text"] for each in (await slack.look("channel", channel=OPS))["messages"]] == ["once"]


async def test_slow_answers(slack: Slack) -> None:
    await slack.act("faults", slow_seconds=0.2)
    started = asyncio.get_running_loop().time()
    await slack.post()
    assert asyncio.get_running_loop().time() - started >= 0.2


async def test_everything_twice(slack: Slack, bot: Bot) -> None:
    await slack.act("faults", twice=True)
    await slack.say("hi")
    await until(lambda: len(bot.heard) == 2)
    assert bot.heard[0]["event_id"] == bot.heard[1]["event_id"]


async def test_out_of_order(slack: Slack, bot: Bot) -> None:
    await slack.act("faults", out_of_order=True)
    for text in ("first", "second"):
        await slack.say(text)
    await until(lambda: len(bot.heard) == 2)
    assert [event["text"] for event in bot.events("message")] == ["second", "first"]


async def test_lost_acknowledgements_lead_to_redelivery(slack: Slack, bot: Bot) -> None:
    await slack.act("faults", lose_next_acks=1)
    await slack.say("hi")
    await until(lambda: len(bot.heard) == 2)
    assert (await slack.look("stats"))["redelivered"] == 1


async def test_statistics_count_and_reset(slack: Slack, bot: Bot) -> None:
    await slack.say("hi")
    await until(lambda: len(bot.heard) == 1)
    await slack.error("chat.postMessage", channel=OPS)

    async def settled() -> bool:
        return (await slack.look("stats"))["envelopes_acked"] == 1

    await until(settled)
    stats = await slack.look("stats", envelopes="5")
    assert stats["methods"]["chat.postMessage"]["errors"] == {"no_text": 1}
    assert 0 < stats["ack_ms"]["p99"] < 3000
    (record,) = stats["envelopes"]
    assert record["acked_at"] >= record["sent_at"]
    await slack.act("stats/reset")
    assert (await slack.look("stats"))["methods"] == {}


async def test_an_unknown_fault_is_refused(slack: Slack) -> None:
    assert (await slack.act("faults", explode=True))["ok"] is False
