"""chat.startStream, appendStream, stopStream."""

from __future__ import annotations

import time

from bot.local.slack.api.call import Call, Method
from bot.local.slack.api.chat import accept_metadata, parent_of
from bot.local.slack.blocks.validate import accept_blocks
from bot.local.slack.errors import SlackError
from bot.local.slack.messages import Message
from bot.local.slack.seed import APP_ID
from bot.local.slack.streams import Stream, accept_chunks
from tools.contracts.common import JsonObject


def _chunks(call: Call) -> list[JsonObject]:
    chunks = call.json("chunks", error="invalid_chunks")
    return accept_chunks(call.text("markdown_text"), chunks)


def _recipient(call: Call, *, in_channel: bool) -> str | None:
    user, team = call.text("recipient_user_id"), call.text("recipient_team_id")
    if in_channel and not team:
        raise SlackError("missing_recipient_team_id")
    if in_channel and not user:
        raise SlackError("missing_recipient_user_id")
    if team and team not in (call.workspace.team.id, call.workspace.team.installed_as):
        raise SlackError("team_not_found")
    if user and user not in call.workspace.users:
        raise SlackError("user_not_found")
    return user


def _start(call: Call) -> JsonObject:
    channel = call.joined_channel()
    (thread_ts,) = call.required("thread_ts")
    recipient = _recipient(call, in_channel=channel.kind == "channel")
    mode = call.text("task_display_mode") or "timeline"
    if mode not in {"plan", "timeline"}:
        raise SlackError("invalid_arguments", "[ERROR] task_display_mode must be plan or timeline")
    chunks = _chunks(call)
    stream = Stream(
        owner=APP_ID, mode="plan" if mode == "plan" else "timeline", started_at=time.time(), recipient=recipient
    )
    _use(stream, call)
    stream.apply(chunks)
    message = Message(
        channel.id,
        "",
        "",
        user=call.workspace.team.bot_user_id,
        bot_id=call.workspace.team.bot_id,
        app_id=APP_ID,
        thread_ts=parent_of(call, channel, thread_ts),
        username=call.text("username"),
        stream=stream,
    )
    return {"channel": channel.id, "ts": call.workspace.post(message).ts}


def _use(stream: Stream, call: Call) -> None:
    stream.use(
        markdown_text=call.args.get("markdown_text") is not None,
        chunks=bool(call.json("chunks", error="invalid_chunks")),
    )


def _streaming(call: Call) -> tuple[Message, Stream]:
    channel = call.joined_channel()
    (ts,) = call.required("ts")
    message = call.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to is not None:
        raise SlackError("message_not_found")
    if message.app_id != APP_ID:
        raise SlackError("message_not_owned_by_app")
    call.workspace.close_old_streams()
    if message.stream is None or message.stream.state != "in_progress":
        raise SlackError("message_not_in_streaming_state")
    return message, message.stream


def _append(call: Call) -> JsonObject:
    message, stream = _streaming(call)
    chunks = _chunks(call)
    if not chunks:
        raise SlackError("no_text")
    previous = message.shown()
    _use(stream, call)
    stream.apply(chunks)
    call.workspace.changed(message, previous, silent=True)
    return {"channel": message.channel, "ts": message.ts}


def _stop(call: Call) -> JsonObject:
    message, stream = _streaming(call)
    chunks = _chunks(call)
    given = call.json("blocks", error="invalid_blocks_format")
    blocks = accept_blocks(given) if given else []
    metadata = accept_metadata(call.json("metadata", error="invalid_metadata_format"))
    previous = message.shown()
    _use(stream, call)
    stream.apply(chunks)
    stream.state = "completed"
    message.blocks, message.metadata = blocks, metadata
    call.workspace.changed(message, previous)
    return {"channel": message.channel, "ts": message.ts, "message": message.shown(all_metadata=True)}


METHODS: dict[str, Method] = {
    "chat.startStream": Method(_start, "tier2", ("chat:write",)),
    "chat.appendStream": Method(_append, "tier4", ("chat:write",)),
    "chat.stopStream": Method(_stop, "tier2", ("chat:write",)),
}
