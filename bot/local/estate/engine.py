"""SQLite for several processes at once: WAL, a patient lock, and write transactions that say so at the start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.ledger.statements import begin_by

BUSY_MILLISECONDS = 15_000
"""How long a process waits for another's write before it gives up."""


class _Cursor(Protocol):
    def execute(self, statement: str) -> object: ...
    def close(self) -> object: ...


class _SqliteConnection(Protocol):
    """What SQLAlchemy hands to `connect` listeners, as far as it is used here."""

    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


def open_engine(path: Path, *, create: bool = False, query_only: bool = False) -> AsyncEngine:
    """An engine on the file. Without `create`, a file that is not there is an error rather than an empty estate.

    `query_only`: SQLite itself refuses every change.
    """
    mode = "rwc" if create else "rw"
    engine = create_async_engine(f"sqlite+aiosqlite:///file:{quote(str(path))}?mode={mode}&uri=true")
    _listen(engine.sync_engine, query_only=query_only)
    return engine


def _listen(engine: Engine, *, query_only: bool) -> None:
    event.listen(engine, "connect", _on_connect)
    if query_only:
        event.listen(engine, "connect", _refuse_changes)
    event.listen(engine, "begin", _on_begin)


def _refuse_changes(connection: _SqliteConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _on_connect(connection: _SqliteConnection, _record: object) -> None:
    # The driver's own implicit BEGIN is deferred and would turn a lost race into an error in mid-transaction.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    given = connection.get_execution_options()
    if not given.get("by_hand", False):
        begin_by(connection, "BEGIN IMMEDIATE" if given.get("writes", False) else "BEGIN")


def open_plain_engine(path: Path, *, query_only: bool = False, patient: bool = True) -> Engine:
    """A plain engine on a file that is there: for transactions that are one trip to a thread, not one a statement, and
    are begun by :func:`bot.ledger.statements.transaction`.

    Not `patient`: it never waits for a lock, and is for the event loop.
    """
    engine = create_engine(f"sqlite:///file:{quote(str(path))}?mode=rw&uri=true", execution_options={"by_hand": True})
    _listen(engine, query_only=query_only)
    if not patient:
        event.listen(engine, "connect", _never_wait)
    return engine


def _never_wait(connection: _SqliteConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=0")
    cursor.close()


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection, None]:
    """A write transaction, committed on the way out: the only one in any process until then."""
    async with engine.execution_options(writes=True).begin() as connection:
        yield connection


async def make_directory(path: Path) -> None:
    await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
