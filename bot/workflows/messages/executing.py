"""A plan that runs, hands on it, and the end. Dataclasses, in their final shape."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.workflows.messages.request import TaskRequest
from bot.workflows.messages.state import Pause, PhaseRecord, Proposal, TaskResult, TaskState
from tools.contracts.control import Control, ControlAction
from tools.contracts.taskspec import TaskSpec


@dataclass(frozen=True)
class PhaseInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    index: int
    """Into `proposal.plan.phases`."""
    phases: list[PhaseRecord]


@dataclass(frozen=True)
class PhaseResult:
    """`ok` False with `ran` False: refused before anything was touched."""

    ok: bool
    ran: bool
    detail: str
    touched: list[str]
    """Assets that this phase changed or may have changed."""
    resources: list[str] = field(default_factory=list[str])
    """The same of what is no asset: ids of the plan's resources."""


@dataclass(frozen=True)
class RollbackInput:
    """Of what it takes, and no more: what was not too large to be run is not too large to be put back."""

    request: TaskRequest
    """Without what anybody wrote, and so without its MAC: it was vouched for before anything ran."""
    thread_ts: str
    proposal: Proposal
    touched: list[str]
    """Assets."""
    resources: list[str]
    reason: str


@dataclass(frozen=True)
class RollbackResult:
    ok: bool
    detail: str


@dataclass(frozen=True)
class HeededControl:
    """Somebody's hand on the task that counts: for the ledger, the thread and the run's card."""

    request: TaskRequest
    thread_ts: str | None
    proposal: Proposal | None
    phases: list[PhaseRecord]
    control: Control
    pause: Pause | None
    """As it stands after it."""
    key: str


@dataclass(frozen=True)
class RefusedControl:
    """One that does not count, and why: for the ledger and for the one who clicked."""

    request: TaskRequest
    thread_ts: str | None
    user: str
    """Who is told; empty: nobody."""
    action: ControlAction
    problem: str
    sentence: str
    key: str


@dataclass(frozen=True)
class ShowInput:
    """The run's card, as it stands between two phases."""

    request: TaskRequest
    thread_ts: str
    proposal: Proposal
    phases: list[PhaseRecord]
    pause: Pause | None


@dataclass(frozen=True)
class ConcludeInput:
    state: TaskState
    result: TaskResult
