from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.keys import Keys
from bot.keystore.ring import RING_FILE, RingSource
from bot.keystore.sealing import MasterKey
from bot.settings import Settings
from bot.settings_slack import SlackSettings
from tests.unit.ledger.conftest import book, empty_url, url
from tests.unit.local_slack.harness import QUICK, Slack, running
from tests.unit.tenants.distributed import CLIENT_ID, CLIENT_SECRET, REDIRECT

__all__ = ["book", "empty_url", "url"]


@pytest.fixture
def ring(tmp_path: Path) -> RingSource:
    """Of an installation that makes its own master keys."""
    return RingSource((), tmp_path / RING_FILE, MasterKey(Keys(b"m" * 32).derive("keystore")))


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[Slack]:
    """Two workspaces; the app is distributed with tokens that rotate, and installed in neither yet."""
    async with running(tmp_path / "slack", second=True, patience=replace(QUICK, ack=3.0)) as workspace:
        settings = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_urls": [REDIRECT]}
        assert (await workspace.act("distribution", **settings, token_rotation=True))["ok"]
        yield workspace


@pytest.fixture
def settings(slack: Slack, tmp_path: Path) -> Settings:
    """Of a Gavel that workspaces install."""
    access = SlackSettings.model_construct(
        api_url=f"{slack.base}/api/",
        mode="http",
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        redirect_url=REDIRECT,
    )
    return Settings.embedded(data_dir=tmp_path).model_copy(update={"slack": access})
