"""Bounded building blocks of tools' parameters and outputs: every string and every list has an upper size."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from tools.contracts.common import Contract

Id = Annotated[str, Field(min_length=1, max_length=128)]
Label = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=600)]
"""A stranger's text, or a sentence of ours. See :func:`clipped`."""

AssetIds = Annotated[list[Id], Field(max_length=500)]
Names = Annotated[list[Id], Field(max_length=50)]
"""Sites, sources, units, frameworks: a handful of names to narrow by."""

Cursor = Annotated[str, Field(min_length=1, max_length=300)]
"""Where a page ends, as the page before returned it."""

Moment = AwareDatetime
"""RFC 3339 with a zone: a moment without one is refused rather than guessed at."""

TEXT_LENGTH = 600


class Paged(Contract):
    """Parameters of a tool that answers in pages."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: Cursor | None = None


class PageOutput(Contract):
    returned: int = Field(ge=0)
    """Rows in this page; not how many there are."""
    next_cursor: Cursor | None
    """Pass it as `cursor` for the next page; null: this was the last."""


def clipped(text: str, *, at_most: int = TEXT_LENGTH) -> str:
    """A stranger's text in bounds; what was cut off shows as an ellipsis."""
    return text if len(text) <= at_most else f"{text[: at_most - 1]}…"
