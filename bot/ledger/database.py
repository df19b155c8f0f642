"""The SQL database: SQLite by default, PostgreSQL by URL. One engine, two kinds of transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from contextvars import copy_context
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.ledger.connections import Connections
from bot.ledger.statements import begin_by, transaction

Result = TypeVar("Result")

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_BEGIN = "gavel_begin"
"""Execution option: how a SQLite transaction begins; None: it does not, each statement stands alone."""


class DatabaseUrlError(ValueError):
    """`DATABASE_URL` names no database that can hold the ledger. The message never shows the password."""


def async_url(url: str) -> URL:
    """`sqlite:///…` and `postgresql://…` with their async drivers. Raises :class:`DatabaseUrlError`."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUrlError(
            "DATABASE_URL is not a database URL. Use sqlite:///path/to/file.db or postgresql://user@host/name."
        ) from error
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise DatabaseUrlError(
            f"DATABASE_URL starts with {parsed.drivername}://. Allowed are sqlite:// and postgresql://."
        )
    if driver == "sqlite+aiosqlite" and (parsed.database in {None, "", ":memory:"} or "mode" in parsed.query):
        raise DatabaseUrlError("DATABASE_URL must name a SQLite file: a ledger in memory is lost with the process.")
    if driver == "postgresql+asyncpg" and "sslmode" in parsed.query:
        # libpq's name; asyncpg takes the same values under its own.
        sslmode = parsed.query["sslmode"]
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": sslmode})
    return parsed.set(drivername=driver)


class Database:
    """An engine and its rules. Open one per process and hand it down; `close` it at the end."""

    def __init__(self, engine: AsyncEngine, *, lock_timeout_seconds: float) -> None:
        self.engine = engine
        self._lock_timeout_ms = int(lock_timeout_seconds * 1000)
        self._sqlite = engine.dialect.name == "sqlite"
        plain = _plain_engine(engine.url, lock_timeout_seconds) if self._sqlite else None
        # Without BEGIN: :func:`transaction` says it.
        self._plain = None if plain is None else Connections(plain.execution_options(**{_BEGIN: None}))
        """SQLite without the asynchronous driver, which goes to its thread and back for each statement."""
        # Without BEGIN here, too: a single statement is a transaction of its own.
        at_hand = _plain_engine(engine.url, 0).execution_options(**{_BEGIN: None}) if self._sqlite else None
        self._at_hand = None if at_hand is None else Connections(at_hand)
        """SQLite for whoever must not wait for its locks."""
        # SQLite has one writer at a time: within a process it is cheaper to queue here than to poll its lock.
        self._turn = asyncio.Lock()

    @classmethod
    def open(cls, url: str, *, lock_timeout_seconds: float = 10) -> Database:
        """Raises :class:`DatabaseUrlError`. No connection is made yet; a SQLite file's folder is."""
        parsed = async_url(url)
        if parsed.drivername == "sqlite+aiosqlite":
            engine = create_async_engine(parsed, hide_parameters=True)
            _prepare_sqlite(engine.sync_engine, lock_timeout_seconds)
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        else:
            # pre-ping: a connection that PostgreSQL closed meanwhile is replaced, not failed on.
            engine = create_async_engine(parsed, hide_parameters=True, pool_pre_ping=True)
        return cls(engine, lock_timeout_seconds=lock_timeout_seconds)

    async def close(self) -> None:
        for connections in (self._plain, self._at_hand):
            if connections is not None:
                await asyncio.to_thread(connections.close)
        await self.engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that only reads."""
        async with self.engine.connect() as connection:
            yield connection

    async def look(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work`, which only reads, in a transaction: on SQLite in one trip to a thread."""
        if self._plain is None:
            async with self.reading() as connection:
                return await connection.run_sync(work)
        return await asyncio.to_thread(_look, self._plain, work)

    async def glance(self, work: Callable[[Connection], Result]) -> Result:
        """:meth:`look` by one statement, for what an index leads to in some microseconds, a few rows: on SQLite without
        a trip to a thread, which takes ten times as long. A reader does not wait for a writer there (WAL); where it
        would have to wait for anything, the trip is made.
        """
        if self._at_hand is not None:
            try:
                with self._at_hand.one() as connection:
                    return work(connection)
            except OperationalError:
                pass  # locked, or not there at all: in a thread there is time to find out
        return await self.look(work)

    @asynccontextmanager
    async def writing(self, topic: str) -> AsyncGenerator[AsyncConnection]:
        """A transaction that holds `topic` (an org's chain, the schema) against every other process.

        Committed on leaving, rolled back on an exception. What it reads cannot be changed by another writer of the
        same topic before it commits. SQLite locks the file; PostgreSQL takes an advisory lock.
        """
        if self._sqlite:
            async with self._turn, self.engine.connect() as plain:
                connection = await plain.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
                async with connection.begin():
                    yield connection
            return
        async with self.engine.begin() as connection:
            await connection.execute(
                text("SELECT set_config('lock_timeout', :ms, true)"), {"ms": str(self._lock_timeout_ms)}
            )
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _lock_number(topic)})
            yield connection

    async def transact(
        self, topic: str, work: Callable[[Connection], Result], *, then: Callable[[Result], None] | None = None
    ) -> Result:
        """Do `work` in a transaction as :meth:`writing` has it, in one go: on SQLite in a thread of its own.

        `then` is done when that is committed, in a thread: blocking, and short. It may be left out after a commit, as
        where the process dies just then. What a caller cancels is, on SQLite, done to its end all the same; on
        PostgreSQL it is rolled back where it was not committed, and `then` left out where it was not begun.
        """
        if self._plain is None:
            async with self.writing(topic) as connection:
                result = await connection.run_sync(work)
            if then is not None:
                await asyncio.to_thread(then, result)
            return result
        async with self._turn:
            context, connections = copy_context(), self._plain

            def done() -> Result:
                return context.run(lambda: _transaction(connections, work, then))

            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, done))

    async def use_write_ahead_log(self) -> None:
        """Switch a SQLite file to WAL (it stays so): readers and the writer no longer wait for one another.

        SQLite does not wait for its lock here, so two processes that start at once take turns by asking again.
        """
        if not self._sqlite:
            return
        deadline = asyncio.get_running_loop().time() + self._lock_timeout_ms / 1000
        while True:
            try:
                async with self.engine.connect() as plain:
                    connection = await plain.execution_options(**{_BEGIN: None})
                    await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            except OperationalError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.05)
            else:
                return


