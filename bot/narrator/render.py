"""The board as chunks of a stream, or as one message that is edited in place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from bot.blocks.message import Detail, Message, compose, context, lines, section
from bot.blocks.text import inline, markdown
from bot.narrator.board import MORE, Board
from bot.narrator.row import Row
from bot.narrator.verdict import VERDICT
from tools.contracts.common import JsonObject

SUBJECT_LIMIT = 140
RESULT_LIMIT = 120
"""Characters. With at most thirty rows a message stays under Slack's 13,200."""

_MARKS = {"pending": "○", "in_progress": "▶", "complete": "✓", "error": "✗"}


@dataclass(frozen=True)
class Headline:
    """What the whole is called. `ref` finds an unfinished stream again: a stream has no metadata until it ends."""

    title: str
    """E.g. `Investigating`."""
    ref: str

    @staticmethod
    def of(title: str, *, task_id: str, key: str) -> Headline:
        return Headline(title, hashlib.sha256(f"{task_id}\n{key}".encode()).hexdigest()[:4])

    def running(self, part: int) -> str:
        return f"{self._name} · {self.ref}{f' · part {part}' if part > 1 else ''}"

    def continued(self, part: int) -> str:
        return f"{self._name}{f' · part {part}' if part > 1 else ''} · continued below"

    def over(self, board: Board, *, failed: bool) -> str:
        """The last word."""
        if failed:
            return f"{self._name}: stopped"
        carried = board.carried
        count = f", {carried[0]} of {carried[1]} claims carried" if carried else ""
        verdict = {True: ", consensus", False: ", no consensus", None: ""}[board.consensus]
        return f"{self._name}: done{verdict}{count}"

    @property
    def _name(self) -> str:
        return markdown(self.title, 100)


class ChunkWriter:
    """Remembers what a stream surely shows, and gives only what changed. One a stream.

    Titles and states replace what a row showed; `details` and `output` would be appended to it, so that a call whose
    answer was lost could not be repeated. Everything is said in titles.
    """

    def __init__(self, shown: Mapping[str, tuple[str, str]] | None = None) -> None:
        """`shown`: title and state of rows that need not be said again."""
        self._title = ""
        self._shown = dict(shown or {})
        self._words: dict[Row, str] = {}
        """A row that has not changed is not put into words again."""

    def changes(self, title: str, rows: list[Row]) -> list[JsonObject]:
        """The chunks that bring the stream up to date; harmless to send twice."""
        chunks: list[JsonObject] = [] if title == self._title else [{"type": "plan_update", "title": title}]
        for row in rows:
            said = self._words.get(row)
            if said is None:
                said = self._words[row] = _streamed_title(row)
            if self._shown.get(row.id) != (said, row.state):
                chunks.append({"type": "task_update", "id": row.id, "title": said, "status": row.state})
        return chunks

    def continued(self) -> ChunkWriter:
        """For the stream that follows: it starts with what is still open, and repeats the notes."""
        over = {"complete", "error"}
        return ChunkWriter(
            {row: shown for row, shown in self._shown.items() if shown[1] in over and not row.startswith("note:")}
        )

    def sent(self, chunks: list[JsonObject]) -> None:
        """Slack took these."""
        for chunk in chunks:
            if chunk["type"] == "plan_update":
                self._title = chunk["title"]
            else:
                self._shown[chunk["id"]] = (chunk["title"], chunk["status"])


def as_message(title: str, rows: list[Row], *, below: JsonObject | None = None) -> Message:
    """The same as one message, for where nothing can be streamed. `below`: its last block."""
    parts: list[JsonObject | Detail] = [section(f"*{inline(title, 900)}*")]
    groups = (
        ("Steps", "tool:"),
        ("Members", "member:"),
        ("Claims", "claim:"),
        ("Verdict", VERDICT),
        ("Dissent", "dissent:"),
    )
    for heading, prefix in groups:
        shown = [_edited_line(row) for row in rows if row.id.startswith(prefix)]
        if shown:
            parts.append(Detail(lines(heading, shown)))
    others = [inline(row.subject, 300) for row in rows if row.id.startswith("note:") or row.id == MORE]
    if others:
        parts.append(context("\n".join(others[:8])))
    if below is not None:
        parts.append(below)
    return compose(inline(title, 900), parts)


def _streamed_title(row: Row) -> str:
    said = _said(row, markdown(row.subject, SUBJECT_LIMIT) or "…", row.words)
    return f"{said}: {markdown(row.result, RESULT_LIMIT)}" if row.result else said


def _edited_line(row: Row) -> str:
    words = f"_{row.words}_" if row.words else ""
    said = _said(row, inline(row.subject, SUBJECT_LIMIT), words)
    result = f": {inline(row.result, RESULT_LIMIT)}" if row.result else ""
    return f"{row.mark or _MARKS[row.state]} {said}{result}"


def _said(row: Row, subject: str, words: str) -> str:
    return ": ".join(part for part in ((words, subject) if row.leads else (subject, words)) if part)
