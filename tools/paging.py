"""Pages of rows that a tool computed: bounded, in the rows' own order, with a cursor that says where a page ends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from tools.base import ToolError

Row = TypeVar("Row")


def page_of(
    rows: Sequence[Row], key: Callable[[Row], str], *, limit: int, cursor: str | None
) -> tuple[list[Row], str | None]:
    """The rows after the cursor, at most `limit`, and the next cursor or None.

    `key` is unique to a row; the rows' order must be the same on every call. Raises `ToolError` for a cursor of no
    row: the data have changed since that page, or it was never one.
    """
    start = 0
    if cursor is not None:
        places = [_mark(key(row)) for row in rows]
        if cursor not in places:
            raise ToolError(
                f"{cursor[:80]!r} is no cursor of these rows, or what it marked is gone. Ask again without `cursor`."
            )
        start = places.index(cursor) + 1
    page = list(rows[start : start + limit])
    return page, _mark(key(page[-1])) if start + limit < len(rows) else None


def _mark(key: str) -> str:
    # A digest: keys hold names that strangers chose, of any length.
    return hashlib.sha256(key.encode()).hexdigest()[:24]
