"""Chromium, and two workspaces to look at: one with the whole product in it, one with a bot that only listens."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.page.chromium import chromium, missing
from tests.unit.local_slack.harness import Bot, Slack, connected, running
from tests.whole.town import Town, open_town, unconfigured

STORM = {"GAVEL_ALERTS_STORM_ALERTS": "5", "GAVEL_ALERTS_STORM_INVESTIGATIONS": "2"}


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    reason = missing()
    if reason is not None:
        # Where everything must have been installed, what was not tested has not passed.
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    async with chromium() as running_browser:
        yield running_browser


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[Slack]:
    async with running(tmp_path) as workspace:
        yield workspace


@pytest.fixture
async def bot(slack: Slack) -> AsyncGenerator[Bot]:
    async with connected(slack) as app:
        yield app


@pytest.fixture(scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Town]:
    """The whole product, as `make up` runs it; a storm begins with few alerts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(unconfigured(os.environ)):
            patch.delenv(name)
        async with open_town(tmp_path_factory.mktemp("town"), **STORM) as opened:
            await opened.serve("both")
            yield opened