def _lock_number(topic: str) -> int:
    return int.from_bytes(hashlib.sha256(f"gavel:{topic}".encode()).digest()[:8], "big", signed=True)


def _plain_engine(url: URL, lock_timeout_seconds: float) -> Engine:
    engine = create_engine(url.set(drivername="sqlite"), hide_parameters=True)
    _prepare_sqlite(engine, lock_timeout_seconds)
    return engine


def _look(connections: Connections, work: Callable[[Connection], Result]) -> Result:
    # Begun here and not by the first statement: what several find is of one moment.
    with connections.one() as connection, transaction(connection):
        return work(connection)


def _transaction(
    connections: Connections, work: Callable[[Connection], Result], then: Callable[[Result], None] | None
) -> Result:
    with connections.one() as connection, transaction(connection, "BEGIN IMMEDIATE"):
        result = work(connection)
    if then is not None:
        then(result)
    return result


def _prepare_sqlite(engine: Engine, lock_timeout_seconds: float) -> None:
    pragmas = (
        f"PRAGMA busy_timeout={int(lock_timeout_seconds * 1000)}",
        "PRAGMA foreign_keys=ON",
        # FULL: in WAL mode, NORMAL may lose the last commits in a power cut. A recorded entry would be gone, and the
        # anchor would be ahead of the chain, which must mean tampering and nothing else.
        "PRAGMA synchronous=FULL",
    )

    @event.listens_for(engine, "connect")
    def _on_connect(dbapi_connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # The driver's own late BEGIN would leave DDL and reads outside the transaction: `_on_begin` begins it.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        statement: str | None = connection.get_execution_options().get(_BEGIN, "BEGIN")
        if statement is not None:
            begin_by(connection, statement)


def reason_of(error: BaseException) -> str:
    """The database's own words in one line, without SQL and without parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    words = " ".join(str(cause).split())[:300]
    return f"{type(cause).__name__}: {words}" if words else type(cause).__name__
