"""A person's hand on a running task, as it travels from the click to the workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ControlAction = Literal["pause", "resume", "cancel"]


@dataclass(frozen=True)
class Control:
    """One click, authenticated by the edge that received it. A signal without a valid `mac` is worth nothing.

    Signed and checked with :mod:`tools.contracts.signing`. Whether the person may do this is read when it is weighed.
    """

    org: str
    task_id: str
    action: ControlAction
    user: str
    """Slack user id of the person who clicked, as Slack authenticated it."""
    channel: str
    revision: int = 0
    """Of the plan whose card was clicked; 0: a cancellation of the task, whatever it is at."""
    plan_digest: str = ""
    unique: str = ""
    """The click's ts: what Slack delivers twice is weighed once."""
    reason: str = ""
    """Why, where somebody said so. Untrusted text."""
    issued_at: str = ""
    """RFC 3339, UTC: when the edge saw the click."""
    mac: str = ""
