from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from agents.orchestrator.litellm_client import LiteLLMClient
from tests.unit.orchestrator.provider import Provider, serve_provider


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    async with serve_provider() as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def litellm_client() -> AsyncIterator[LiteLLMClient]:
    client = LiteLLMClient()
    await client.warm()
    yield client
    await client.close()
