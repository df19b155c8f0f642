"""Posting once, whatever dies or gets lost in between."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.blocks.message import Message, section, sentence
from bot.local.slack.seed import BOT_ID, TEAM_ID
from bot.pacing import Pacer
from bot.thread import SlackRefused, SlackRetryable, ThreadRef
from tests.unit.narrator.workspace import ADA, GRACE, OPS, TOKEN, Slack, running_slack, until

KEY = "plan-card:1"
TASK = "task-1"
HELLO = sentence("Hello")

POSTER = """
import asyncio, sys
from slack_sdk.web.async_client import AsyncWebClient
from bot.blocks.message import sentence
from bot.pacing import Pacer
from bot.thread import ThreadRef, ThreadWriter

async def main():
    address, token, bot_id, team, channel, ts, check = sys.argv[1:]
    writer = ThreadWriter(AsyncWebClient(token=token, base_url=address + "/api/"), bot_id=bot_id, pacer=Pacer())
    thread = ThreadRef(team, channel, ts)
    posted = await writer.post_once(
        thread, sentence("Hello"), key="plan-card:1", task_id="task-1", check_first=check == "check"
    )
    if check != "check":
        await asyncio.sleep(60)
    print(posted, flush=True)

asyncio.run(main())
"""


async def poster(slack: Slack, thread: ThreadRef, check: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        POSTER,
        *(slack.address, TOKEN, BOT_ID, TEAM_ID, thread.channel, thread.thread_ts or "", check),
        stdout=asyncio.subprocess.PIPE,
    )


async def test_a_process_killed_after_posting_and_before_it_knew_does_not_post_twice(slack: Slack) -> None:
    thread = await slack.thread()
    first = await poster(slack, thread, "post")
    await until(lambda: slack.replies(thread))
    first.send_signal(signal.SIGKILL)
    await first.wait()

    second = await poster(slack, thread, "check")
    out, _ = await second.communicate()
    replies = await slack.replies(thread)
    assert [reply["ts"] for reply in replies] == [out.decode().strip()]


async def test_an_answer_that_is_lost_is_not_taken_for_a_message_that_is_lost(slack: Slack) -> None:
    thread = await slack.thread()
    writer = slack.writer()
    await slack.faults(lose_next_answers=1, methods=["chat.postMessage"])
    with pytest.raises(SlackRetryable):
        await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=False)
    ts = await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=True)
    assert [reply["ts"] for reply in await slack.replies(thread)] == [ts]


async def test_without_a_look_first_a_retry_would_post_twice(slack: Slack) -> None:
    thread = await slack.thread()
    writer = slack.writer()
    for _ in range(2):
        await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=False)
    assert len(await slack.replies(thread)) == 2


async def test_what_a_retry_came_to_replaces_what_the_attempt_before_it_said(slack: Slack) -> None:
    thread = await slack.thread()
    writer = slack.writer()
    ts = await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=False)
    other = sentence("Not hello")
    assert await writer.post_once(thread, other, key=KEY, task_id=TASK, check_first=True) == ts
    assert [(reply["ts"], reply["text"]) for reply in await slack.replies(thread)] == [(ts, "Not hello")]


async def test_another_key_task_or_thread_is_another_message(slack: Slack) -> None:
    thread, other = await slack.thread(), await slack.thread()
    writer = slack.writer()
    await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=True)
    await writer.post_once(thread, HELLO, key="plan-card:2", task_id=TASK, check_first=True)
    await writer.post_once(thread, HELLO, key=KEY, task_id="task-2", check_first=True)
    await writer.post_once(other, HELLO, key=KEY, task_id=TASK, check_first=True)
    assert (len(await slack.replies(thread)), len(await slack.replies(other))) == (3, 1)


async def test_the_message_is_found_behind_several_pages_of_a_busy_thread(slack: Slack) -> None:
    thread = await slack.thread()
    writer = slack.writer()
    for number in range(205):
        await slack.control("say", {"user": GRACE, "channel": OPS, "text": f"{number}", "thread_ts": thread.thread_ts})
    ts = await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=False)
    assert await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=True) == ts


async def test_the_message_that_opens_a_thread_is_posted_once_too(slack: Slack) -> None:
    channel = ThreadRef(TEAM_ID, OPS, None)
    writer = slack.writer()
    ts = await writer.post_once(channel, HELLO, key="root", task_id="root-task", check_first=False)
    assert await writer.post_once(channel, HELLO, key="root", task_id="root-task", check_first=True) == ts


async def test_an_edit_keeps_the_key(slack: Slack) -> None:
    thread = await slack.thread()
    writer = slack.writer()
    ts = await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=False)
    await writer.update(thread.channel, ts, sentence("Goodbye"))
    assert await writer.find(thread, task_id=TASK, key=KEY) == ts
    (reply,) = await slack.replies(thread)
    assert reply["text"] == "Goodbye"


async def test_what_is_told_to_one_person_is_seen_by_no_other(slack: Slack) -> None:
    thread = await slack.thread()
    await slack.writer().tell(thread, GRACE, sentence("You asked for this change, so someone else has to decide."))
    assert len(await slack.replies(thread, viewer=GRACE)) == 1
    assert await slack.replies(thread, viewer=ADA) == []


async def test_slack_away_asks_for_a_retry_and_a_no_is_final(slack: Slack) -> None:
    thread = await slack.thread()
    writer = slack.writer()
    await slack.faults(fail_next=1)
    with pytest.raises(SlackRetryable) as away:
        await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=False)
    assert away.value.retry_after is None
    await slack.faults(rate_limited_seconds=2)
    with pytest.raises(SlackRetryable) as limited:
        await writer.update(thread.channel, "1.1", HELLO)
    assert limited.value.retry_after in {1, 2}
    await slack.faults()
    with pytest.raises(SlackRefused) as refused:
        await writer.update(thread.channel, "1700000000.000001", HELLO)
    assert refused.value.error == "message_not_found"
    broken = Message("x", [{**section("x"), "text": {"type": "mrkdwn", "text": ""}}])
    with pytest.raises(SlackRefused) as invalid:
        await writer.post_once(thread, broken, key=KEY, task_id=TASK, check_first=False)
    assert invalid.value.error == "invalid_blocks"
    assert "json-pointer" in str(invalid.value)


async def test_nobody_there_is_a_retry_not_a_crash() -> None:
    async with aiohttp.ClientSession() as http:
        nobody = Slack("http://127.0.0.1:9", http)
        with pytest.raises(SlackRetryable, match="cannot be reached"):
            await nobody.writer().update(OPS, "1.1", HELLO)


async def test_no_metadata_of_someone_else_passes_for_ours(slack: Slack) -> None:
    thread = await slack.thread()
    writer = slack.writer()
    await writer.post_once(thread, HELLO, key=KEY, task_id=TASK, check_first=False)
    stranger = type(writer)(slack.client, bot_id="B0SOMEELSE", pacer=Pacer(channel_rate=None))
    assert await stranger.find(thread, task_id=TASK, key=KEY) is None


async def test_a_burst_of_cards_stays_under_slacks_limits(tmp_path: Path) -> None:
    async with running_slack(tmp_path) as limited:
        thread = await limited.thread()
        writer = limited.writer(pacer=Pacer())
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(writer.post_once(thread, HELLO, key=f"k{number}", task_id=TASK, check_first=False))
        assert len(await limited.replies(thread)) == 6
        assert (await limited.look("stats"))["ratelimited"] == 0
