"""What a listener says after it has answered Slack, which waits three seconds for that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType

import structlog

GRACE_SECONDS = 2.0
"""What is being said when the bot stops has this long to be said."""


@dataclass
class Later:
    """Holds what it started: the loop itself would let it go. One for each bot; leaving it ends what still runs."""

    running: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], repr=False)
    _followed: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False, repr=False)
    """Of them, those that end with the bot alone."""
    _over: bool = field(default=False, init=False)

    def do(self, work: Awaitable[object], *, what: str) -> None:
        """`what`: for the log, when it fails. It never raises here."""
        self._begin(work, what)

    def follow(self, work: Coroutine[object, object, object], *, what: str) -> None:
        """Go on with it until the bot stops; not begun after that."""
        if self._over:
            work.close()
            return
        task = self._begin(work, what)
        self._followed.add(task)
        task.add_done_callback(self._followed.discard)

    def _begin(self, work: Awaitable[object], what: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(work, what), name=what)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def stop(self) -> None:
        """Let what is being said be said, and follow nothing any more."""
        self._over = True
        await asyncio.sleep(0)  # all have begun: what is cancelled before that was never awaited
        for task in self._followed:
            task.cancel()
        if self.running:
            _, late = await asyncio.wait(self.running, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def __aenter__(self) -> Later:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _guarded(self, work: Awaitable[object], what: str) -> None:
        try:
            await work
        except Exception as error:
            # Only its type: an error's text may quote what it was given.
            structlog.get_logger("gavel.slack").warning(
                "Something could not be said.", what=what, error=type(error).__name__
            )
