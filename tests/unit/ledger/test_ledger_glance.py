from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, text

from bot.ledger.database import Database
from tests.unit.ledger.book import Book


def _count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM rows")).scalar_one())


async def test_a_glance_sees_what_was_just_written(book: Book) -> None:
    def begin(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE rows (name TEXT)"))

    def add(connection: Connection) -> None:
        connection.execute(text("INSERT INTO rows VALUES ('one')"))

    await book.database.transact("test", begin)
    for number in range(3):
        assert await book.database.glance(_count) == number
        await book.database.transact("test", add)


async def test_a_glance_at_a_locked_file_waits_without_holding_anybody_up(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE rows (name TEXT)")
    database = Database.open(f"sqlite:///{path}")
    other.isolation_level = None
    other.execute("BEGIN EXCLUSIVE")
    glance = asyncio.create_task(database.glance(_count))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(0.05)
    assert loop.time() - began < 2
    assert not glance.done()
    other.execute("COMMIT")
    other.close()
    assert await glance == 0
    await database.close()
