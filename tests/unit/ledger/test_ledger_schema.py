"""URLs, the engine's settings, and migrations."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from bot.ledger.database import Database, DatabaseUrlError, async_url
from bot.ledger.schema import VERSION_TABLE, migrate
from bot.ledger.tables import Base
from tests.unit.ledger.book import Book
from tools.contracts.ledger import LedgerUnavailable


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("sqlite:///a/b.db", "sqlite+aiosqlite:///a/b.db"),
        ("sqlite+aiosqlite:////abs/b.db", "sqlite+aiosqlite:////abs/b.db"),
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgres://u@h:5433/d", "postgresql+asyncpg://u@h:5433/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
    ],
)
def test_plain_urls_get_the_async_driver(given: str, wanted: str) -> None:
    assert async_url(given).render_as_string(hide_password=False) == wanted


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ledger.db",
        "mysql://u:hunter2@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_other_urls_are_refused_without_showing_a_password(given: str) -> None:
    with pytest.raises(DatabaseUrlError, match="DATABASE_URL") as refused:
        async_url(given)
    assert "hunter2" not in str(refused.value)


async def test_the_migrated_schema_is_the_one_the_code_declares(book: Book) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        )
        return list(compare_metadata(context, Base.metadata))

    async with book.database.reading() as connection:
        assert await connection.run_sync(differences) == []


def test_every_table_carries_the_org() -> None:
    assert [table.name for table in Base.metadata.sorted_tables if "org" not in table.c] == []


async def test_migrating_twice_changes_nothing_and_keeps_the_rows(book: Book) -> None:
    await book.add(3)
    await migrate(book.url)
    assert len(await book.entries()) == 3


async def test_processes_that_start_at_once_migrate_once(empty_url: str) -> None:
    await asyncio.gather(*(migrate(empty_url) for _ in range(6)))
    database = Database.open(empty_url)
    async with database.reading() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await database.close()
    assert set(names) == {*Base.metadata.tables, VERSION_TABLE}


async def test_a_database_that_is_not_one_is_a_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "not.db"
    path.write_text("this is no database, and it is longer than a header would be, so SQLite says so" * 20)
    with pytest.raises(LedgerUnavailable, match="file is not a database"):
        await migrate(f"sqlite:///{path}", lock_timeout_seconds=0.1)


async def test_sqlite_is_set_for_durable_concurrent_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'er' / 'ledger.db'}"
    await migrate(url)
    database = Database.open(url, lock_timeout_seconds=3)
    async with database.reading() as connection:
        values = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
    await database.close()
    assert values == ["wal", 2, 3000, 1]


async def test_a_failed_transaction_leaves_nothing_behind(book: Book) -> None:
    async def drop_and_fail() -> None:
        async with book.database.writing("x") as connection:
            await connection.exec_driver_sql("DROP TABLE ledger_entries")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await drop_and_fail()
    assert await book.entries() == []


async def test_databases_migrated_at_once_in_one_process_do_not_mix(tmp_path: Path) -> None:
    # Alembic keeps in its modules what it is at work on.
    await asyncio.gather(*(migrate(f"sqlite:///{tmp_path / f'{number}.db'}") for number in range(4)))
