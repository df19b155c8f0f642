"""From a message to a TaskSpec, a question, or several tasks. Dataclasses, in their final shape."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.workflows.messages.request import TaskRequest
from bot.workflows.messages.state import Exchange
from tools.contracts.common import JsonObject
from tools.contracts.taskspec import Intent, Question, TaskSpec


@dataclass(frozen=True)
class Vouched:
    """A signed message on its way to the MAC check: its type's name and all its fields."""

    kind: str
    fields: JsonObject


@dataclass(frozen=True)
class UnderstandInput:
    request: TaskRequest
    thread_ts: str | None
    exchanges: list[Exchange]


@dataclass(frozen=True)
class Understood:
    """Exactly one of `spec`, `question`, `intents` and `declined` is set."""

    thread_ts: str | None
    """None only for a declined slash command where no thread could be opened."""
    spec: TaskSpec | None = None
    question: Question | None = None
    intents: list[Intent] = field(default_factory=list[Intent])
    """Several tasks in one message, in order, put to the person as a question."""
    question_id: str = ""
    asked_at: str = ""
    """The ts of the question's card."""
    declined: str | None = None


@dataclass(frozen=True)
class ConfirmedParts:
    """What the person made of a list of several tasks."""

    request: TaskRequest
    thread_ts: str
    intents: list[Intent]
    chosen: list[int]
    """Which of them are worked on, from 1, in order. Empty: none."""
    user: str
    asked_at: str
    """The ts of the list's card."""


@dataclass(frozen=True)
class EnlistInput:
    """A confirmed part on its way to be a task of its own."""

    request: TaskRequest
    """The whole one, as the edge signed it."""
    thread_ts: str
    words: str
    number: int
    """From 1."""


@dataclass(frozen=True)
class WarnInput:
    """Secrets were removed from what the person wrote, or from what the alert carried."""

    request: TaskRequest
    thread_ts: str
    kinds: list[str]
