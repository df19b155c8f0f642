"""A fresh workspace for each test, and a Bolt app connected to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.unit.local_slack.harness import Bot, Slack, connected, running


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[Slack]:
    async with running(tmp_path) as workspace:
        yield workspace


@pytest.fixture
async def bot(slack: Slack) -> AsyncGenerator[Bot]:
    async with connected(slack) as app:
        yield app
