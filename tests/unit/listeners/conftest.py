from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from temporalio.client import Client

from bot.local.slack.outbox import Patience
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import Slack, running
from tests.unit.workflows.conftest import temporal

__all__ = ["temporal"]


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[Slack]:
    """A workspace that waits for its answers as long as Slack does."""
    async with running(tmp_path, patience=Patience()) as workspace:
        yield workspace


@pytest.fixture
async def desk(slack: Slack, temporal: Client) -> AsyncGenerator[Desk]:
    async with open_desk(slack, temporal) as opened:
        yield opened
