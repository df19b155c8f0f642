"""The real rehearsal server, as a process of its own, and what tests ask of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(frozen=True)
class Rehearsal:
    url: str
    process: asyncio.subprocess.Process

    async def request(
        self, method: str, path: str, *, json: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, json=json, headers=headers) as response,
        ):
            return response.status, await response.json()

    async def fault(self, kind: str, **fields: object) -> None:
        status, body = await self.request("POST", "/local/faults", json={"kind": kind, **fields})
        assert status == 201, body

    async def heal(self) -> None:
        await self.request("DELETE", "/local/faults")


@asynccontextmanager
async def rehearsal_process(*arguments: str) -> AsyncGenerator[Rehearsal, None]:
    """Started as the local stack starts it; terminated, and its exit status checked, at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.local.rehearsal", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = (await process.stdout.readline()).decode().split()
    assert line[:1] == ["ready"], line
    try:
        yield Rehearsal(line[1], process)
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(10):
            assert await process.wait() == 0
