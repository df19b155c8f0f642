"""The local Slack workspace as a process of its own, and what a test sees of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.local.slack.seed import BOT_ID, TEAM_ID
from bot.pacing import Pacer
from bot.thread import ThreadRef, ThreadWriter
from tools.contracts.common import JsonObject

TOKEN = "xoxb-local-narrator-tests"
OPS = "C0OPS00001"
ADA = "U0ADA00001"
GRACE = "U0GRACE001"


@dataclass
class Slack:
    """A running workspace."""

    address: str
    http: aiohttp.ClientSession

    @property
    def client(self) -> AsyncWebClient:
        return AsyncWebClient(token=TOKEN, base_url=f"{self.address}/api/")

    def writer(self, *, pacer: Pacer | None = None) -> ThreadWriter:
        """A bot process of its own: its writer knows nothing of what another one did."""
        return ThreadWriter(self.client, bot_id=BOT_ID, pacer=pacer or Pacer(channel_rate=None))

    async def thread(self, text: str = "web servers have drifted", *, recipient: str | None = ADA) -> ThreadRef:
        """A new message by Ada in #ops, as the thread it opens."""
        said = await self.control("say", {"user": ADA, "channel": OPS, "text": text})
        return ThreadRef(team=TEAM_ID, channel=OPS, thread_ts=said["ts"], recipient_user=recipient)

    async def control(self, verb: str, body: JsonObject) -> JsonObject:
        async with self.http.post(f"{self.address}/local/{verb}", json=body) as response:
            answer: JsonObject = await response.json()
            assert response.status == 200, answer
            return answer

    async def faults(self, **faults: Any) -> None:
        await self.control("faults", {"clear": True, **faults})

    async def look(self, verb: str, **query: str) -> JsonObject:
        async with self.http.get(f"{self.address}/local/{verb}", params=query) as response:
            answer: JsonObject = await response.json()
            return answer

    async def replies(self, thread: ThreadRef, *, viewer: str = ADA) -> list[JsonObject]:
        """What `viewer` sees in the thread, without its first message."""
        body = await self.look("thread", channel=thread.channel, ts=thread.thread_ts or "", viewer=viewer)
        return body["messages"][1:]


@asynccontextmanager
async def running_slack(data: Path, *arguments: str) -> AsyncGenerator[Slack]:
    """Start a workspace on a free port; stop it afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.local.slack",
        "--data",
        str(data),
        "--bot-token",
        TOKEN,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert line.startswith("ready "), line
        async with aiohttp.ClientSession() as http:
            yield Slack(line.split()[1], http)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def until(seen: Any, *, seconds: float = 60) -> Any:
    """Ask `seen` (an async function) until it answers something true; that answer."""
    async with asyncio.timeout(seconds):
        while True:
            answer = await seen()
            if answer:
                return answer
            await asyncio.sleep(0.03)
