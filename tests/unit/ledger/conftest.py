"""What keeps a ledger is tested on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.schema import migrate
from tests.postgres import Shelf, database_on
from tests.unit.ledger.book import KEY, Book
from tests.unit.ledger.operators import Operator


@pytest.fixture
async def empty_url(sql_server: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[str]:
    """The URL of a database without any table."""
    if sql_server == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    async with database_on(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
async def url(sql_server: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[str]:
    """The URL of a database with the current schema."""
    if sql_server == "sqlite":
        made = f"sqlite:///{tmp_path / 'ledger.db'}"
        await migrate(made)
        yield made
        return
    shelf: Shelf = request.getfixturevalue("postgres_shelf")
    async with shelf.lent() as lent:
        yield lent


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
