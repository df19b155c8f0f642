"""One message, whoever dies, whatever answer is lost, and however long it takes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bot.local.slack.seed import BOT_ID
from bot.narrator import live, sinks
from bot.narrator.live import LiveProgress, Narrator
from bot.pacing import Pacer
from bot.thread import ThreadRef, ThreadWriter
from tests.unit.narrator.narrating import KEY, TASK, rows, tell, words, work
from tests.unit.narrator.workspace import TOKEN, Slack, running_slack, until
from tools.contracts.progress import MemberProgress, ToolProgress

NARRATOR = """
import asyncio, sys
from slack_sdk.web.async_client import AsyncWebClient
from bot.narrator.live import Narrator
from bot.pacing import Pacer
from bot.thread import ThreadRef, ThreadWriter
from tools.contracts.progress import ToolProgress

async def main():
    address, token, bot_id, team, channel, ts, recipient, task, key = sys.argv[1:]
    client = AsyncWebClient(token=token, base_url=address + "/api/")
    writer = ThreadWriter(client, bot_id=bot_id, pacer=Pacer(channel_rate=None))
    thread = ThreadRef(team, channel, ts, recipient or None)
    async with Narrator(writer).live(
        thread, task_id=task, key=key, title="Investigating", simulated=True
    ) as progress:
        progress.emit(ToolProgress("call-0", "read_logs", "running"))
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def killed_while_narrating(slack: Slack, thread: ThreadRef) -> str:
    """A process that narrates and gets `kill -9` once that can be seen. The ts of the message it left."""
    where = (slack.address, TOKEN, BOT_ID, thread.team, thread.channel, thread.thread_ts or "")
    what = (thread.recipient_user or "", TASK, KEY)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", NARRATOR, *where, *what)

    async def seen() -> bool:
        replies = await slack.replies(thread)
        return bool(replies) and "read logs" in words(replies[0])

    try:
        await until(seen)
    finally:
        process.kill()
        await process.wait()
    (left,) = await slack.replies(thread)
    return str(left["ts"])


@pytest.mark.parametrize("remembered", [True, False], ids=["heartbeat kept the ts", "killed before the heartbeat"])
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "edited"])
async def test_a_retry_goes_on_in_the_message_that_a_killed_process_left(
    slack: Slack, *, streamed: bool, remembered: bool
) -> None:
    thread = await slack.thread(recipient="U0ADA00001" if streamed else None)
    left = await killed_while_narrating(slack, thread)
    seen = await tell(slack, thread, resume_ts=left if remembered else None, check_first=True)
    (message,) = await slack.replies(thread)
    assert set(seen) == {left}
    assert message["ts"] == left
    assert "Investigating: done, consensus, 2 of 4 claims carried" in words(message)
    assert "read logs" not in words(message)


async def test_a_retry_after_the_end_was_shown_edits_that_message(slack: Slack) -> None:
    thread = await slack.thread()
    (first,) = await tell(slack, thread)
    seen = await tell(slack, thread, check_first=True)
    assert set(seen) == {first}
    assert len(await slack.replies(thread)) == 1


async def test_a_start_whose_answer_was_lost_is_found_and_not_repeated(slack: Slack) -> None:
    thread = await slack.thread()
    await slack.faults(lose_next_answers=1, methods=["chat.startStream"])
    await tell(slack, thread)
    (message,) = await slack.replies(thread)
    assert message["blocks"][0]["title"].startswith("Investigating: done")


@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream", "chat.update", "chat.postMessage"])
async def test_any_lost_answer_leaves_one_message_in_which_nothing_is_said_twice(slack: Slack, method: str) -> None:
    thread = await slack.thread(recipient=None if method in {"chat.update", "chat.postMessage"} else "U0ADA00001")
    await slack.faults(lose_next_answers=1, methods=[method])

    async def act(progress: LiveProgress) -> None:
        await until(lambda: slack.replies(thread))
        work(progress)

    await tell(slack, thread, act)
    (message,) = await slack.replies(thread)
    said = words(message)
    assert "Investigating: done" in said
    assert said.count("the estate did not answer") == 1


async def test_two_revisions_are_two_messages(slack: Slack) -> None:
    thread = await slack.thread()
    await tell(slack, thread)
    await tell(slack, thread, key="investigate:2", check_first=True)
    assert len(await slack.replies(thread)) == 2


async def test_a_stream_is_rolled_over_before_slack_closes_it(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "ROLL_OVER_SECONDS", 2.0)
    monkeypatch.setattr(live, "IDLE_SECONDS", 0.2)
    thread = await slack.thread()

    async def act(progress: LiveProgress) -> None:
        progress.emit(ToolProgress("call-1", "query_assets", "done", "214 assets"))
        progress.emit(MemberProgress("Claude", "thinking", "answer"))

        async def two() -> bool:
            return len(await slack.replies(thread)) == 2

        await until(two)
        monkeypatch.setattr(sinks, "ROLL_OVER_SECONDS", 600)
        progress.emit(MemberProgress("Claude", "answered", "answer"))

    first, second = await tell(slack, thread, act)
    messages = await slack.replies(thread)
    assert [message["ts"] for message in messages] == [first, second]
    assert [message["blocks"][0]["title"] for message in messages] == [
        "Investigating · continued below",
        "Investigating: done",
    ]
    assert "query assets: 214 assets" in rows(messages[0])
    assert "query assets: 214 assets" not in rows(messages[1])
    # A retry goes on in the last part.
    assert set(await tell(slack, thread, check_first=True)) == {second}


async def test_a_stream_that_slack_closed_by_itself_is_edited_to_its_end(tmp_path: Path) -> None:
    async with running_slack(tmp_path, "--no-rate-limits", "--stream-seconds", "0.5") as hasty:
        thread = await hasty.thread()

        async def act(progress: LiveProgress) -> None:
            await until(lambda: hasty.replies(thread))
            await asyncio.sleep(0.8)
            work(progress)

        await tell(hasty, thread, act)
        (message,) = await hasty.replies(thread)
        assert "Investigating: done, consensus, 2 of 4 claims carried" in words(message)


async def test_another_bots_message_is_not_taken_for_ours(slack: Slack) -> None:
    thread = await slack.thread()
    await tell(slack, thread)
    stranger = ThreadWriter(slack.client, bot_id=f"{BOT_ID}X", pacer=Pacer(channel_rate=None))
    async with Narrator(stranger).live(
        thread, task_id=TASK, key=KEY, title="Investigating", simulated=False, check_first=True
    ):
        pass
    assert len(await slack.replies(thread)) == 2
