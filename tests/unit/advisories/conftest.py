"""One database with the advisories' tables is made for the session; every test changes a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.ledger.database import Database


@pytest.fixture(scope="session")
async def empty_advisories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("advisories") / "gavel.db"
    await migrate_advisories(f"sqlite:///{path}")
    return path


@pytest.fixture
async def store(empty_advisories: Path, tmp_path: Path) -> AsyncGenerator[SqlAdvisories]:
    database = Database.open(f"sqlite:///{shutil.copy(empty_advisories, tmp_path / 'gavel.db')}")
    yield SqlAdvisories(database)
    await database.close()
