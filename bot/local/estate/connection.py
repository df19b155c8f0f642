"""The sample estate's file, as every part of the connector reads and changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ledger.connections import Connections
from bot.ledger.statements import transaction
from bot.local.estate.engine import open_engine, open_plain_engine, writing
from bot.local.estate.memory import FileVersion, Memory
from tools.connectors.base import EstateError

Row = TypeVar("Row")
Answer = TypeVar("Answer")


def utc_now() -> datetime:
    return datetime.now(UTC)


class EstateFile:
    """Transactions on the file; a database error is an `EstateError`, never an empty answer."""

    name = "sample estate"
    query_only = False
    """Whether SQLite refuses every change, by whatever way it comes."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = utc_now) -> None:
        self._path = path
        self._now = now
        self._engine = open_engine(path, query_only=self.query_only)
        self._version, self._memory = FileVersion(path), Memory()
        self._turn = asyncio.Lock()
        self._plain = Connections(open_plain_engine(path, query_only=self.query_only))
        self._at_hand = Connections(open_plain_engine(path, query_only=self.query_only, patient=False))

    async def close(self) -> None:
        self._version.close()
        for connections in (self._plain, self._at_hand):
            await asyncio.to_thread(connections.close)
        await self._engine.dispose()

    async def _remembered(
        self, what: Hashable, read: Callable[[Connection], list[Row]], *, few: bool = False
    ) -> list[Row]:
        """What `read` finds, or found while the file was as it is now: SQLite says whether anybody has changed it.

        `few`: an index leads to all of it. That is read without a trip to a thread, which takes ten times as long.
        """
        version = self._version.now()
        found: list[Row] | None = self._memory.recall(what, version)
        if found is None:
            found = await (self._glanced(read) if few else self._in_thread(read))
            if self._version.now() == version:  # nobody changed it meanwhile: it was found at that version
                self._memory.keep(what, found, version)
        return list(found)

    async def _glanced(self, work: Callable[[Connection], Answer]) -> Answer:
        try:
            with self._at_hand.one() as connection, transaction(connection):
                return work(connection)
        except SQLAlchemyError:
            return await self._in_thread(work)  # where there is time to wait for a lock, and to find out

    async def _in_thread(self, work: Callable[[Connection], Answer], *, writes: bool = False) -> Answer:
        """A transaction in one trip to a thread. `writes`: the only one in any process until it is over."""

        def done() -> Answer:
            begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
            with self._plain.one() as connection, transaction(connection, begin):
                return work(connection)

        try:
            # SQLite has one writer at a time: who waits for it here keeps no thread waiting.
            async with self._turn if writes else nullcontext():
                return await asyncio.to_thread(done)
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
