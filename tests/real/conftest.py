from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.providers.catalog import discover, providers
from agents.orchestrator.providers.provider import Provider


@pytest_asyncio.fixture(scope="session")
async def smollm() -> AsyncIterator[Provider]:
    """A real model behind a real OpenAI-compatible server, configured as anybody's own is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.real.llama",
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = LiteLLMClient()
    try:
        async with asyncio.timeout(60):
            address = (await process.stdout.readline()).decode().strip()
        environ = {"COMPATIBLE_API_BASE": f"{address}/v1", "GAVEL_MODEL_COMPATIBLE": "smollm2-135m"}
        await client.warm()
        [own] = [provider for provider in providers(discover(environ), client) if provider.is_configured]
        yield own
    finally:
        await client.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
