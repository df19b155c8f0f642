"""Who takes part in a deliberation, and how each is doing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agents.orchestrator.chat import Member
from tools.contracts.council import MemberState, MemberSummary
from tools.contracts.progress import MemberProgress, Progress

Stage = Literal["answer", "vote"]


@dataclass
class _Entry:
    state: MemberState = "waiting"
    latency_ms: int = 0
    error: str | None = None


@dataclass
class Roll:
    """The members in their configured order. A change of state is told to whoever watches, as it happens."""

    members: Sequence[Member]
    progress: Progress
    _entries: dict[str, _Entry] = field(init=False)

    def __post_init__(self) -> None:
        self._entries = {member.name: _Entry() for member in self.members}
        if len(self._entries) != len(self.members):
            raise ValueError(f"Member names must be unique, got {[member.name for member in self.members]}.")

    def mark(
        self, member: str, state: MemberState, *, stage: Stage, error: str | None = None, took_ms: int = 0
    ) -> None:
        entry = self._entries[member]
        entry.state = state
        entry.error = error
        entry.latency_ms += took_ms
        self.progress.emit(MemberProgress(member=member, state=state, stage=stage, detail=error or ""))

    def wait_to_vote(self, members: Iterable[str]) -> None:
        """Those who have answered, while what they propose is worked out."""
        for member in members:
            self.progress.emit(MemberProgress(member=member, state="waiting", stage="vote"))

    def failures(self) -> list[str]:
        """The errors, one a member that failed."""
        return [entry.error for entry in self._entries.values() if entry.state == "failed" and entry.error]

    def summaries(self) -> list[MemberSummary]:
        return [
            MemberSummary(
                name=member.name,
                model=member.model,
                family=member.family,
                state=self._entries[member.name].state,
                latency_ms=self._entries[member.name].latency_ms,
                error=self._entries[member.name].error,
            )
            for member in self.members
        ]
