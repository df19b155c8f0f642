from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.unit.narrator.workspace import Slack, running_slack


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Slack]:
    async with running_slack(tmp_path_factory.mktemp("slack"), "--no-rate-limits") as slack:
        yield slack


@pytest.fixture
async def slack(running: Slack) -> Slack:
    """A workspace without rate limits in which nothing goes wrong yet."""
    await running.faults()
    return running
