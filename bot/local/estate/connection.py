"""The sample estate's file, as every part of the connector reads and changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import RowMapping, Select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate.engine import open_engine, open_reader, writing
from tools.connectors.base import EstateError

Row = TypeVar("Row")


def utc_now() -> datetime:
    return datetime.now(UTC)


class EstateFile:
    """Transactions on the file; a database error is an `EstateError`, never an empty answer."""

    name = "sample estate"

    def __init__(self, path: Path, *, now: Callable[[], datetime] = utc_now) -> None:
        self._path = path
        self._now = now
        self._engine = open_engine(path)
        self._reader = open_reader(path)

    async def close(self) -> None:
        await asyncio.to_thread(self._reader.dispose)
        await self._engine.dispose()

    async def _read(self, statement: Select[Any], shape: Callable[[RowMapping], Row]) -> list[Row]:
        """One statement's rows, in a thread: what agents and gates ask for many times a task."""

        def rows() -> list[Row]:
            with self._reader.connect() as connection:
                return [shape(row) for row in connection.execute(statement).mappings()]

        try:
            return await asyncio.to_thread(rows)
        except SQLAlchemyError as error:
            raise EstateError(f"The sample estate at {self._path} could not be read: {_cause(error)}.") from error

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AsyncConnection, None]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise EstateError(f"The sample estate at {self._path} could not be read: {_cause(error)}.") from error

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncConnection, None]:
        try:
            async with writing(self._engine) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise EstateError(
                f"The sample estate at {self._path} could not be changed: {_cause(error)}. Nothing was changed."
            ) from error


def _cause(error: SQLAlchemyError) -> str:
    return str(error.__cause__ or error).splitlines()[0]
