"""A model's endpoint that redirects: neither the key nor the prompt goes where it points."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from agents.orchestrator.chat import Member, ModelError
from agents.orchestrator.litellm_client import LiteLLMClient
from tests.unit.orchestrator.parts import request


@asynccontextmanager
async def serving(answer: web.Response | None, asked: list[str]) -> AsyncGenerator[str]:
    """`answer`: None: an empty object."""

    async def handle(incoming: web.Request) -> web.Response:
        asked.append(incoming.path)
        return web.json_response({}) if answer is None else web.Response(status=answer.status, headers=answer.headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _all(client: LiteLLMClient, member: Member) -> None:
    async for _ in client.stream(member, request()):
        pass


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [302, 307, 308])
@pytest.mark.parametrize(
    "model", ["openai/x", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-pro", "ollama_chat/x", "azure/x"]
)
async def test_a_redirect_is_a_failure(model: str, status: int, stream: bool, litellm_client: LiteLLMClient) -> None:
    there: list[str] = []
    elsewhere: list[str] = []
    async with serving(None, elsewhere) as target:
        moved = web.Response(status=status, headers={"Location": f"{target}/stolen"})
        async with serving(moved, there) as base:
            member = Member("m", model, "x", api_base=base, api_key="sk-the-key-of-the-tests")
            with pytest.raises(ModelError):
                await (_all(litellm_client, member) if stream else litellm_client.chat(member, request()))
    assert len(there) == 1
    assert elsewhere == []
