"""One line of what is told of a running investigation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

RowState = Literal["pending", "in_progress", "complete", "error"]
"""Slack's words for the state of a task."""


def row_id(kind: str, name: str) -> str:
    """Names a row to Slack. `name` may be anybody's words: where they are not plain, a hash stands for them."""
    plain = name.isascii() and name.isprintable() and len(name) <= 200
    return f"{kind}:{name if plain else hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:32]}"


@dataclass(frozen=True)
class Row:
    """A tool's step, a council member, a claim, the verdict, a dissent, or a note."""

    id: str
    subject: str
    """Hostile text, as it came."""
    state: RowState
    words: str = ""
    """What is the case with it, in our own words."""
    result: str = ""
    """What came of it: hostile text."""
    mark: str = ""
    """For a counted claim: ✓ carried, ✗ did not. The words say it too."""
    leads: bool = False
    """The words come before the subject."""
