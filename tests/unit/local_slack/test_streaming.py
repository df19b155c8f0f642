"""Streaming messages: chunks, states, ownership, recipients and their short life."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.local_slack.harness import ADA, GENERAL, OPS, TEAM, Slack, running, section, until
from tools.contracts.common import JsonObject

TO = {"recipient_team_id": TEAM, "recipient_user_id": ADA}


def task(name: str, status: str = "in_progress", **more: str) -> JsonObject:
    return {"type": "task_update", "id": name, "title": name, "status": status, **more}


def words(text: str) -> JsonObject:
    return {"type": "markdown_text", "text": text}


async def start(slack: Slack, **more: Any) -> str:
    answer = await slack.call("chat.startStream", channel=OPS, thread_ts=await slack.say("hello"), **TO, **more)
    assert answer["ok"], answer
    return str(answer["ts"])


async def shown(slack: Slack, ts: str) -> JsonObject:
    parent = slack.workspace.message(OPS, ts)
    assert parent is not None
    assert parent.thread_ts is not None
    return next(each for each in await slack.thread(parent.thread_ts) if each["ts"] == ts)


async def test_the_sdks_stream_helper_streams_a_plan(slack: Slack) -> None:
    parent = await slack.say("hello")
    stream = await slack.client.chat_stream(channel=OPS, thread_ts=parent, task_display_mode="plan", **TO)
    await stream.append(chunks=[{"type": "plan_update", "title": "Council"}, task("Claude"), task("GPT", "pending")])
    await stream.append(chunks=[task("Claude", "complete", output="12 drifted")])
    await stream.append(markdown_text="**Agreed**")
    metadata = {"event_type": "progress", "event_payload": {"key": "k"}}
    await stream.stop(blocks=[section("done")], metadata=metadata)
    message = (await slack.thread(parent))[1]
    assert message["stream"]["state"] == "completed"
    assert message["stream"]["title"] == "Council"
    assert [(each["id"], each["status"]) for each in message["stream"]["tasks"]] == [
        ("Claude", "complete"),
        ("GPT", "pending"),
    ]
    assert [block["type"] for block in message["blocks"]] == ["plan", "markdown", "section"]
    assert (message["text"], message["metadata"]) == ("**Agreed**", metadata)


async def test_tasks_are_upserted_by_id_and_their_details_grow(slack: Slack) -> None:
    ts = await start(slack, chunks=[task("a", details="one"), task("b")], task_display_mode="timeline")
    await slack.call("chat.appendStream", channel=OPS, ts=ts, chunks=[task("a", "complete", details=" two")])
    message = await shown(slack, ts)
    assert [each["id"] for each in message["stream"]["tasks"]] == ["a", "b"]
    assert message["stream"]["tasks"][0]["details"] == "one two"
    assert [block["type"] for block in message["blocks"]] == ["task_card", "task_card"]


async def test_a_stream_in_a_channel_needs_its_recipient(slack: Slack) -> None:
    ts = await slack.say("hello")
    assert await slack.error("chat.startStream", channel=OPS, thread_ts=ts) == "missing_recipient_team_id"
    half = {"channel": OPS, "thread_ts": ts, "recipient_team_id": TEAM}
    assert await slack.error("chat.startStream", **half) == "missing_recipient_user_id"
    assert await slack.error("chat.startStream", **half, recipient_user_id="U0NOBODY00") == "user_not_found"
    elsewhere = {**half, "recipient_team_id": "T0ELSEWHERE", "recipient_user_id": ADA}
    assert await slack.error("chat.startStream", **elsewhere) == "team_not_found"
    direct = await slack.say("hello", channel="D0ADA00001")
    assert await slack.error("chat.startStream", channel="D0ADA00001", thread_ts=direct) == "ok"


async def test_a_stream_is_a_reply_in_a_channel_the_bot_is_in(slack: Slack) -> None:
    assert await slack.error("chat.startStream", channel=OPS, **TO) == "invalid_arguments"
    assert await slack.error("chat.startStream", channel=GENERAL, thread_ts="1.1", **TO) == "not_in_channel"
    assert await slack.error("chat.startStream", channel=OPS, thread_ts="1.1", **TO) == "cannot_reply_to_message"


async def test_bad_chunks_are_refused_and_change_nothing(slack: Slack) -> None:
    ts = await start(slack, chunks=[words("kept")])
    for chunks in (
        [{"type": "song"}],
        [task("a", "cancelled")],
        [{"type": "task_update", "id": "a"}],
        [{"type": "markdown_text", "text": 5}],
        "nonsense",
        [{**task("a"), "colour": "red"}],
    ):
        assert await slack.error("chat.appendStream", channel=OPS, ts=ts, chunks=chunks) == "invalid_chunks", chunks
    bad_blocks = [{"type": "blocks", "blocks": [{"type": "nope"}]}]
    assert await slack.error("chat.appendStream", channel=OPS, ts=ts, chunks=bad_blocks) == "invalid_blocks"
    assert await slack.error("chat.appendStream", channel=OPS, ts=ts) == "no_text"
    assert (await shown(slack, ts))["text"] == "kept"


async def test_text_comes_as_markdown_text_or_as_chunks_never_both(slack: Slack) -> None:
    ts = await start(slack, chunks=[words("a")])
    both = await slack.error("chat.appendStream", channel=OPS, ts=ts, markdown_text="x", chunks=[words("y")])
    assert both == "cannot_provide_both_markdown_text_and_chunks"
    assert await slack.error("chat.appendStream", channel=OPS, ts=ts, markdown_text="x") == "streaming_mode_mismatch"


async def test_too_much_text_is_refused(slack: Slack) -> None:
    ts = await start(slack)
    long = [words("x" * 12_001)]
    assert await slack.error("chat.appendStream", channel=OPS, ts=ts, chunks=long) == "msg_too_long"
    assert await slack.error("chat.appendStream", channel=OPS, ts=ts, chunks=[words("x" * 12_000)]) == "ok"
    assert await slack.error("chat.appendStream", channel=OPS, ts=ts, chunks=[words("x" * 2_000)]) == "msg_too_long"


async def test_only_an_open_stream_of_the_app_takes_more(slack: Slack) -> None:
    theirs, mine = await slack.say("hello"), await slack.post()
    ts = await start(slack)
    more = {"channel": OPS, "chunks": [words("x")]}
    assert await slack.error("chat.appendStream", ts=theirs, **more) == "message_not_owned_by_app"
    assert await slack.error("chat.appendStream", ts=mine, **more) == "message_not_in_streaming_state"
    assert await slack.error("chat.appendStream", ts="1.000001", **more) == "message_not_found"
    assert await slack.error("chat.update", channel=OPS, ts=ts, text="x") == "streaming_state_conflict"
    assert await slack.error("chat.delete", channel=OPS, ts=ts) == "cant_delete_message"
    assert await slack.error("chat.stopStream", channel=OPS, ts=ts) == "ok"
    assert await slack.error("chat.stopStream", channel=OPS, ts=ts) == "message_not_in_streaming_state"
    assert await slack.error("chat.appendStream", ts=ts, **more) == "message_not_in_streaming_state"


async def test_a_stream_that_is_never_stopped_closes_itself(tmp_path: Path) -> None:
    async with running(tmp_path, stream_seconds=0.2) as slack:
        ts = await start(slack, chunks=[task("a")])

        async def closed() -> bool:
            return (await shown(slack, ts))["stream"]["state"] == "errored"

        await until(closed)
        more = [words("x")]
        assert (
            await slack.error("chat.appendStream", channel=OPS, ts=ts, chunks=more) == "message_not_in_streaming_state"
        )
        # What is left is to replace it, as an ordinary message.
        assert await slack.error("chat.update", channel=OPS, ts=ts, text="cut off; here is the rest") == "ok"
        assert (await shown(slack, ts))["stream"] is None
