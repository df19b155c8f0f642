"""Databases of older schemas, with data in every table, and what became of each row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, insert, select

from bot.ledger.database import Database
from bot.ledger.schema import VERSION_TABLE, migrate

RECORDED = json.loads((Path(__file__).parent / "recorded" / "0001.json").read_text("utf-8"))
"""What the code of the first schema wrote (commit d91bfe6, with `book.KEY`): a task of four entries, one of them with
an artifact and one with its row of the request log, and the anchor."""

ENTRIES = len(RECORDED["tables"]["ledger_entries"])
_MOMENT = datetime(2026, 11, 23, 11, 6, 50, tzinfo=UTC)
_FILLING: Mapping[type, object] = {str: "as it was", int: 7, float: 1.5, bool: True, datetime: _MOMENT}

Rows = dict[str, list[dict[str, Any]]]


async def lay(url: str, version: str) -> Rows:
    """A database of this schema: what was recorded, and a row in every other table. What is in it then."""
    await migrate(url, to="0001")
    await _within(url, _record)
    await migrate(url, to=version)
    await _within(url, _fill)
    return await rows(url)


async def rows(url: str) -> Rows:
    """Table → its rows, in the order of all their columns."""
    return await _within(url, _read)


async def _within(url: str, work: Any) -> Any:
    database = Database.open(url)
    try:
        async with database.writing("laying") as connection:
            return await connection.run_sync(work)
    finally:
        await database.close()


def _tables(connection: Connection) -> list[Table]:
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def _record(connection: Connection) -> None:
    for table in _tables(connection):
        for row in RECORDED["tables"][table.name]:
            given = {column.name: _as(column, row[column.name]) for column in table.columns}
            connection.execute(insert(table).values(given))


def _fill(connection: Connection) -> None:
    for table in _tables(connection):
        if connection.execute(select(table).limit(1)).first() is None:
            row = {column.name: _FILLING[column.type.python_type] for column in table.columns}
            connection.execute(insert(table).values(row))


def _read(connection: Connection) -> Rows:
    found: Rows = {}
    for table in _tables(connection):
        order = [table.c[name] for name in sorted(table.c.keys())]
        found[table.name] = [dict(row) for row in connection.execute(select(table).order_by(*order)).mappings()]
    return found


def _as(column: Column[Any], value: Any) -> Any:
    """A recorded value, as SQLite had it, for a column."""
    if value is None:
        return None
    if column.type.python_type is datetime:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return column.type.python_type(value)
