"""conversations.*, reactions.add."""

from __future__ import annotations

from bot.local.slack.api.call import Call, Method
from bot.local.slack.api.people import channel_object
from bot.local.slack.clock import number_of
from bot.local.slack.errors import SlackError
from bot.local.slack.messages import Message
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject

_READ = ("channels:read", "groups:read", "im:read")
_HISTORY = ("channels:history", "groups:history", "im:history")


def with_thread(workspace: Workspace, message: Message, *, all_metadata: bool = False) -> JsonObject:
    """A message with what Slack adds to the parent of a thread, or to a reply."""
    shown = message.shown(all_metadata=all_metadata)
    if message.is_reply and message.thread_ts:
        parent = workspace.message(message.channel, message.thread_ts)
        return {**shown, "parent_user_id": parent.user if parent else None}
    replies = workspace.public_replies(message.channel, message.ts)
    if not replies:
        return shown
    authors = list(dict.fromkeys(reply.user or reply.bot_id for reply in replies))
    return {
        **shown,
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(authors),
        "reply_users": authors[:5],
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def _within(call: Call, messages: list[Message]) -> list[Message]:
    try:
        oldest = number_of(call.text("oldest") or "0")
        latest = number_of(latest_text) if (latest_text := call.text("latest")) else (2**63, 0)
    except ValueError as problem:
        raise SlackError("invalid_ts_oldest") from problem
    inclusive = call.flag("inclusive")

    def fits(message: Message) -> bool:
        at = number_of(message.ts)
        return oldest <= at <= latest if inclusive else oldest < at < latest

    return [message for message in messages if fits(message)]


def _list(call: Call) -> JsonObject:
    kinds = (call.text("types") or "public_channel").split(",")
    wanted = [
        channel
        for channel in call.workspace.channels.values()
        if channel.known_to(call.workspace.team.bot_user_id) and channel.kind_named in kinds
    ]
    channels, metadata = call.page(wanted)
    return {
        "channels": [channel_object(channel, call.workspace.team) for channel in channels],
        "response_metadata": metadata,
    }


def _info(call: Call) -> JsonObject:
    return {"channel": channel_object(call.channel(), call.workspace.team)}


def _members(call: Call) -> JsonObject:
    members, metadata = call.page(call.channel().members)
    return {"members": members, "response_metadata": metadata}


def _history(call: Call) -> JsonObject:
    channel = call.joined_channel()
    public = [each for each in call.workspace.history(channel.id) if each.ephemeral_to is None]
    messages, metadata = call.page(reversed(_within(call, public)), most=999)
    full = call.flag("include_all_metadata")
    return {
        "messages": [with_thread(call.workspace, each, all_metadata=full) for each in messages],
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": 0,
        "response_metadata": metadata,
    }


def _replies(call: Call) -> JsonObject:
    channel = call.joined_channel()
    (ts,) = call.required("ts")
    asked = call.workspace.message(channel.id, ts)
    if asked is None or asked.ephemeral_to is not None:
        raise SlackError("thread_not_found")
    parent_ts = asked.thread_ts if asked.is_reply and asked.thread_ts else ts
    parent = call.workspace.message(channel.id, parent_ts)
    found = _within(call, call.workspace.public_replies(channel.id, parent_ts))
    thread: list[Message] = [parent, *found] if parent else found
    messages, metadata = call.page(thread, default=1000)
    full = call.flag("include_all_metadata")
    return {
        "messages": [with_thread(call.workspace, each, all_metadata=full) for each in messages],
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def _open(call: Call) -> JsonObject:
    if call.text("channel"):
        channel = call.channel()
    else:
        (users,) = call.required("users")
        if "," in users:
            raise SlackError("invalid_user_combination")
        channel = next(
            (each for each in call.workspace.channels.values() if each.kind == "im" and users in each.members), None
        )
        if channel is None or users == call.workspace.team.bot_user_id:
            raise SlackError("user_not_found")
    full = channel_object(channel, call.workspace.team) if call.flag("return_im") else {"id": channel.id}
    return {"no_op": True, "already_open": True, "channel": full}


def _join(call: Call) -> JsonObject:
    channel = call.channel()
    if channel.kind != "channel" or channel.private:
        raise SlackError("method_not_supported_for_channel_type")
    call.workspace.join(channel, call.workspace.team.bot_user_id)
    return {"channel": channel_object(channel, call.workspace.team)}


def _add_reaction(call: Call) -> JsonObject:
    channel = call.joined_channel()
    name, ts = call.required("name", "timestamp")
    message = call.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to is not None:
        raise SlackError("message_not_found")
    if not call.workspace.react(message, name.strip(":"), call.workspace.team.bot_user_id):
        raise SlackError("already_reacted")
    return {}


METHODS: dict[str, Method] = {
    "conversations.list": Method(_list, "tier2", _READ),
    "conversations.info": Method(_info, "tier3", _READ),
    "conversations.members": Method(_members, "tier4", _READ),
    "conversations.history": Method(_history, "tier3", _HISTORY),
    "conversations.replies": Method(_replies, "tier3", _HISTORY),
    "conversations.open": Method(_open, "tier3", ("im:write", "mpim:write")),
    "conversations.join": Method(_join, "tier3", ("channels:join",)),
    "reactions.add": Method(_add_reaction, "tier3", ("reactions:write",)),
}
