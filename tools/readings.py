"""One reading for everybody who asks at a time, as fresh as each of them asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedReading(Generic[T]):
    """Asks a source that is slow or counts how often it is asked.

    Who asks while a reading is under way shares the next one with all others who wait: it has not begun yet, so what
    it finds was never true only before anybody asked.
    """

    def __init__(self, read: Callable[[], Awaitable[T]], *, name: str) -> None:
        self._read = read
        self._name = name
        self._under_way: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def now(self) -> T:
        """What a reading finds that begins after this call. Raises what `read` raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._under_way), name=self._name)
        # Shielded: who gives up waiting does not take the reading from the others.
        return await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[T] | None) -> T:
        if before is not None:
            await asyncio.wait({before})
        self._under_way, self._next = self._next, None
        return await self._read()
