"""A tap between Gavel and the server: what went over the wire, byte for byte. It changes nothing, but can be shut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from aiohttp import web

_PER_HOP = frozenset({"host", "content-length", "transfer-encoding", "connection", "keep-alive", "content-encoding"})


@dataclass(frozen=True)
class Sent:
    """One request, as the provider would have received it."""

    path: str
    headers: dict[str, str]
    """Lower-case names."""
    body: dict[str, Any]


Shut = Literal["aborts", "ends", "stalls"]
"""What becomes of an answer after some bytes: the connection breaks; it ends as if all was said; nothing more comes."""


@dataclass
class Tap:
    base: str = ""
    sent: list[Sent] = field(default_factory=list[Sent])
    shut: tuple[Shut, float] | None = None
    """After which share of the answer's bytes."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody hung up on an answer that stalled."""

    @property
    def last(self) -> Sent:
        return self.sent[-1]


@asynccontextmanager
async def tapped(server: str) -> AsyncGenerator[Tap]:
    """Pass everything on to `server`."""
    tap = Tap()
    async with aiohttp.ClientSession(auto_decompress=False) as http:

        async def forward(request: web.Request) -> web.StreamResponse:
            data = await request.read()
            headers = {name.lower(): value for name, value in request.headers.items()}
            tap.sent.append(Sent(request.path_qs, headers, json.loads(data) if data else {}))
            passed = {name: value for name, value in headers.items() if name not in _PER_HOP}
            async with http.request(
                request.method, f"{server}{request.path_qs}", data=data, headers=passed, allow_redirects=False
            ) as answer:
                whole = await answer.read()
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _PER_HOP}
                response = web.StreamResponse(status=answer.status, headers=kept)
                await response.prepare(request)
                how, share = tap.shut or ("ends", 1)
                await response.write(whole[: int(len(whole) * share)])
                if how == "stalls":
                    tap.left.clear()
                    try:
                        await asyncio.Event().wait()
                    finally:
                        tap.left.set()
                if how == "aborts" and request.transport is not None:
                    request.transport.abort()
                    return response
                await response.write_eof()
                return response

        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            tap.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield tap
        finally:
            await runner.cleanup()
