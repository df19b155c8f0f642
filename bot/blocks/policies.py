"""`/gavel policy` as a card: which policies decide, what they ask for, and what was refused lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.blocks.message import Message, compose, context, lines, section
from bot.blocks.text import code, inline
from bot.blocks.words import plural, short_digest, when

MOST_REFUSED = 10


@dataclass(frozen=True)
class InForce:
    """The policies as the engine has them."""

    engine: str
    """E.g. `opa 1.22.2`."""
    digest: str
    as_configured: bool
    """Whether the engine holds exactly what this Gavel was configured with."""
    packages: Sequence[tuple[str, int]]
    """Package → how many refusals its rules can give."""
    limits: Sequence[tuple[str, str]]
    """What the limits are about → their value."""
    own: bool
    """Whether the org has policies of its own besides."""


@dataclass(frozen=True)
class RefusedRule:
    rule: str
    times: int
    last: datetime


def policy_card(found: InForce, refused: Sequence[RefusedRule], *, looked_at: int) -> Message:
    """For the one who typed it. Rules by name only: a reason may quote what not everybody may see."""
    total = sum(count for _, count in found.packages)
    said = f"{plural(total, 'rule')} in {plural(len(found.packages), 'package')} decide, by {inline(found.engine, 60)}."
    digest = f"*Bundle*  {short_digest(found.digest)}"
    digest += " as configured" if found.as_configured else " *⚠ not as this Gavel is configured*"
    own = "\nThis org has policies of its own besides; they can only refuse more." if found.own else ""
    return compose(
        f"{said} Bundle {short_digest(found.digest)}.",
        [
            section(f"{said}\n{digest}{own}"),
            lines("In force", [f"• {code(name, 60)}: {plural(count, 'rule')}" for name, count in found.packages]),
            lines("Limits", [f"• {inline(name, 80)}: {inline(value, 80)}" for name, value in found.limits]),
            lines(
                f"Refused, of the last {plural(looked_at, 'verdict')}",
                [
                    f"• {code(row.rule, 80)}: {plural(row.times, 'time')}, last {when(row.last)}"
                    for row in refused[:MOST_REFUSED]
                ]
                or ["Nothing."],
            ),
            context("`gavel policy explain TASK` says which rule fired where, and on what."),
        ],
    )


def policies_away(why: str) -> Message:
    said = f"The policy engine does not answer, so nothing runs meanwhile: {inline(why, 300)}"
    return compose(said, [section(said), context("`/gavel doctor` asks every part.")])
