"""One real Temporal dev server for these tests, as the stack starts it, and a worker for each."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from temporalio.client import Client

from bot.local.stack import open_stack
from bot.settings import Settings
from bot.workflows.client import connect

KEY = b"k" * 32


@pytest.fixture(scope="session")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Client]:
    settings = Settings.embedded(data_dir=tmp_path_factory.mktemp("temporal"))
    async with open_stack(settings, want=["temporal"]) as stack:
        yield await connect(stack.settings.temporal, address=stack.temporal_address, codec_key=KEY)
