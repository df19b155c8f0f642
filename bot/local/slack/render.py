"""What the page, the demo and the tests see of a message."""

from __future__ import annotations

from typing import Any

from bot.local.slack.messages import Message
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject


def seen_by(message: Message, viewer: str | None) -> bool:
    """Whether this person sees it; no viewer sees what is public."""
    return message.ephemeral_to is None or message.ephemeral_to == viewer


def view_of(workspace: Workspace, message: Message) -> JsonObject:
    """Everything about a message: author, text, blocks, metadata, tasks of a stream, and how often it was edited."""
    author = workspace.users.get(message.user or "")
    stream: JsonObject | None = None
    if message.stream is not None:
        stream = {
            "state": message.stream.state,
            "mode": message.stream.mode,
            "title": message.stream.title,
            "text": message.stream.text(),
            "tasks": list(message.stream.tasks.values()),
            "recipient": message.stream.recipient,
        }
    replies = [] if message.is_reply else workspace.public_replies(message.channel, message.ts)
    reactions: list[Any] = [{"name": name, "users": users} for name, users in message.reactions.items()]
    return {
        "channel": message.channel,
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "bot_id": message.bot_id,
        "author": message.username or (author.real_name if author else "App"),
        "is_app": message.bot_id is not None,
        "subtype": message.subtype,
        "text": message.current_text(),
        "blocks": message.current_blocks(),
        "attachments": message.attachments,
        "files": message.files,
        "metadata": message.metadata,
        "ephemeral": message.ephemeral_to is not None,
        "ephemeral_to": message.ephemeral_to,
        "edited": message.edited is not None,
        "edits": message.edits,
        "reactions": reactions,
        "stream": stream,
        "reply_count": len(replies),
        "latest_reply": replies[-1].ts if replies else None,
    }
