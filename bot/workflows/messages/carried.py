"""What one run of a task hands on to the next. Dataclasses, in their final shape."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.workflows.messages.request import Answer
from bot.workflows.messages.state import TaskState
from tools.contracts.control import Control
from tools.contracts.decision import Decision
from tools.contracts.edit import Edit


@dataclass(frozen=True)
class Unread:
    """A message that waits to be weighed, as its sender signed it. Exactly one is set."""

    decision: Decision | None = None
    answer: Answer | None = None
    edit: Edit | None = None


@dataclass(frozen=True)
class Carried:
    """No other message has a `run_id` beside a `state`: none that Temporal keeps can be passed off as one of these."""

    state: TaskState
    run_id: str
    """Of the run that handed it on, as Temporal named it. Only the run that Temporal has go on from that one takes it
    up."""
    unread: list[Unread] = field(default_factory=list[Unread])
    """In the order in which they came."""
    controls: list[Control] = field(default_factory=list[Control])
    """Likewise."""
