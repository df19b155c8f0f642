"""What an agent says while it works, for whoever watches. Never the record: the ledger is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from tools.contracts.council import ClaimTally, CouncilOutcome, MemberState, Stance


@dataclass(frozen=True)
class ToolProgress:
    """A tool of the investigation started, ended or failed."""

    call_id: str
    tool: str
    state: Literal["running", "done", "failed"]
    summary: str = ""


@dataclass(frozen=True)
class MemberProgress:
    """A council member changed state. `stage`: it is answering, or voting on the others' claims."""

    member: str
    state: MemberState
    stage: Literal["answer", "vote"]
    detail: str = ""


@dataclass(frozen=True)
class VoteProgress:
    """One member's vote on one pooled claim."""

    claim_id: str
    claim: str
    member: str
    stance: Stance
    phases: tuple[str, ...] = ()
    """Of an action: the ids of the phases it is part of."""


@dataclass(frozen=True)
class TallyProgress:
    """The count of all claims, once the votes are in."""

    tallies: list[ClaimTally] = field(default_factory=list[ClaimTally])


@dataclass(frozen=True)
class VerdictProgress:
    """How the models' answering ended: the verdict, and who was against what."""

    outcome: CouncilOutcome


@dataclass(frozen=True)
class NoteProgress:
    """One short sentence, e.g. why a mode was degraded."""

    text: str


ProgressEvent = ToolProgress | MemberProgress | VoteProgress | TallyProgress | VerdictProgress | NoteProgress


class Progress(Protocol):
    """Must never block or raise into the agent: a watcher that is slow misses details, not results."""

    def emit(self, event: ProgressEvent) -> None: ...
