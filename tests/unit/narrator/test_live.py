"""What a person sees of an investigation, while it happens and afterwards."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.blocks.message import REHEARSAL
from bot.local.slack.seed import BOT_ID
from bot.narrator import live, sinks
from bot.narrator.board import Board
from bot.narrator.live import LiveProgress, Narrator
from bot.pacing import Pacer, Rate
from bot.thread import ThreadRef, ThreadWriter
from tests.unit.blocks import samples
from tests.unit.blocks.rules import assert_harmless, objects
from tests.unit.narrator.workspace import TOKEN, Slack, running_slack, until
from tools.contracts.common import JsonObject
from tools.contracts.progress import (
    MemberProgress,
    NoteProgress,
    TallyProgress,
    ToolProgress,
    VerdictProgress,
    VoteProgress,
)

TASK = samples.TASK
KEY = "investigate:1"
MEMBERS = ("Claude", "GPT", "Gemini")


def work(progress: LiveProgress, *, text: str = "14 web servers run web-golden 2026.01.1") -> None:
    """What an agent says in one whole council, in order."""
    progress.emit(ToolProgress("call-1", "query_assets", "running"))
    progress.emit(ToolProgress("call-1", "query_assets", "done", text))
    progress.emit(ToolProgress("call-2", "compare_versions", "failed", "the estate did not answer"))
    for name in MEMBERS:
        progress.emit(MemberProgress(name, "thinking", "answer"))
        progress.emit(MemberProgress(name, "answered", "answer"))
    for name in MEMBERS:
        progress.emit(MemberProgress(name, "thinking", "vote"))
        progress.emit(VoteProgress("c1", text, name, "support"))
        progress.emit(VoteProgress("c2", "The canary failed", name, "support" if name == "GPT" else "silent"))
        progress.emit(MemberProgress(name, "answered", "vote"))
    outcome = samples.outcome(claims=4, text=text)
    progress.emit(TallyProgress(outcome.tallies))
    progress.emit(VerdictProgress(outcome))
    progress.emit(NoteProgress("Gemini was slow."))


def words(message: JsonObject) -> str:
    return json.dumps(message["blocks"], ensure_ascii=False)


def rows(message: JsonObject) -> dict[str, str]:
    """Title → state of every row of a streamed plan."""
    return {
        found["title"]: found["status"]
        for found in objects(message["blocks"])
        if "task_id" in found and "title" in found
    }


async def tell(
    slack: Slack, thread: ThreadRef, act: Callable[[LiveProgress], Awaitable[None]] | None = None, **options: Any
) -> list[str]:
    """One whole narration by a process of its own; the ts it reported."""
    seen: list[str] = []
    narrator = Narrator(slack.writer(pacer=options.pop("pacer", None)))
    given: dict[str, Any] = {"task_id": TASK, "key": KEY, "title": "Investigating", "simulated": True} | options
    async with narrator.live(thread, on_ts=seen.append, **given) as progress:
        if act is None:
            work(progress)
        else:
            await act(progress)
    return seen


async def test_streams_each_step_member_and_claim_as_a_row_of_one_message(slack: Slack) -> None:
    thread = await slack.thread()
    (ts,) = await tell(slack, thread)
    (message,) = await slack.replies(thread)
    assert message["ts"] == ts
    assert message["stream"]["state"] == "completed"
    plan = message["blocks"][0]
    assert (plan["type"], plan["title"]) == ("plan", "Investigating: done, consensus, 2 of 4 claims carried")
    shown = rows(message)
    assert shown["query assets: 14 web servers run web-golden 2026.01.1"] == "complete"
    assert shown["compare versions: failed: the estate did not answer"] == "error"
    assert shown["Claude: voted"] == "complete"
    assert shown["Carried (3 of 3 support): 14 web servers run web-golden 2026.01.1"] == "complete"
    assert shown["Not carried (2 of 3 support, 1 contradicts): 14 web servers run web-golden 2026.01.1"] == "error"
    assert shown["Not carried (1 of 3 supports, 2 silent, single source): 14 web servers run web-golden 2026.01.1"]
    assert shown["Verdict: consensus, 92 % agreement (more than 70 % needed), 3 votes count as 3"] == "complete"
    assert any(title.startswith("Dissent: Gemini against: 14 web servers run") for title in shown)
    assert REHEARSAL in shown


async def test_each_state_of_a_member_is_told_and_so_is_why_it_failed(slack: Slack) -> None:
    """Waiting and thinking while it is so; how each ended, afterwards too."""
    thread = await slack.thread()

    async def act(progress: LiveProgress) -> None:
        for name in MEMBERS:
            progress.emit(MemberProgress(name, "waiting", "answer"))
        progress.emit(MemberProgress("Claude", "thinking", "answer"))

        async def shown() -> bool:
            replies = await slack.replies(thread)
            return bool(replies) and {"Claude: thinking", "GPT: waiting"} <= rows(replies[0]).keys()

        await until(shown)
        progress.emit(MemberProgress("Claude", "answered", "answer"))
        progress.emit(MemberProgress("Claude", "waiting", "vote"))
        progress.emit(MemberProgress("Claude", "answered", "vote"))
        progress.emit(MemberProgress("GPT", "failed", "answer", "GPT refused the key."))
        progress.emit(MemberProgress("Gemini", "cancelled", "answer"))

    await tell(slack, thread, act)
    (message,) = await slack.replies(thread)
    shown = rows(message)
    assert shown["Claude: voted"] == "complete"
    assert shown["GPT: failed, did not answer: GPT refused the key."] == "error"
    assert shown["Gemini: cancelled, the outcome was decided"] == "complete"


def test_a_verdict_is_told_however_many_rows_there_are_and_dissent_only_where_it_may_be() -> None:
    board = Board(include_dissent=False)
    for number in range(60):
        board.apply(ToolProgress(f"call-{number}", "query_assets", "done"))
    board.apply(VerdictProgress(samples.outcome(claims=8).model_copy(update={"consensus": False})))
    said = [row for row in board.rows() if row.id == "verdict"]
    assert [row.subject for row in said] == ["no consensus, 92 % agreement (more than 70 % needed), 3 votes count as 3"]
    assert board.consensus is False
    quiet = Board(include_dissent=False)
    quiet.apply(VerdictProgress(samples.outcome(claims=8)))
    dissent = [row.subject for row in quiet.rows() if row.id.startswith("dissent:")]
    assert dissent == ["2 claims disputed; the ledger has by whom and why"]


async def test_votes_are_seen_while_they_are_cast(slack: Slack) -> None:
    thread = await slack.thread()

    async def act(progress: LiveProgress) -> None:
        for name in MEMBERS:
            progress.emit(MemberProgress(name, "thinking", "vote"))
        progress.emit(VoteProgress("c1", "Web servers drifted", "Claude", "support"))

        async def shown() -> bool:
            replies = await slack.replies(thread)
            return bool(replies) and "1 of 1 supports, 2 still to vote: Web servers drifted" in words(replies[0])

        await until(shown)
        (message,) = await slack.replies(thread)
        assert message["stream"]["state"] == "in_progress"
        assert rows(message)["Claude: voting"] == "in_progress"

    await tell(slack, thread, act)


async def test_without_a_person_to_stream_to_one_message_is_edited(slack: Slack) -> None:
    thread = await slack.thread(recipient=None)

    async def act(progress: LiveProgress) -> None:
        await until(lambda: slack.replies(thread))
        work(progress)

    (ts, *more) = await tell(slack, thread, act)
    assert set(more) <= {ts}
    (message,) = await slack.replies(thread)
    assert message["stream"] is None
    said = words(message)
    for expected in (
        "Investigating: done, consensus, 2 of 4 claims carried",
        "✓ _Carried (3 of 3 support)_",
        "✗ compare versions",
        REHEARSAL,
    ):
        assert expected in said, expected


async def test_where_streaming_is_refused_the_message_is_edited_instead(slack: Slack) -> None:
    thread = await slack.thread()
    unknown = ThreadRef(thread.team, thread.channel, thread.thread_ts, recipient_user="U0NOBODY01")
    await tell(slack, unknown)
    (message,) = await slack.replies(thread)
    assert "Investigating: done" in words(message)


async def test_events_are_coalesced_and_the_latest_wins(slack: Slack) -> None:
    await slack.control("stats/reset", {})
    thread = await slack.thread(recipient=None)

    async def act(progress: LiveProgress) -> None:
        for number in range(400):
            progress.emit(ToolProgress("call-1", "query_assets", "running", f"page {number}"))
            await asyncio.sleep(0.0025)
        progress.emit(ToolProgress("call-1", "query_assets", "done", "page 400 was the last"))

    started = time.monotonic()
    await tell(slack, thread, act, pacer=Pacer(channel_rate=Rate(per_second=4, burst=1), method_rates={}))
    took = time.monotonic() - started
    (message,) = await slack.replies(thread)
    assert "page 400 was the last" in words(message)
    assert message["edits"] <= took * 4 + 1


async def test_emitting_never_waits_for_slack_nor_fails_with_it(slack: Slack) -> None:
    thread = await slack.thread()
    await slack.faults(errors_seconds=60)

    async def act(progress: LiveProgress) -> None:
        started = time.monotonic()
        for _ in range(1000):
            work(progress)
        assert time.monotonic() - started < 5
        await slack.faults()

    await tell(slack, thread, act)
    (message,) = await slack.replies(thread)
    assert "Investigating: done" in words(message)


async def test_slack_away_for_good_delays_the_work_by_a_bounded_time_and_fails_nothing(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FINISH_SECONDS", 1.0)
    thread = await slack.thread()
    await slack.faults(errors_seconds=60)
    started = time.monotonic()
    assert await tell(slack, thread) == []
    assert 0.9 < time.monotonic() - started < 3


async def test_an_event_that_cannot_be_understood_does_not_reach_the_agent(slack: Slack) -> None:
    thread = await slack.thread()

    async def act(progress: LiveProgress) -> None:
        broken: Any = ToolProgress("call-1", "query_assets", "running")
        object.__setattr__(broken, "state", "exploded")
        progress.emit(broken)
        work(progress)

    await tell(slack, thread, act)
    (message,) = await slack.replies(thread)
    assert "Investigating: done" in words(message)


async def test_an_error_of_the_work_stays_the_news_and_open_rows_say_stopped(slack: Slack) -> None:
    thread = await slack.thread()

    async def act(progress: LiveProgress) -> None:
        progress.emit(ToolProgress("call-1", "query_assets", "running"))
        progress.emit(MemberProgress("Claude", "thinking", "answer"))
        raise ZeroDivisionError("the work broke")

    with pytest.raises(ZeroDivisionError, match="the work broke"):
        await tell(slack, thread, act)
    (message,) = await slack.replies(thread)
    assert message["blocks"][0]["title"] == "Investigating: stopped"
    assert rows(message) == {REHEARSAL: "complete", "query assets: stopped": "error", "Claude: stopped": "error"}


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
    monkeypatch.setattr(sinks, "ROLL_OVER_SECONDS", 0.6)
    monkeypatch.setattr(live, "IDLE_SECONDS", 0.2)
    thread = await slack.thread()

    async def act(progress: LiveProgress) -> None:
        progress.emit(ToolProgress("call-1", "query_assets", "done", "214 assets"))
        progress.emit(MemberProgress("Claude", "thinking", "answer"))

        async def two() -> bool:
            return len(await slack.replies(thread)) == 2

        await until(two)
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


@pytest.mark.parametrize("recipient", ["U0ADA00001", None], ids=["streamed", "edited"])
@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
async def test_hostile_text_pings_nobody_and_breaks_nothing(slack: Slack, text: str, recipient: str | None) -> None:
    thread = await slack.thread(recipient=recipient)
    await tell(slack, thread, title=samples.fit(text, 90))
    (message,) = await slack.replies(thread)
    assert "done, consensus, 2 of 4" in words(message)
    for found in objects(message["blocks"]):
        for shown in (found.get("text"), found.get("title")):
            if isinstance(shown, str) and found.get("type") == "mrkdwn":
                assert_harmless(shown)
            elif isinstance(shown, str):
                assert "<" not in shown
                assert "](" not in shown
                assert "\n" not in shown
    assert "@channel" not in words(message)
    assert "@here" not in words(message)


@pytest.mark.parametrize("recipient", ["U0ADA00001", None], ids=["streamed", "edited"])
async def test_the_largest_council_fits_one_message_and_counts_what_it_leaves_out(
    slack: Slack, recipient: str | None
) -> None:
    thread = await slack.thread(recipient=recipient)

    async def act(progress: LiveProgress) -> None:
        for number in range(60):
            progress.emit(ToolProgress(f"call-{number}", "query_assets" * 9, "done", "&<long> " * 90))
        work(progress, text="<claim> & " * 30)
        progress.emit(TallyProgress(samples.outcome(claims=50, members=6, text="<claim> & " * 30).tallies))

    await tell(slack, thread, act)
    (message,) = await slack.replies(thread)
    assert "Investigating: done" in words(message)
    assert "more steps or claims" in words(message)


async def test_another_bots_message_is_not_taken_for_ours(slack: Slack) -> None:
    thread = await slack.thread()
    await tell(slack, thread)
    stranger = ThreadWriter(slack.client, bot_id=f"{BOT_ID}X", pacer=Pacer(channel_rate=None))
    async with Narrator(stranger).live(
        thread, task_id=TASK, key=KEY, title="Investigating", simulated=False, check_first=True
    ):
        pass
    assert len(await slack.replies(thread)) == 2
