"""The sample estate's file, as every part of the connector reads and changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, Select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate.engine import open_engine, open_plain_engine, writing
from tools.connectors.base import EstateError

Row = TypeVar("Row")
Answer = TypeVar("Answer")


def utc_now() -> datetime:
    return datetime.now(UTC)


_MEMORY = "gavel_remembered"
_REMEMBERED = 200
"""Answers that a connection keeps at most."""


@dataclass
class _Memory:
    """What was found by one connection while the file was at one version of that connection's."""

    version: int
    found: dict[Hashable, Any] = field(default_factory=dict[Hashable, Any])


class EstateFile:
    """Transactions on the file; a database error is an `EstateError`, never an empty answer."""

    name = "sample estate"

    def __init__(self, path: Path, *, now: Callable[[], datetime] = utc_now) -> None:
        self._path = path
        self._now = now
        self._engine = open_engine(path)
        self._turn = asyncio.Lock()
        self._plain = open_plain_engine(path)

    async def close(self) -> None:
        await asyncio.to_thread(self._plain.dispose)
        await self._engine.dispose()

    async def _read(self, statement: Select[Any], shape: Callable[[RowMapping], Row]) -> list[Row]:
        """One statement's rows, in a thread: what agents and gates ask for many times a task."""

        return await self._in_thread(
            lambda connection: [shape(row) for row in connection.execute(statement).mappings()]
        )

    async def _remembered(self, what: Hashable, read: Callable[[Connection], list[Row]]) -> list[Row]:
        """What `read` finds, or found while the file was as it is now: SQLite says whether anybody has changed it."""

        def look(connection: Connection) -> list[Row]:
            # Asked within the transaction, all of which is of one moment.
            version: int = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
            memory: object = connection.info.get(_MEMORY)
            if not isinstance(memory, _Memory) or memory.version != version or len(memory.found) > _REMEMBERED:
                memory = connection.info[_MEMORY] = _Memory(version)
            found: list[Row] = memory.found[what] if what in memory.found else read(connection)
            memory.found[what] = found
            return list(found)

        return await self._in_thread(look)

    async def _in_thread(self, work: Callable[[Connection], Answer], *, writes: bool = False) -> Answer:
        """A transaction in one trip to a thread. `writes`: the only one in any process until it is over."""
        engine = self._plain.execution_options(writes=writes)

        def transaction() -> Answer:
            with engine.begin() as connection:
                if writes:
                    # A connection's own changes do not count for the version that it reads.
                    connection.info.pop(_MEMORY, None)
                return work(connection)

        try:
            # SQLite has one writer at a time: who waits for it here keeps no thread waiting.
            async with self._turn if writes else nullcontext():
                return await asyncio.to_thread(transaction)
        except SQLAlchemyError as error:
            raise EstateError(self._sentence(error, writes=writes)) from error

    def _sentence(self, error: SQLAlchemyError, *, writes: bool) -> str:
        cause = str(error.__cause__ or error).splitlines()[0]
        if writes:
            return f"The sample estate at {self._path} could not be changed: {cause}. Nothing was changed."
        return f"The sample estate at {self._path} could not be read: {cause}."

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AsyncConnection, None]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise EstateError(self._sentence(error, writes=False)) from error

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncConnection, None]:
        try:
            async with writing(self._engine) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise EstateError(self._sentence(error, writes=True)) from error
