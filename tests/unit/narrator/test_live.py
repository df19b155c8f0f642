"""What a person sees of an investigation, while it happens and afterwards."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bot.blocks.message import REHEARSAL
from bot.narrator import live
from bot.narrator.board import Board
from bot.narrator.live import LiveProgress
from bot.pacing import Pacer, Rate
from bot.thread import ThreadRef
from tests.unit.blocks import samples
from tests.unit.blocks.rules import assert_harmless, objects
from tests.unit.narrator.narrating import MEMBERS, rows, tell, words, work
from tests.unit.narrator.workspace import Slack, until
from tools.contracts.progress import MemberProgress, TallyProgress, ToolProgress, VerdictProgress, VoteProgress


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


async def test_news_of_one_moment_are_one_write_though_slack_has_a_turn_for_each(slack: Slack) -> None:
    thread = await slack.thread()
    pacer = Pacer(channel_rate=None, method_rates={})
    await slack.control("stats/reset", {})

    async def act(progress: LiveProgress) -> None:
        await asyncio.sleep(3 * live.BREATH_SECONDS)
        for number in range(10):
            progress.emit(ToolProgress(f"call-{number}", "query_assets", "running"))
            await asyncio.sleep(live.BREATH_SECONDS / 100)
        await asyncio.sleep(3 * live.BREATH_SECONDS)

    await tell(slack, thread, act, pacer=pacer)
    calls = (await slack.look("stats"))["methods"].get("chat.appendStream", {"calls": 0})["calls"]
    assert 1 <= calls <= 3


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
    assert 0.9 < time.monotonic() - started < 30, "Slack is away for a minute"


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
