"""The real rehearsal server and the real model client, shared by the tests of a session."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from agents.orchestrator.chat import Member
from agents.orchestrator.litellm_client import LiteLLMClient
from bot.local.rehearsal.members import rehearsal_members
from tests.unit.rehearsal.process import Rehearsal, rehearsal_process


@pytest.fixture(scope="session")
async def rehearsal_server() -> AsyncGenerator[Rehearsal, None]:
    async with rehearsal_process() as running:
        yield running


@pytest.fixture
async def rehearsal(rehearsal_server: Rehearsal) -> AsyncGenerator[Rehearsal, None]:
    yield rehearsal_server
    await rehearsal_server.heal()


@pytest.fixture(scope="session")
async def model_client() -> AsyncGenerator[LiteLLMClient, None]:
    client = LiteLLMClient()
    await client.warm()
    yield client
    await client.close()


@pytest.fixture
def members(rehearsal: Rehearsal) -> list[Member]:
    return rehearsal_members(rehearsal.url)
