"""What the intake hands over, and what people answer. Dataclasses, in their final shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Source = Literal["mention", "dm", "command", "alert"]


@dataclass(frozen=True)
class TaskLimits:
    """Bounds of one task, from the settings at intake, so that a replay sees the same ones."""

    repair_attempts: int = 2
    """How often a refused plan goes back to the agent before it goes to the person."""
    question_seconds: int = 3600
    """How long a question waits for its answer."""
    approval_seconds: int | None = None
    """Overrides the policy's expiry. None: as the policy says."""
    task_seconds: int = 86400
    """From intake until nothing more is started."""
    pause_seconds: int = 14_400
    """How long a run may be paused. Then it is stopped, and what it changed is undone."""
    text_chars: int = 12_000
    """Longest request that is worked on."""
    follow_ups: int = 20
    """Replies that are read while plans of this task wait for a decision."""
    refinements: int = 5
    """How often replies may change the plan."""
    remind_percent: list[int] = field(default_factory=lambda: [50])
    """When a plan that waits is brought to mind: percent of the time that it waits."""
    remind_seconds_before: list[int] = field(default_factory=lambda: [600])
    """And so long before it expires."""
    escalate_percent: int = 75
    """When the next role is called in, likewise in percent; 0: never."""


@dataclass(frozen=True)
class TaskRequest:
    """What the intake hands over. Redacted before it comes here; signed by the edge that authenticated the person."""

    task_id: str
    org: str
    user: str
    """Slack user id, or `alert:<fingerprint>`."""
    source: Source
    channel: str
    thread_ts: str | None
    """The thread to work in. None for a slash command: the first step opens one."""
    message_ts: str | None
    text: str
    """Untrusted."""
    redacted: list[str]
    """Kinds of secrets that were removed from the text."""
    received_at: str
    """RFC 3339, UTC."""
    limits: TaskLimits
    handed_over_from: str = ""
    """The task whose report asked for this one. Such a task hands nothing over itself."""
    part_of: str = ""
    """The task whose message this one is a confirmed part of. What is said to that one is said to this one."""
    whole: str = ""
    """For a part: the whole message. Untrusted."""
    follows: str = ""
    """The last task of the same thread, which is over."""
    quoted: str = ""
    """The message that the person points at. Untrusted, redacted; evidence of what they ask, and no request."""
    files: list[str] = field(default_factory=list[str])
    """Slack's ids of what was attached. The files themselves never come here: `bot.attachments`."""
    mac: str = ""


@dataclass(frozen=True)
class Answer:
    """A person's answer to the question in the thread."""

    org: str
    task_id: str
    question_id: str
    """Empty: a typed reply, which answers the question that was open when it was said."""
    user: str
    text: str
    redacted: list[str] = field(default_factory=list[str])
    """Kinds of secrets that were removed from the text."""
    unique: str = ""
    """The ts of the message, or of the click: what Slack delivers twice is answered once."""
    files: list[str] = field(default_factory=list[str])
    """Slack's ids of what was attached to it."""
    mac: str = ""
