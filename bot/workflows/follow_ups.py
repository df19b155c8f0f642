"""Replies while a plan waits: what the step that reads them is handed, what it answers, what their writers are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.workflows.messages import Answer, Proposal, TaskRequest
from tools.contracts.taskspec import TaskSpec

Turned = Literal[
    "not_for_you",
    "other_environment",
    "unclear",
    "nothing_changed",
    "unrelated",
    "not_read",
    "no_more_changes",
    "no_more_replies",
]
"""Why a reply changed nothing and was not answered either. Stable names: they stand in the ledger."""

_WAITS = "The plan waits as it was."

FOLLOW_UP_SENTENCES: dict[Turned, str] = {
    "not_for_you": (
        f"Only the person who asked, operators and approvers can change this plan. {_WAITS} You may ask about it."
    ),
    "other_environment": (
        f"A plan never moves to another environment. {_WAITS} For that one, mention me outside this thread."
    ),
    "unclear": (
        f"I am not sure what should be different, so I changed nothing. {_WAITS} "
        'Say it like "only eu-west-1" or "batches of 10 %".'
    ),
    "nothing_changed": f"The plan already is as you say, so I changed nothing. {_WAITS}",
    "unrelated": (
        f"I could not tell what that means for this plan, so I changed nothing. {_WAITS} "
        "Say what should be different, or ask what you want to know. For something new, mention me outside this thread."
    ),
    "not_read": f"I could not read that now, so I changed nothing. {_WAITS} Say it again in a moment.",
    "no_more_changes": (
        f"This task has been changed as often as one may be. {_WAITS} To change more, reject it and ask again."
    ),
    "no_more_replies": (
        f"I have read as many replies as I do for one task, so I did not read yours. {_WAITS} "
        "Decide with the buttons on its card."
    ),
}
"""What the writer is told, and only they: what was not done, and what to do instead."""


@dataclass(frozen=True)
class FollowUpInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    """On offer: what the reply is about."""
    answer: Answer
    may_change: bool
    """False: the task has been refined as often as its limits allow."""


@dataclass(frozen=True)
class FollowedUp:
    """What became of a reply. Whoever had to be told has been."""

    kind: Literal["refined", "explained", "turned_away", "decides"]
    """`decides`: a decision in words, which counts for nothing."""
    spec: TaskSpec | None = None
    """For `refined`."""
    changes: list[str] = field(default_factory=list[str])
    """For `refined`: what differs, a line each. Untrusted text."""


@dataclass(frozen=True)
class SupersedeInput:
    """A plan that waits no more, because what it was made for has changed."""

    request: TaskRequest
    thread_ts: str
    proposal: Proposal
    by_revision: int
    user: str
    """Who refined it."""
    changes: list[str]
