"""The real rehearsal server, the real model client and the sample CVE data, shared by the tests of a session."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from agents.orchestrator.chat import Member
from agents.orchestrator.litellm_client import LiteLLMClient
from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.ledger.database import Database
from bot.local.estate.cves import bundled_advisories
from bot.local.rehearsal.members import rehearsal_members
from tests.unit.agents.bench import now
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


@pytest.fixture(scope="session")
async def advisories(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[SqlAdvisories]:
    """The sample estate's CVE data, read only."""
    url = f"sqlite:///{tmp_path_factory.mktemp('advisories') / 'gavel.db'}"
    await migrate_advisories(url)
    database = Database.open(url)
    store = SqlAdvisories(database)
    await store.put(bundled_advisories(), at=now(), origin="sample")
    yield store
    await database.close()
