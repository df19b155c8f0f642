from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from bot.local.stack import RunningStack, open_stack
from bot.settings import Settings
from tests.unit.ledger.conftest import book, empty_url, url
from tests.unit.orchestrator.conftest import litellm_client, provider

__all__ = ["book", "empty_url", "litellm_client", "provider", "url"]


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningStack]:
    """A real Redis."""
    settings = Settings.embedded(data_dir=tmp_path_factory.mktemp("redis"))
    async with open_stack(settings, want=["redis"]) as running:
        yield running
