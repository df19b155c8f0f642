"""`/gavel doctor` as a card: one line a part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.blocks.message import Message, compose, context, lines, section
from bot.blocks.text import inline
from bot.blocks.words import plural

_MARKS = {"ok": "✓ ok", "failed": "✗ failed", "not running": "· not running"}


class Found(Protocol):
    """`bot.finding.Finding`."""

    @property
    def component(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def answered(self) -> str: ...
    @property
    def advice(self) -> str: ...


def doctor_card(findings: Sequence[Found]) -> Message:
    """What is wrong comes first, with what to do. Where a part is, only the terminal says."""
    failed = [finding for finding in findings if finding.state == "failed"]
    others = [finding for finding in findings if finding.state != "failed"]
    said = f"{plural(len(failed), 'part does', 'parts do')} not work." if failed else "Every part that is used works."
    return compose(
        said,
        [
            section(said),
            lines("Not working", [_line(finding) for finding in failed]) if failed else None,
            lines("The others", [_line(finding) for finding in others]) if others else None,
            context("`gavel doctor` in a terminal also says where each part is, and what was asked of it."),
        ],
    )


def _line(finding: Found) -> str:
    told = f"*{inline(finding.component, 40)}*  {_MARKS.get(finding.state, inline(finding.state, 20))}"
    if finding.state == "failed":
        told += f": {inline(finding.answered, 200)}"
        told += f"\n      → {inline(finding.advice, 200)}" if finding.advice else ""
    return told
