"""A plan before people: its card, replies to it, decisions on it. Dataclasses, in their final shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.workflows.messages.request import Answer, TaskRequest
from bot.workflows.messages.state import Elsewhere, Proposal
from tools.contracts.decision import ReasonKind
from tools.contracts.edit import Edit
from tools.contracts.taskspec import TaskSpec


@dataclass(frozen=True)
class PresentInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    diagnosis: str
    rest: bool = False
    """The canary ran without approval; this card asks about what comes after it."""


Fixed = Literal["", "no_more_changes", "already_running"]


@dataclass(frozen=True)
class FollowUpInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    """On offer: what the reply is about."""
    answer: Answer
    fixed: Fixed = ""
    """Why the plan cannot be changed any more. Empty: it can."""


@dataclass(frozen=True)
class EditInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    """On offer: what is edited."""
    edit: Edit
    """As the edge signed it."""
    fixed: Fixed = ""


@dataclass(frozen=True)
class Presented:
    """A plan is before people."""

    card_ts: str
    environment_size: int
    """Assets in the plan's environment then. A decision on the card does not wait for them to be counted again."""


@dataclass(frozen=True)
class FollowedUp:
    """What became of a reply, or of an edit. Whoever had to be told has been."""

    kind: Literal["refined", "explained", "turned_away", "decides", "elsewhere"]
    """`decides`: a decision in words, which counts for nothing. `elsewhere`: it names another environment, and its
    writer was asked whether that is to be a task of its own."""
    spec: TaskSpec | None = None
    """For `refined`."""
    changes: list[str] = field(default_factory=list[str])
    """For `refined`: what differs, a line each. Untrusted text."""
    elsewhere: Elsewhere | None = None
    """For `elsewhere`."""


@dataclass(frozen=True)
class Settled:
    """What became of the question about another environment."""

    request: TaskRequest | None
    """Of the new task, vouched for; None: it is not wanted."""


@dataclass(frozen=True)
class ElsewhereInput:
    """The answer to the question about another environment."""

    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    elsewhere: Elsewhere
    click: Answer
    """As the edge signed it."""


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


@dataclass(frozen=True)
class RemindInput:
    """A plan still waits."""

    request: TaskRequest
    thread_ts: str
    proposal: Proposal
    escalates: bool
    """Whether the next role is called in."""
    key: str
    """Of the moment, unique within the task."""


@dataclass(frozen=True)
class RolesInput:
    request: TaskRequest
    user: str


@dataclass(frozen=True)
class Lent:
    """A role that somebody lent the person."""

    giver: str
    """Slack user id."""
    roles: list[str]
    """That the giver holds now, of their own."""
    until: str
    """RFC 3339, UTC."""


@dataclass(frozen=True)
class Standing:
    """In whose name a person may decide, now."""

    roles: list[str]
    """Their own."""
    lent: list[Lent] = field(default_factory=list[Lent])


@dataclass(frozen=True)
class RefusedDecision:
    """A decision that does not count, and why: for the ledger and for the one who clicked."""

    request: TaskRequest
    thread_ts: str
    user: str
    channel: str
    problem: str
    """Stable name, e.g. `self_approval`."""
    sentence: str
    key: str


@dataclass(frozen=True)
class TellInput:
    """A sentence for one person only."""

    request: TaskRequest
    thread_ts: str
    user: str
    sentence: str


@dataclass(frozen=True)
class AcceptedDecision:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    user: str
    verdict: Literal["approve", "reject"]
    reason: str
    issued_at: str
    settled: bool
    """True: the quorum is reached, or it was a rejection."""
    elsewhere: list[Elsewhere] = field(default_factory=list[Elsewhere])
    """Questions about another environment that are closed by it, unanswered."""
    behalf: str = ""
    """Slack user id of who lent them the role they decided by; empty: it was their own."""
    lent_until: str = ""
    """RFC 3339, UTC."""
    step_up: str = ""
    """What the person typed, where the requirement asks for it."""
    reason_kind: ReasonKind = ""
