"""chat.postMessage, update, delete, postEphemeral, getPermalink."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from bot.local.slack.api.call import Call, Method
from bot.local.slack.blocks.validate import accept_attachments, accept_blocks
from bot.local.slack.errors import SlackError
from bot.local.slack.jsonvalues import is_object
from bot.local.slack.messages import Message
from bot.local.slack.seed import APP_ID, Channel, Team
from tools.contracts.common import JsonObject

MAX_MARKDOWN = 12_000
MAX_UPDATED_TEXT = 4_000
"""`chat.update` refuses longer text, where `chat.postMessage` truncates past 40,000."""
MAX_METADATA_BYTES = 16_384


def accept_metadata(value: Any) -> JsonObject | None:
    """`{event_type, event_payload}`; an empty object removes it. Raises `invalid_metadata_format`."""
    if value is None or value == {}:
        return None
    if (
        not is_object(value)
        or not isinstance(value.get("event_type"), str)
        or not is_object(value.get("event_payload"))
    ):
        raise SlackError("invalid_metadata_format")
    if len(str(value)) > MAX_METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return {"event_type": value["event_type"], "event_payload": value["event_payload"]}


def parent_of(call: Call, channel: Channel, ts: str | None) -> str | None:
    """The thread a reply belongs in. Raises `cannot_reply_to_message` when there is no such message."""
    if not ts:
        return None
    message = call.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to is not None:
        raise SlackError("cannot_reply_to_message")
    return message.thread_ts or message.ts


def _content(call: Call) -> tuple[str, list[JsonObject], list[JsonObject]]:
    markdown = call.text("markdown_text")
    blocks = call.json("blocks", error="invalid_blocks_format")
    attachments = call.json("attachments", error="invalid_attachments")
    text = call.text("text") or ""
    if markdown is not None:
        if text or blocks:
            raise SlackError("markdown_text_conflict")
        if len(markdown) > MAX_MARKDOWN:
            raise SlackError("msg_too_long")
        return markdown, accept_blocks([{"type": "markdown", "text": markdown}]), []
    accepted = accept_blocks(blocks) if blocks else []
    attached = accept_attachments(attachments) if attachments else []
    if not text.strip() and not accepted and not attached:
        raise SlackError("no_text")
    return text, accepted, attached


def _own(team: Team, channel: Channel, text: str, blocks: list[JsonObject], attachments: list[JsonObject]) -> Message:
    return Message(
        channel.id,
        "",
        text,
        user=team.bot_user_id,
        bot_id=team.bot_id,
        app_id=APP_ID,
        blocks=blocks,
        attachments=attachments,
    )


def _post(call: Call) -> JsonObject:
    channel = call.channel()
    # A member may post; without membership a public channel needs chat:write.public.
    if (
        call.workspace.team.bot_user_id not in channel.members
        and "chat:write.public" not in call.workspace.manifest.scopes
    ):
        raise SlackError("not_in_channel")
    message = _own(call.workspace.team, channel, *_content(call))
    message.metadata = accept_metadata(call.json("metadata", error="invalid_metadata_format"))
    message.thread_ts = parent_of(call, channel, call.text("thread_ts"))
    message.username = call.text("username")
    call.take_posting(channel.id)
    posted = call.workspace.post(message)
    return {"channel": channel.id, "ts": posted.ts, "message": posted.shown(all_metadata=True)}


def _mine(call: Call, channel: Channel, *, error: str) -> Message:
    (ts,) = call.required("ts")
    message = call.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to is not None or message.subtype == "tombstone":
        raise SlackError("message_not_found")
    if message.bot_id != call.workspace.team.bot_id:
        raise SlackError(error)
    return message


def _update(call: Call) -> JsonObject:
    channel = call.channel()
    message = _mine(call, channel, error="cant_update_message")
    call.workspace.close_old_streams()
    if message.stream and message.stream.state == "in_progress":
        raise SlackError("streaming_state_conflict")
    given = {name for name in ("text", "markdown_text", "blocks", "attachments") if call.args.get(name) is not None}
    if not given and call.args.get("metadata") is None:
        raise SlackError("no_text")
    if len(call.text("text") or "") > MAX_UPDATED_TEXT:
        raise SlackError("msg_too_long")
    blocks = call.json("blocks", error="invalid_blocks_format")
    attachments = call.json("attachments", error="invalid_attachments")
    text = call.text("markdown_text") or call.text("text")
    if call.text("markdown_text"):
        blocks = [{"type": "markdown", "text": call.text("markdown_text")}]
    accepted = accept_blocks(blocks) if blocks is not None else None
    attached = accept_attachments(attachments) if attachments is not None else message.attachments
    metadata = call.json("metadata", error="invalid_metadata_format")
    kept = message.metadata if metadata is None else accept_metadata(metadata)
    previous = message.shown()
    if message.stream is not None:  # a finished stream becomes an ordinary message
        message.text, message.blocks, message.stream = message.current_text(), message.current_blocks(), None
    message.text = message.text if text is None else text
    message.blocks = message.blocks if accepted is None else accepted
    message.attachments, message.metadata = attached, kept
    call.workspace.edited(message, previous, editor=call.workspace.team.bot_user_id)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.shown(all_metadata=True)}


def _delete(call: Call) -> JsonObject:
    channel = call.channel()
    message = _mine(call, channel, error="cant_delete_message")
    call.workspace.close_old_streams()
    if message.stream and message.stream.state == "in_progress":
        raise SlackError("cant_delete_message")
    call.workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def _post_ephemeral(call: Call) -> JsonObject:
    channel = call.joined_channel()
    (user,) = call.required("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    message = _own(call.workspace.team, channel, *_content(call))
    message.ephemeral_to = user
    message.thread_ts = parent_of(call, channel, call.text("thread_ts"))
    return {"message_ts": call.workspace.post(message).ts}


def _permalink(call: Call) -> JsonObject:
    channel = call.channel()
    (ts,) = call.required("message_ts")
    message = call.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to is not None:
        raise SlackError("message_not_found")
    link = f"http://{call.host}/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _unfurl(call: Call) -> JsonObject:
    """`channel` and `ts`, or `unfurl_id` and `source` as `link_shared` named them."""
    unfurls = call.json("unfurls", error="invalid_unfurls_format")
    if not unfurls:
        raise SlackError("missing_unfurls")
    if not is_object(unfurls):
        raise SlackError("invalid_unfurls_format")
    unfurl_id, source = call.text("unfurl_id"), call.text("source")
    if unfurl_id:
        if source not in {"composer", "conversations_history"}:
            raise SlackError("invalid_source" if source else "missing_source")
        name, _, ts = unfurl_id.partition(".")
    else:
        name, ts = call.text("channel") or "", call.text("ts") or ""
    if not name:
        raise SlackError("missing_channel")
    if not ts:
        raise SlackError("missing_ts")
    message = call.workspace.message(call.workspace.channel(name).id, ts)
    if message is None or message.ephemeral_to is not None:
        raise SlackError("cannot_find_message")
    made: list[JsonObject] = []
    for url, unfurl in unfurls.items():
        ours = urlsplit(url).hostname in call.workspace.manifest.unfurl_domains
        if not ours or url not in message.text or not is_object(unfurl):
            raise SlackError("cannot_unfurl_url" if is_object(unfurl) else "cannot_parse_attachment")
        made.append({**unfurl, "from_url": url, "app_unfurl_url": url, "is_app_unfurl": True, "app_id": APP_ID})
    previous = message.shown()
    message.attachments = accept_attachments(made)
    call.workspace.changed(message, previous)
    return {}


METHODS: dict[str, Method] = {
    "chat.postMessage": Method(_post, "special", ("chat:write",)),
    "chat.update": Method(_update, "tier3", ("chat:write",)),
    "chat.delete": Method(_delete, "tier3", ("chat:write",)),
    "chat.postEphemeral": Method(_post_ephemeral, "tier4", ("chat:write",)),
    "chat.unfurl": Method(_unfurl, "tier3", ("links:write",)),
    "chat.getPermalink": Method(_permalink, "special"),
}
