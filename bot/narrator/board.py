"""What there is to say about a running investigation: rows that change state. Pure; every event is idempotent."""

from __future__ import annotations

from dataclasses import replace

from bot.narrator.claims import Claims
from bot.narrator.row import Row, RowState, row_id
from bot.narrator.verdict import VERDICT, verdict_rows
from tools.contracts.council import CouncilOutcome, MemberState
from tools.contracts.progress import (
    MemberProgress,
    NoteProgress,
    ProgressEvent,
    TallyProgress,
    ToolProgress,
    VerdictProgress,
    VoteProgress,
)

MAX_ROWS = 30
"""Shown; more are counted in one last row, and are in the transcript."""

MORE = "more"


class Board:
    """The rows in the order in which they first appeared."""

    def __init__(self, *, notes: tuple[str, ...] = (), include_dissent: bool = True) -> None:
        """`include_dissent`: whether it is told who disputes what, and why."""
        self._include_dissent = include_dissent
        self._outcome: CouncilOutcome | None = None
        self._rows: dict[str, Row] = {}
        self._claims = Claims()
        self._tools: dict[str, dict[str, ToolProgress]] = {}
        """Tool → its calls, as last heard of each."""
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
                self._members.setdefault(event.member)
                self._claims.vote(
                    event.claim_id, event.claim, member=event.member, stance=event.stance, phases=event.phases
                )
                self._show_claim(event.claim_id)
            case TallyProgress():
                for tally in event.tallies:
                    self._claims.count(tally)
                for tally in event.tallies:
                    self._show_claim(tally.claim.id)
            case VerdictProgress():
                self._outcome = event.outcome
                for row in verdict_rows(event.outcome, include_dissent=self._include_dissent):
                    self._put(row)
            case NoteProgress():
                self._put(Row(row_id("note", event.text), event.text, "complete"))

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
        """Claims and phases that carried, and all; None before the count."""
        return self._claims.carried

    @property
    def consensus(self) -> bool | None:
        """Whether the council came to one; None: no council voted."""
        outcome = self._outcome
        return outcome.consensus if outcome is not None and outcome.mode == "council" else None

    def _tool(self, event: ToolProgress) -> None:
        """One row a tool, however often it is called: the ledger and the transcript have each call."""
        calls = self._tools.setdefault(event.tool, {})
        calls.pop(event.call_id, None)
        calls[event.call_id] = event
        self._put(tool_row(event.tool, list(calls.values())))

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
        self._put(Row(row_id("member", event.member), event.member, state, words, result))

    def _show_claim(self, claim_id: str) -> None:
        for row in self._claims.rows(claim_id, voters=len(self._members)):
            self._put(row)

    def _put(self, row: Row) -> None:
        if row.id in self._rows or row.id == VERDICT or len(self._rows) < MAX_ROWS:
            self._rows[row.id] = row
        else:
            self._hidden.add(row.id)


def tool_row(tool: str, calls: list[ToolProgress]) -> Row:
    """What a tool was asked, so far; `calls` in the order in which they were last heard of."""
    running = any(call.state == "running" for call in calls)
    failed = sum(call.state == "failed" for call in calls)
    over = [call for call in calls if call.state != "running"]
    state: RowState = "in_progress" if running else "error" if failed == len(calls) else "complete"
    said = [f"{len(calls)} calls"] if len(calls) > 1 else []
    said += [f"{failed} failed" if len(calls) > 1 else "failed"] if failed else []
    result = over[-1].summary if over else ""
    return Row(row_id("tool", tool), tool.replace("_", " "), state, ", ".join(said), result)
