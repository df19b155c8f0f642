"""One connection to one server, kept by a task of its own: what opens it must close it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from importlib.metadata import version
from typing import cast

from mcp import Client
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from tools.mcp.declared import DeclaredServer, Program
from tools.mcp.http import MAX_ANSWER_BYTES, http_client
from tools.mcp.stdio import program
from tools.mcp.trouble import Trouble

CLOSING_SECONDS = 10.0
"""For closing a connection, its process included."""


class ServerAway(Exception):
    """The server cannot be asked now. In a sentence; what it quotes is plain."""


class Keeper:
    """Opens a connection when made, and keeps it until it is let go or breaks."""

    def __init__(self, server: DeclaredServer) -> None:
        self.trouble = Trouble()
        self._server = server
        self._let_go = asyncio.Event()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        # Nobody need be waiting when it fails.
        self._ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
        self._task = asyncio.create_task(self._keep(), name=f"the MCP server {server.name}")

    async def client(self) -> Client:
        """Raises :class:`ServerAway`."""
        # Shielded: who gives up waiting does not take the connection from the others.
        return await asyncio.shield(self._ready)

    @property
    def opening(self) -> bool:
        return not self._ready.done()

    @property
    def over(self) -> bool:
        return self._task.done() or self._let_go.is_set()

    def let_go(self) -> None:
        """It closes by itself."""
        self._let_go.set()

    async def close(self) -> None:
        self.let_go()
        done, _ = await asyncio.wait([self._task], timeout=CLOSING_SECONDS)
        if not done:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CLOSING_SECONDS)

    async def _keep(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                client = Client(await self._transport(stack), client_info=_ourselves(), cache=None)
                async with asyncio.timeout(self._server.start_seconds):
                    await stack.enter_async_context(client)
                if not self._ready.done():
                    self._ready.set_result(client)
                await self._let_go.wait()
        except Exception as error:
            self._failed(self.trouble.with_it(_words(error)))
        finally:
            self._failed("it was closed")

    async def _transport(self, stack: AsyncExitStack) -> Transport:
        reached = self._server.reached
        if isinstance(reached, Program):
            return program(reached, self.trouble)
        client = await stack.enter_async_context(http_client(reached, self.trouble))
        return streamable_http_client(reached.url, http_client=client, max_sse_event_size=MAX_ANSWER_BYTES)

    def _failed(self, why: str) -> None:
        if not self._ready.done():
            self._ready.set_exception(ServerAway(f"{self._server.where} did not answer as an MCP server: {why}"))


def _ourselves() -> Implementation:
    return Implementation(name="gavel", version=version("gavel"))


def _words(error: BaseException) -> str:
    """Of what tasks of the SDK raised together, the first."""
    first = error
    while isinstance(first, BaseExceptionGroup):
        first = cast("BaseExceptionGroup[BaseException]", first).exceptions[0]
    if isinstance(first, TimeoutError):
        return "it took too long"
    return str(first) or type(first).__name__
