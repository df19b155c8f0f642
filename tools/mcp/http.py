"""The SDK's requests over HTTP go out by our one door (:mod:`tools.outbound`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import httpx2

from tools.mcp.declared import Address
from tools.mcp.trouble import Trouble
from tools.outbound import Outbound, OutboundRefused, origin_of

MAX_ANSWER_BYTES = 1_000_000
"""Of one answer, events and all."""

_PASSED_ON = frozenset({"accept", "authorization", "content-type", "last-event-id"})
_KEPT = frozenset({"content-type", "mcp-session-id"})


_IN_ITS_WORDS = (OutboundRefused, aiohttp.ClientConnectorError, aiohttp.ClientPayloadError)
"""Failures whose text names a host at most."""


class AnswerRefused(httpx2.StreamError):
    """The rest of an answer is not read. The SDK takes it for an answer that ended."""


@asynccontextmanager
async def http_client(server: Address, trouble: Trouble) -> AsyncGenerator[httpx2.AsyncClient]:
    """For one server."""
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else None
    async with (
        Outbound(origin_of(server.url), "configured") as outbound,
        httpx2.AsyncClient(
            transport=ByOneDoor(outbound, trouble), headers=headers, timeout=None, trust_env=False
        ) as client,
    ):
        yield client


@dataclass
class ByOneDoor(httpx2.AsyncBaseTransport):
    """Never raises for a server that is away: to the SDK that is a bad gateway, which ends the one request only."""

    outbound: Outbound
    trouble: Trouble
    max_bytes: int = MAX_ANSWER_BYTES

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        method = request.method
        # A stream that the server opens by itself would carry what is declined anyway: its requests, its changes.
        if method != "POST" and method != "DELETE":
            return httpx2.Response(405, request=request)
        sent = {name: value for name, value in request.headers.items() if name in _PASSED_ON or name.startswith("mcp-")}
        body = await request.aread()
        stack = AsyncExitStack()
        try:
            answer = await stack.enter_async_context(
                self.outbound.request(method, str(request.url), headers=sent, data=body)
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            await stack.aclose()
            self.trouble.say(_told(error))
            return httpx2.Response(502, request=request)
        if 300 <= answer.status < 400:
            await stack.aclose()
            self.trouble.say("it redirects, and redirects are not followed")
            return httpx2.Response(502, request=request)
        if answer.status >= 400:
            self.trouble.say(f"HTTP status {answer.status}")
        kept = {name: value for name, value in answer.headers.items() if name.lower() in _KEPT}
        stream = BoundedAnswer(answer, stack, self.trouble, self.max_bytes)
        return httpx2.Response(answer.status, headers=kept, stream=stream, request=request)


@dataclass
class BoundedAnswer(httpx2.AsyncByteStream):
    answer: aiohttp.ClientResponse
    exits: AsyncExitStack
    trouble: Trouble
    max_bytes: int
    _read: int = field(default=0, init=False)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.answer.content.iter_any():
                self._read += len(chunk)
                if self._read > self.max_bytes:
                    self.trouble.say(f"its answer is over {self.max_bytes} bytes")
                    raise AnswerRefused("The answer is too long.")
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            self.trouble.say(_told(error))
            raise AnswerRefused("The answer broke off.") from error

    async def aclose(self) -> None:
        await self.exits.aclose()


def _told(error: Exception) -> str:
    """Without the address: its path and query may hold secrets, and aiohttp writes them into what it says of timeouts,
    of requests that could not be written and of answers that are not HTTP."""
    kind = type(error).__name__
    if isinstance(error, aiohttp.ClientResponseError):
        return f"its answer could not be read as HTTP ({kind}, status {error.status})"
    return f"{kind}: {error}" if isinstance(error, _IN_ITS_WORDS) else kind
