"""An agent over an estate of a test's own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agents.orchestrator.chat import Member
from agents.orchestrator.litellm_client import LiteLLMClient
from tests.unit.agents.bench import Bench, bench, draw


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
