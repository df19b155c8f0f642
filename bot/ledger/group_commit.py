"""Group commit: what arrives while one transaction is being written goes into the next one, together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from tools.contracts.ledger import LedgerUnavailable

Item = TypeVar("Item")

LINGER_SECONDS = 0.1
"""How long an item waits for others at most, where its caller does not wait for it."""


class GroupCommit(Generic[Item]):
    """Queues items per org and hands them to `write` in batches, one batch of an org at a time.

    The tasks that write live only while there is something to write. A batch succeeds or fails as a whole, and each
    of its callers learns which.
    """

    def __init__(self, write: Callable[[str, list[Item]], Awaitable[None]], *, max_batch: int) -> None:
        self._write = write
        self._max_batch = max_batch
        self._queues: dict[str, deque[tuple[Item, asyncio.Future[None]]]] = {}
        self._writers: dict[str, asyncio.Task[None]] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._failing: set[str] = set()
        self._closed = False

    async def submit(self, org: str, item: Item) -> None:
        """Returns when the item is written. Raises `LedgerUnavailable`.

        A caller that is cancelled meanwhile does not take its item back: it may still be written.
        """
        await self.enqueue(org, item)

    def enqueue(self, org: str, item: Item, *, later: bool = False) -> asyncio.Future[None]:
        """Accept the item, after those before it. The future is done when it is written, or raises
        `LedgerUnavailable`; so does this. `later`: it waits for the next one of the org or for :meth:`wake`, and no
        longer than :data:`LINGER_SECONDS`.
        """
        if self._closed:
            raise LedgerUnavailable("The ledger is closed: this process is stopping. Nothing was recorded.")
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(org, deque()).append((item, written))
        if not later:
            self.wake(org)
        elif org not in self._lingering:
            self._lingering[org] = asyncio.get_running_loop().call_later(LINGER_SECONDS, self.wake, org)
        return written

    def fails(self, org: str) -> bool:
        """Whether the last batch of the org could not be written."""
        return org in self._failing

    def wake(self, org: str) -> None:
        """Write what waits."""
        lingering = self._lingering.pop(org, None)
        if lingering is not None:
            lingering.cancel()
        if org not in self._writers and self._queues.get(org):
            self._writers[org] = asyncio.create_task(self._drain(org), name=f"ledger-writer-{org}")

    async def close(self) -> None:
        """Refuses what is new, and returns when everything accepted is written or has failed."""
        self._closed = True
        for org in list(self._queues):
            self.wake(org)
        while self._writers:
            await asyncio.gather(*self._writers.values(), return_exceptions=True)

    async def _drain(self, org: str) -> None:
        queue = self._queues[org]
        batch: list[tuple[Item, asyncio.Future[None]]] = []
        try:
            # One turn of the loop first: calls made in the same moment share the first transaction too.
            await asyncio.sleep(0)
            while queue:
                batch = [queue.popleft() for _ in range(min(len(queue), self._max_batch))]
                try:
                    await self._write(org, [item for item, _ in batch])
                except LedgerUnavailable as error:
                    self._failing.add(org)
                    _fail(batch, str(error))
                except Exception as error:
                    self._failing.add(org)
                    # Whatever it was, it was not recorded, and nobody may be left waiting for it.
                    _fail(batch, f"The ledger could not be written ({type(error).__name__}: {error}).")
                    raise
                else:
                    self._failing.discard(org)
                    for _, written in batch:
                        if not written.done():
                            written.set_result(None)
        finally:
            _fail([*batch, *queue], "The ledger's writer was stopped before this was recorded.")
            del self._queues[org], self._writers[org]


def _fail(batch: list[tuple[Item, asyncio.Future[None]]], reason: str) -> None:
    for _, written in batch:
        if not written.done():
            written.set_exception(LedgerUnavailable(reason))
