"""SQLite always; PostgreSQL as well where GAVEL_TEST_POSTGRES_URL names a server on which databases may be made."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database, async_url
from bot.ledger.ledger import Ledger
from bot.ledger.schema import migrate
from tests.unit.ledger.book import KEY, Book
from tests.unit.ledger.operators import Operator

POSTGRES = os.environ.get("GAVEL_TEST_POSTGRES_URL", "")


async def _on_server(statement: str) -> None:
    engine = create_async_engine(async_url(POSTGRES), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[str]:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    name = f"gavel_test_{uuid.uuid4().hex}"
    await _on_server(f"CREATE DATABASE {name}")
    yield async_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    await _on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def url(empty_url: str) -> str:
    """The URL of a database with the current schema."""
    await migrate(empty_url)
    return empty_url


@pytest.fixture
async def book(url: str, tmp_path: Path) -> AsyncGenerator[Book]:
    database = Database.open(url, lock_timeout_seconds=10)
    directory = tmp_path / "anchors"
    anchor = FileAnchor(directory, key=KEY)
    ledger = Ledger(database, anchor, key=KEY)
    yield Book(url, database, anchor, directory, ledger)
    await ledger.close()
    await database.close()


@pytest.fixture
def operator(book: Book, tmp_path: Path) -> Operator:
    return Operator(book, tmp_path)
