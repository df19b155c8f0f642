"""A TCP link between the product and one of its servers, which can be cut, slowed or stalled like a real network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

Reach = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Connects to the server itself."""

State = Literal["sound", "slow", "stalled", "down"]
"""`slow`: each piece waits. `stalled`: nothing goes through, nothing is closed. `down`: refused and closed."""

PIECE = 65_536
SLOW_SECONDS = 0.15


class Link:
    """Make one with :func:`open_link`."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._state: State = "sound"
        self._sound = asyncio.Event()
        self._sound.set()
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    def set(self, state: State) -> None:
        """From now on. `down` also ends every connection there is, without a goodbye."""
        self._state = state
        if state == "stalled":
            self._sound.clear()
        else:
            self._sound.set()
        if state == "down":
            self.cut()

    def cut(self) -> None:
        """End every connection now; new ones are as the state says."""
        for writer in list(self._open):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the product."""
        self._open.add(writer)
        try:
            if self._state == "down":
                return
            await self._sound.wait()
            try:
                there, back = await self._reach()
            except OSError:
                return  # the server is away: the product sees its connection end
            self._open.add(back)
            try:
                await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
            finally:
                self._open.discard(back)
                back.transport.abort()
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(PIECE):
                await self._sound.wait()
                if self._state == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
                sink.write(piece)
                await sink.drain()
        sink.transport.abort()


@asynccontextmanager
async def open_link(reach: Reach) -> AsyncGenerator[Link]:
    """A link on a free port of 127.0.0.1, sound at first."""
    link = Link(reach)
    server = await asyncio.start_server(link.serve, "127.0.0.1", 0)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        link.set("down")
        server.close()
