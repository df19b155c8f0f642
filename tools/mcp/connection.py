"""One server, as it is asked: connected when it is first needed, and again after it went away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    PaginatedRequestParams,
    RequestParamsMeta,
)
from mcp_types import Tool as WireTool
from pydantic import TypeAdapter, ValidationError

from tools.base import ToolError
from tools.contracts.common import JsonObject
from tools.mcp.declared import DeclaredServer
from tools.mcp.definition import by_name, digest_said
from tools.mcp.keeper import Keeper, ServerAway
from tools.mcp.names import plain
from tools.mcp.result import ERROR_LENGTH, ServerOutput, output_of

MAX_PAGES = 10
"""Of a server's list of tools. What is beyond is not seen."""
MAX_TOOLS = 500
LONGEST_PAUSE_SECONDS = 60.0
"""Between two attempts to reach a server that does not answer."""

_ANSWER: TypeAdapter[CallToolResult | InputRequiredResult] = TypeAdapter(CallToolResult | InputRequiredResult)
_BROKEN = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream, ConnectionError)


@dataclass(frozen=True)
class Listing:
    """What a server said of its tools, and by which connection: another one may be to another server."""

    tools: Sequence[WireTool]
    client: Client
    keeper: Keeper


class Connection:
    """Not opened by being made. One for each server and worker."""

    def __init__(self, server: DeclaredServer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.server = server
        self._clock = clock
        self._keeper: Keeper | None = None
        self._failures = 0
        self._not_before = 0.0
        self._closing: set[asyncio.Task[None]] = set()

    async def listed(self) -> Listing:
        """What the server says of its tools now. Raises :class:`ServerAway`."""
        while True:
            keeper, held = self._held()
            try:
                client = await keeper.client()
                async with asyncio.timeout(self.server.start_seconds):
                    return Listing(await _listed(client), client, keeper)
            except ServerAway:
                self._drop(keeper, failed=True)
                raise
            except asyncio.CancelledError:
                # Listing is quick: what takes until somebody gives up hangs.
                if not keeper.opening:
                    self._drop(keeper)
                raise
            except TimeoutError as error:
                self._drop(keeper, failed=True)
                raise ServerAway(f"{self.server.where} took too long to say which tools it has") from error
            except (MCPError, ValidationError, RuntimeError, *_BROKEN) as error:
                self._drop(keeper, failed=not held)
                # One that was kept may be of a server that was started anew since: that is asked once more.
                if not held:
                    why = keeper.trouble.with_it(str(error))
                    raise ServerAway(f"{self.server.where} did not say which tools it has: {why}") from error

    async def call(self, tool: str, params: JsonObject, *, definition: str, meta: JsonObject | None) -> ServerOutput:
        """Raises :class:`ToolError`, whose message is for a model. Not repeated, whatever becomes of it."""
        try:
            listing = await self.listed()
        except ServerAway as away:
            raise ToolError(f"{away}. It was not called.") from away
        found = by_name(listing.tools)
        now = found.get(tool)
        # Compared, and not judged: it was judged at the start, and what it is since may take long to judge.
        if now is None or digest_said(now) != definition:
            raise ToolError(
                f"the server {'changed' if tool in found else 'no longer has'} this tool since Gavel was started."
                " It was not called. Whoever runs Gavel must look at it and start Gavel anew."
            )
        # By the connection that was looked at, and by no other: where it is gone meanwhile, the call fails.
        keeper = listing.keeper
        try:
            answer = await listing.client.session.send_request(_request(tool, params, meta), _ANSWER)
        except MCPError as error:
            if error.code == CONNECTION_CLOSED:
                self._drop(keeper, failed=True)
                raise ToolError(f"the connection broke: {keeper.trouble.with_it(error.message)}") from error
            raise ToolError(f"the server refused the call: {plain(error.message, at_most=ERROR_LENGTH)}") from error
        except (RuntimeError, *_BROKEN) as error:
            self._drop(keeper, failed=True)
            raise ToolError(f"the connection broke: {keeper.trouble.with_it(str(error))}") from error
        except ValidationError as error:
            raise ToolError("the server answered with what is no result of a tool; it was discarded") from error
        self._failures = 0
        if isinstance(answer, InputRequiredResult):
            raise ToolError("the server asked for something before it would answer, and it is given nothing")
        return output_of(answer)

    async def close(self) -> None:
        keeper, self._keeper = self._keeper, None
        closing = [*self._closing, *([asyncio.create_task(keeper.close())] if keeper is not None else [])]
        if closing:
            await asyncio.wait(closing)

    def _held(self) -> tuple[Keeper, bool]:
        """The connection, and whether it was there before. Raises :class:`ServerAway` while it is too soon."""
        if self._keeper is not None and not self._keeper.over:
            return self._keeper, not self._keeper.opening
        self._keeper = None
        wait = self._not_before - self._clock()
        if wait > 0:
            raise ServerAway(f"{self.server.where} did not answer just now; it is asked again in {wait:.0f} s")
        self._keeper = Keeper(self.server)
        return self._keeper, False

    def _drop(self, keeper: Keeper, *, failed: bool = False) -> None:
        """Others may have dropped it before: it counts once."""
        if keeper is not self._keeper:
            return
        self._keeper = None
        if failed:
            self._failures += 1
            # Bounded before it is raised: of a server that is away for days there are many.
            pause = 2.0 ** min(self._failures - 1, 10)
            self._not_before = self._clock() + min(LONGEST_PAUSE_SECONDS, pause)
        task = asyncio.create_task(keeper.close(), name=f"closing the MCP server {self.server.name}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _listed(client: Client) -> list[WireTool]:
    tools: list[WireTool] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None or len(tools) > MAX_TOOLS:
            break
    return tools[:MAX_TOOLS]


def _request(tool: str, params: JsonObject, meta: JsonObject | None) -> CallToolRequest:
    said: RequestParamsMeta | None = None if meta is None else {"gavel/on_behalf_of": meta}
    return CallToolRequest(params=CallToolRequestParams(name=tool, arguments=params, _meta=said))
