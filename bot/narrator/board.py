"""What there is to say about a running investigation: rows that change state. Pure; every event is idempotent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.blocks.council import count_words, tally_mark
from bot.narrator.row import Row, RowState
from bot.narrator.verdict import VERDICT, verdict_rows
from tools.contracts.council import ClaimTally, CouncilOutcome, MemberState, Stance
from tools.contracts.progress import (
    MemberProgress,
    NoteProgress,
    ProgressEvent,
    TallyProgress,
    ToolProgress,
    VerdictProgress,
    VoteProgress,
)

MAX_ROWS = 40
"""Shown; more are counted in one last row. Slack's plan and message limits bound a message at about so many."""

MORE = "more"


@dataclass
class _Claim:
    text: str
    votes: dict[str, Stance] = field(default_factory=dict[str, Stance])
    tally: ClaimTally | None = None


class Board:
    """The rows in the order in which they first appeared."""

    def __init__(self, *, notes: tuple[str, ...] = (), include_dissent: bool = True) -> None:
        """`include_dissent`: whether it is told who disputes what, and why."""
        self._include_dissent = include_dissent
        self._outcome: CouncilOutcome | None = None
        self._rows: dict[str, Row] = {}
        self._claims: dict[str, _Claim] = {}
        self._members: dict[str, None] = {}
        """Everyone who takes part, in order of appearance."""
        self._hidden: set[str] = set()
        for note in notes:
            self.apply(NoteProgress(note))

    def apply(self, event: ProgressEvent) -> None:
        """Take in one event."""
        match event:
            case ToolProgress():
                self._tool(event)
            case MemberProgress():
                self._member(event)
            case VoteProgress():
                self._claim(event.claim_id, event.claim).votes[event.member] = event.stance
                self._members.setdefault(event.member)
                self._show_claim(event.claim_id)
            case TallyProgress():
                for tally in event.tallies:
                    self._claim(tally.claim.id, tally.claim.text).tally = tally
                    self._show_claim(tally.claim.id)
            case VerdictProgress():
                self._outcome = event.outcome
                for row in verdict_rows(event.outcome, include_dissent=self._include_dissent):
                    self._put(row)
            case NoteProgress():
                self._put(Row(f"note:{event.text[:80]}", event.text, "complete"))

    def close(self, *, failed: bool) -> None:
        """Nothing is under way any more."""
        for row in list(self._rows.values()):
            if row.state in {"pending", "in_progress"}:
                words = row.words if row.id.startswith("claim:") else "stopped" if failed else ""
                self._rows[row.id] = replace(row, state="error" if failed else "complete", words=words)

    def rows(self) -> list[Row]:
        """What to show, at most :data:`MAX_ROWS` and one that counts the rest."""
        rows = list(self._rows.values())
        if self._hidden:
            count = len(self._hidden)
            rows.append(Row(MORE, f"… and {count} more {'step' if count == 1 else 'steps or claims'}", "complete"))
        return rows

    @property
    def carried(self) -> tuple[int, int] | None:
        """Claims that carried, and all; None before the count."""
        counted = [claim.tally for claim in self._claims.values() if claim.tally is not None]
        return (sum(tally.carried for tally in counted), len(counted)) if counted else None

    @property
    def consensus(self) -> bool | None:
        """Whether the council came to one; None: no council voted."""
        outcome = self._outcome
        return outcome.consensus if outcome is not None and outcome.mode == "council" else None

    def _tool(self, event: ToolProgress) -> None:
        states: dict[str, RowState] = {"running": "in_progress", "done": "complete", "failed": "error"}
        words = "failed" if event.state == "failed" else ""
        result = event.summary if event.state != "running" else ""
        subject = event.tool.replace("_", " ")
        self._put(Row(f"tool:{event.call_id}"[:200], subject, states[event.state], words, result))

    def _member(self, event: MemberProgress) -> None:
        self._members.setdefault(event.member)
        voting = event.stage == "vote"
        states: dict[MemberState, tuple[RowState, str]] = {
            "waiting": ("pending", "waiting to vote" if voting else "waiting"),
            "thinking": ("in_progress", "voting" if voting else "thinking"),
            "answered": ("complete", "voted" if voting else "answered"),
            "failed": ("error", "failed, did not vote" if voting else "failed, did not answer"),
            "cancelled": ("complete", "cancelled, the outcome was decided"),
        }
        state, words = states[event.state]
        result = event.detail if event.state == "failed" else ""
        self._put(Row(f"member:{event.member}"[:200], event.member, state, words, result))

    def _claim(self, claim_id: str, text: str) -> _Claim:
        return self._claims.setdefault(claim_id, _Claim(text))

    def _show_claim(self, claim_id: str) -> None:
        claim, row = self._claims[claim_id], f"claim:{claim_id}"[:200]
        if claim.tally is not None:
            self._put(Row(row, claim.text, "complete", _verdict(claim.tally), mark=tally_mark(claim.tally), leads=True))
        else:
            self._put(Row(row, claim.text, "in_progress", self._so_far(claim), leads=True))

    def _so_far(self, claim: _Claim) -> str:
        stances = list(claim.votes.values())
        waiting = max(0, len(self._members) - len(stances))
        said = count_words(stances.count("support"), stances.count("contradict"), stances.count("silent"))
        return f"{said}, {waiting} still to vote" if waiting else said

    def _put(self, row: Row) -> None:
        if row.id in self._rows or row.id == VERDICT or len(self._rows) < MAX_ROWS:
            self._rows[row.id] = row
        else:
            self._hidden.add(row.id)


def _verdict(tally: ClaimTally) -> str:
    """`Carried (3 of 3 support)`, `Not carried (1 of 3 supports, 2 silent, single source)`: the verdict first, since
    Slack shows every row that is over with the same check mark."""
    counted = count_words(len(tally.support), len(tally.contradict), len(tally.silent))
    single = ", single source" if tally.single_source else ""
    return f"{'Carried' if tally.carried else 'Not carried'} ({counted}{single})"
