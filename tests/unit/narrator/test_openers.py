"""Whose thread it is that we began: only our own first message says so."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.message import sentence
from bot.intake import HandOverFailed
from bot.listeners.openers import Openers
from bot.local.slack.seed import BOT_ID, TEAM_ID
from bot.thread import ROOT, ThreadRef
from tests.unit.narrator.workspace import ADA, OPS, TOKEN, Slack

HELLO = sentence("Ada asked: fix it")


def openers(address: str, bot_id: str = BOT_ID) -> Openers:
    return Openers(AsyncWebClient(token=TOKEN, base_url=f"{address}/api/"), bot_id)


async def opened(slack: Slack, key: str) -> str:
    """A thread that our message with this key begins; somebody replied."""
    channel = ThreadRef(TEAM_ID, OPS, None)
    ts = await slack.writer().post_once(channel, HELLO, key=key, task_id="T1.C1.trigger", check_first=False)
    await slack.control("say", {"user": ADA, "channel": OPS, "text": "only eu-west-1", "thread_ts": ts})
    return ts


async def test_the_thread_of_a_command_names_its_task(slack: Slack) -> None:
    assert await openers(slack.address).opener_of(OPS, await opened(slack, ROOT)) == "T1.C1.trigger"


async def test_a_message_of_ours_that_opens_no_thread_names_none(slack: Slack) -> None:
    assert await openers(slack.address).opener_of(OPS, await opened(slack, "outcome")) is None


async def test_what_another_app_marked_like_ours_names_none(slack: Slack) -> None:
    assert await openers(slack.address, "B0SOMEBODY").opener_of(OPS, await opened(slack, ROOT)) is None


async def test_a_thread_that_a_person_began_names_none(slack: Slack) -> None:
    thread = await slack.thread()
    assert await openers(slack.address).opener_of(thread.channel, thread.thread_ts or "") is None


async def test_where_slack_does_not_say_nothing_is_acknowledged() -> None:
    with pytest.raises(HandOverFailed, match="did not say whose thread"):
        await openers("http://127.0.0.1:9").opener_of(OPS, "1.0")
