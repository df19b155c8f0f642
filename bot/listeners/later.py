"""What a listener says after it has answered Slack, which waits three seconds for that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

import structlog


@dataclass(frozen=True)
class Later:
    """Holds what it started: the loop itself would let it go."""

    running: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], repr=False)

    def do(self, work: Awaitable[object], *, what: str) -> None:
        """`what`: for the log, when it fails. It never raises here."""
        task = asyncio.create_task(self._guarded(work, what), name=what)
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def _guarded(self, work: Awaitable[object], what: str) -> None:
        try:
            await work
        except Exception as error:
            # Only its type: an error's text may quote what it was given.
            structlog.get_logger("gavel.slack").warning(
                "Something could not be said.", what=what, error=type(error).__name__
            )
