"""Which models are evaluated, and the client that reaches them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from agents.orchestrator.chat import Member, ModelClient
from agents.orchestrator.litellm_client import LiteLLMClient
from bot.local.models import configured_members
from bot.local.rehearsal.members import rehearsal_members
from bot.local.rehearsal.server import RehearsalServer
from bot.settings import Settings, SettingsError

REHEARSAL = "rehearsal"


@dataclass(frozen=True)
class Models:
    client: ModelClient
    """Straight to them: whoever asks sees to it that calls are recorded, and repeated where that is safe."""
    members: Sequence[Member]


@asynccontextmanager
async def open_models(settings: Settings, names: Sequence[str]) -> AsyncGenerator[Models]:
    """The configured members, or those of them that `names` names; `rehearsal`: the rehearsal models, served here.

    Without a configured one the rehearsal models are evaluated. Raises `SettingsError` for a name that nobody has.
    """
    async with AsyncExitStack() as exits:
        wanted = [name.strip().lower() for name in names if name.strip()]
        members: list[Member] = []
        if wanted != [REHEARSAL]:
            members = _named(await configured_members(settings.llm, os.environ), wanted)
        if not members:
            members = rehearsal_members(await exits.enter_async_context(_rehearsal()))
        client = LiteLLMClient()
        exits.push_async_callback(client.close)
        await client.warm()
        yield Models(client, members)


def _named(members: list[Member], wanted: list[str]) -> list[Member]:
    known = {member.name.lower(): member for member in members}
    if unknown := [name for name in wanted if name not in known]:
        there = ", ".join([*(member.name for member in members), REHEARSAL])
        raise SettingsError([f"--models: got {unknown[0]!r}, which is no configured model; there are: {there}"])
    return [known[name] for name in wanted] or members


@asynccontextmanager
async def _rehearsal() -> AsyncGenerator[str]:
    """The address of a server of the rehearsal models in this process."""
    runner = web.AppRunner(RehearsalServer().app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
