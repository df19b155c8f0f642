"""Reading a source's rows: page by page, bounded, and only the caller's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from tools.connectors.base import EstateError


class Owned(Protocol):
    """A row that says whose it is."""

    @property
    def org_id(self) -> str: ...


Row = TypeVar("Row", bound=Owned)
Page = tuple[Sequence[Row], str | None]
"""Rows, and the cursor of the next page or None."""


def require_own(rows: Sequence[Row], *, org: str, source: str) -> Sequence[Row]:
    """The same rows. Raises `EstateError` for another tenant's: of a source that leaks, nothing is used."""
    if any(row.org_id != org for row in rows):
        raise EstateError(f"{source} returned rows of another org. The answer was discarded.")
    return rows


async def every_row(
    fetch: Callable[[str | None], Awaitable[Page[Row]]], *, org: str, source: str, what: str, at_most: int
) -> list[Row]:
    """All rows behind a paged read. Raises `EstateError` for more than `at_most`, and for pages in a circle.

    More is an error and no cut: half of the rows would be read as all of them.
    """
    found: list[Row] = []
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        page, cursor = await fetch(cursor)
        found.extend(require_own(page, org=org, source=source))
        if len(found) > at_most:
            raise EstateError(
                f"{source} has more than {at_most} {what} for this. Nothing was computed; ask for a shorter time,"
                " fewer assets or one environment."
            )
        if cursor is None:
            return found
        if cursor in seen:
            raise EstateError(f"{source} returned the page cursor {cursor[:80]!r} twice. The answer was discarded.")
        seen.add(cursor)
