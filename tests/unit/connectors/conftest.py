"""A QL-RF-shaped server over a copy of a sample estate, on a real socket, and the connector against it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from bot.local.estate import NEIGHBOR_ORG, SampleEstate, seed_estate
from bot.local.qlrf.app import QlrfServer, ServedEstate
from bot.local.qlrf.shapes import env_id
from tools.connectors.qlrf.client import QlrfClient
from tools.connectors.qlrf.estate import QlrfEstate
from tools.contracts.common import Environment

ORG = "TACME"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TOKEN = "the-token-that-is-taken"
NEIGHBORS_TOKEN = "the-neighbors-token"
ENVIRONMENTS: dict[str, Environment] = {
    env_id("production"): "production",
    env_id("staging"): "staging",
    env_id("development"): "development",
}


@dataclass
class Remote:
    """The server, the connector that asks it, and the estate it serves."""

    server: QlrfServer
    url: str
    estate: QlrfEstate
    sample: SampleEstate
    path: Path

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.path)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(statement, values)]
        finally:
            connection.close()

    def alter(self, statement: str, *values: Any) -> None:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                assert connection.execute(statement, values).rowcount > 0, statement
        finally:
            connection.close()

    def connector(self, **changes: Any) -> QlrfEstate:
        """Another connector to the same server. Close its client."""
        client = QlrfClient(self.url, changes.pop("token", TOKEN), timeout_seconds=changes.pop("timeout_seconds", 5.0))
        return QlrfEstate(client, changes.pop("org", ORG), environments=ENVIRONMENTS, now=lambda: NOW, **changes)


@pytest.fixture(scope="session")
async def drawn_for_qlrf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("qlrf") / "estate.db"
    await seed_estate(path, seed=11, org=ORG, now=NOW)
    return path


@pytest.fixture
async def remote(drawn_for_qlrf: Path, tmp_path: Path) -> AsyncGenerator[Remote]:
    path = Path(shutil.copy(drawn_for_qlrf, tmp_path / "estate.db"))
    served = ServedEstate(path, now=lambda: NOW)
    server = QlrfServer(served, tokens={TOKEN: ORG, NEIGHBORS_TOKEN: NEIGHBOR_ORG})
    async with TestServer(server.app()) as listening:
        url = str(listening.make_url("")).rstrip("/")
        client = QlrfClient(url, TOKEN, timeout_seconds=5.0)
        estate = QlrfEstate(client, ORG, environments=ENVIRONMENTS, now=lambda: NOW)
        yield Remote(server, url, estate, served, path)
        await estate.close()
    await served.close()
