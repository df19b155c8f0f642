"""The servers that are configured, asked once at the start. Without one the SDK is not imported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tools.mcp.declared import DeclaredServer

if TYPE_CHECKING:
    from tools.mcp.surveying import Survey


@asynccontextmanager
async def surveyed(servers: Sequence[DeclaredServer]) -> AsyncGenerator[list[Survey]]:
    """What each of them offers, in their order; their tools can be called until the end. All are asked at once.

    One that does not answer within its time has no tools until this is done anew.
    """
    if not servers:
        yield []
        return
    from tools.mcp.connection import Connection
    from tools.mcp.surveying import survey

    connections = [Connection(server) for server in servers]
    try:
        yield list(await asyncio.gather(*(survey(connection) for connection in connections)))
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))
