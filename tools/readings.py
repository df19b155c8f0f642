"""One reading for everybody who asks: as fresh as each of them asks for, or as old as they can do with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
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


class RecentReadings(Generic[K, T]):
    """What a source said lately, for who looks often and decides nothing on it: asked again when that is too old."""

    def __init__(
        self,
        read: Callable[[K], Awaitable[T]],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        most: int = 500,
    ) -> None:
        """`seconds`: how old an answer may be. `most`: answers that are kept, the newest."""
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._kept: dict[K, tuple[float, asyncio.Task[T]]] = {}

    async def of(self, key: K) -> T:
        """What a reading found that began at most `seconds` ago. Raises what `read` raises, which is not kept."""
        now = self._clock()
        began, reading = self._kept.get(key, (now, None))
        if reading is None or now - began >= self._seconds or _failed(reading):
            reading = asyncio.create_task(self._begun(key), name="a reading that is kept")
            self._kept.pop(key, None)
            self._kept[key] = (now, reading)
            for oldest in list(self._kept)[: -self._most]:
                del self._kept[oldest]
        # As above.
        return await asyncio.shield(reading)

    async def _begun(self, key: K) -> T:
        return await self._read(key)


def _failed(reading: asyncio.Task[object]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
