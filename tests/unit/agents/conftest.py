"""The real rehearsal server and the real model client, shared by the tests of a session."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agents.orchestrator.chat import Member
from agents.orchestrator.litellm_client import LiteLLMClient
from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.ledger.database import Database
from bot.local.estate.cves import bundled_advisories
from bot.local.rehearsal.members import rehearsal_members
from tests.unit.agents.bench import Bench, bench, draw, now
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


@pytest.fixture(scope="session")
async def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await draw(tmp_path_factory.mktemp("drawn"), seed=7)


@pytest.fixture
async def workbench(
    drawn: Path, tmp_path: Path, model_client: LiteLLMClient, members: list[Member]
) -> AsyncGenerator[Bench, None]:
    """Over an estate of the test's own."""
    path = Path(shutil.copy(drawn, tmp_path / "estate.db"))
    async with bench(path, model_client, members) as made:
        yield made


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


@pytest.fixture
def members(rehearsal: Rehearsal) -> list[Member]:
    return rehearsal_members(rehearsal.url)
