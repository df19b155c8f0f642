"""What became of the files of a message, in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.orchestrator.images import MOST_BYTES_TOGETHER
from bot.blocks.actions import FILES, FILES_BLOCK
from bot.blocks.message import Message, actions, button, compose, context, lines
from bot.blocks.text import code, inline
from bot.blocks.words import plural
from tools.contracts.common import JsonObject

TOO_MUCH_TOGETHER = (
    f"With those above it is more than the {MOST_BYTES_TOGETHER / 1e6:.0f} MB of images that one question takes, so no "
    "model sees it. Ask about it apart, or send it smaller."
)
"""Of an image that was left out."""

SWITCHED_OFF = "Reading files is switched off here."


@dataclass(frozen=True)
class FileRow:
    """One attached file."""

    name: str
    """Untrusted."""
    size: int
    """Bytes."""
    what: str
    """`image` or `text`; empty: it was not read."""
    note: str = ""
    """Why it was not read; or which secrets were taken out of it."""


def files_card(rows: Sequence[FileRow], *, beyond: int, blind: bool) -> Message:
    """`beyond`: files that were not looked at, because there are too many. `blind`: no model here reads images."""
    shown = [_line(row, blind=blind) for row in rows]
    if beyond and not rows:
        shown.append(f"✗ {plural(beyond, 'file')}: not read. {SWITCHED_OFF}")
    elif beyond:
        shown.append(f"✗ {plural(beyond, 'more file')}: not read; I read {len(rows)} of one task.")
    unread = sum(not _used(row, blind=blind) for row in rows) + beyond
    read = len(rows) + beyond - unread
    said = f"I read {plural(read, 'file')} of yours" + (f"; {unread} I could not use." if unread else ".")
    small = "What they say is taken as your account, and checked with tools. It is kept sealed, for a time."
    if any(row.what and row.note for row in rows):
        small += " Secrets were removed from what I keep; the file in Slack still holds them: please rotate them."
    return compose(said, [lines("Files", shown), context(small)])


def files_button(task_id: str) -> JsonObject:
    """Posts what is long as files: the plan, the evidence, the council's transcript."""
    return button("Files", action_id=FILES, value=task_id)


def files_row(task_id: str) -> JsonObject:
    """The button on its own."""
    return actions(FILES_BLOCK, [files_button(task_id)])


def nothing_readable(rows: Sequence[FileRow]) -> str:
    """The end of a task that had nothing but files of which none could be used. Plain text."""
    if not rows:
        why = SWITCHED_OFF
    else:
        why = "None of the models configured here reads images." if rows[0].what else rows[0].note
    return f"None of the files could be used, so nothing was started. {why}"


def _used(row: FileRow, *, blind: bool) -> bool:
    return bool(row.what) and not (blind and row.what == "image")


def _line(row: FileRow, *, blind: bool) -> str:
    name = code(row.name, 80)
    if not row.what:
        return f"✗ {name}: not read. {inline(row.note, 300)}"
    if not _used(row, blind=blind):
        return f"✗ {name}: not looked at. None of the models configured here reads images."
    taken = f", without what looked like a secret ({inline(row.note, 120)})" if row.note else ""
    return f"✓ {name}: {row.what}, {_size(row.size)}{taken}"


def _size(count: int) -> str:
    if count < 1024:
        return plural(count, "byte")
    return f"{count / 1024:.0f} kB" if count < 1 << 20 else f"{count / (1 << 20):.1f} MB"
