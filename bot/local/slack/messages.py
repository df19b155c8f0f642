"""A message, as it is stored and as Slack shows it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from bot.local.slack.streams import Stream
from tools.contracts.common import JsonObject

MAX_TEXT = 40_000
"""Longer text is truncated, as Slack does."""


@dataclass
class Message:
    """Everything about one message. `blocks` and `attachments` are as Slack stores them, ids filled in."""

    channel: str
    ts: str
    text: str
    user: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    subtype: str | None = None
    thread_ts: str | None = None
    blocks: list[JsonObject] = field(default_factory=list[JsonObject])
    attachments: list[JsonObject] = field(default_factory=list[JsonObject])
    metadata: JsonObject | None = None
    client_msg_id: str | None = None
    ephemeral_to: str | None = None
    """Set: only this user sees it, and no event or history carries it."""
    edited: dict[str, str] | None = None
    edits: int = 0
    """How often the text or blocks were replaced; Slack keeps no count, the page and tests do."""
    reactions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    stream: Stream | None = None
    files: list[JsonObject] = field(default_factory=list[JsonObject])
    """Slack's file objects, as they were when it was posted."""
    team: str = ""
    """The other organisation's workspace that it was posted from. Empty: this one."""

    @property
    def key(self) -> str:
        return f"message:{self.channel}:{self.ts}"

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    def stored(self) -> JsonObject:
        return asdict(self)

    @staticmethod
    def restored(value: JsonObject) -> Message:
        stream = value.pop("stream", None)
        return Message(**value, stream=Stream(**stream) if stream else None)

    def current_blocks(self) -> list[JsonObject]:
        """The blocks a person sees now, those of a stream included."""
        return [*self.stream.blocks(), *self.blocks] if self.stream else self.blocks

    def current_text(self) -> str:
        return self.stream.text() if self.stream and not self.text else self.text

    def shown(self, *, all_metadata: bool = False) -> JsonObject:
        """As the Web API and events return it."""
        out: JsonObject = {"type": "message", "ts": self.ts, "text": self.current_text()}
        for name in ("subtype", "user", "bot_id", "app_id", "username", "client_msg_id", "thread_ts", "edited"):
            value = getattr(self, name)
            if value is not None:
                out[name] = value
        if self.current_blocks():
            out["blocks"] = self.current_blocks()
        if self.files:
            out["files"], out["upload"] = self.files, False
        if self.attachments:
            out["attachments"] = self.attachments
        if self.reactions:
            out["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        if self.stream:
            out["streaming_state"] = self.stream.state
        if self.metadata is not None:
            partial: Any = {"event_type": self.metadata.get("event_type")}
            out["metadata"] = self.metadata if all_metadata else partial
        return out


ChangeKind = Literal[
    "message", "changed", "deleted", "ephemeral", "reaction", "status", "view", "home", "notice", "socket", "members"
]


@dataclass(frozen=True)
class Change:
    """Something a person watching the workspace would notice."""

    kind: ChangeKind
    channel: str = ""
    message: Message | None = None
    previous: JsonObject | None = None
    """For `changed` and `deleted`: the message as it was."""
    user: str = ""
    """For what only one person sees, and for who reacted."""
    detail: JsonObject = field(default_factory=dict[str, Any])
    silent: bool = False
    """Seen on the page, not told to the app (Slack sends no event for each append to a stream)."""
