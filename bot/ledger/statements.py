"""Statements written once, in SQLAlchemy, for both databases; on SQLite sent by its own driver.

What SQLAlchemy does for each statement that it executes takes twenty times as long as SQLite takes for it. The text and
the conversion of values are SQLAlchemy's there too, made once and kept. PostgreSQL's go through SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Update, UpdateBase
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.selectable import CompoundSelect
from sqlalchemy.types import TypeEngine

from bot.redaction import is_array

Row = Mapping[str, Any]
"""Column → value."""

_DIALECT: Dialect = sqlite.dialect(paramstyle="named")
_MAX_SHAPES = 64
"""Texts kept of a statement with lists in it: one for each of the numbers of items they come with."""

_Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class _Text:
    """A statement as SQLite's driver takes it."""

    sql: str
    constants: Row
    """What the statement itself says."""
    converted: Mapping[str, _Convert]
    """Given value → what the driver takes, where these differ."""

    def values(self, given: Row) -> dict[str, Any]:
        values = {**self.constants, **given}
        for name, convert in self.converted.items():
            values[name] = convert(values[name])
        return values


class Question:
    """A statement that answers with rows."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._texts: dict[tuple[tuple[str, int], ...], _Text] = {}
        columns = {str(column.key): _result(column.type) for column in statement.selected_columns}
        self._names = tuple(columns)
        self._converted = {name: convert for name, convert in columns.items() if convert is not None}

    def rows(self, connection: Connection, given: Row) -> list[Row]:
        """All of them. Raises `SQLAlchemyError`."""
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            return [dict(row) for row in connection.execute(self._statement, given).mappings()]
        lists = _lists(given)
        text = self._text(given, lists)
        values = text.values({name: value for name, value in given.items() if name not in lists} | _spread(lists))
        found = [dict(zip(self._names, row, strict=True)) for row in sent(driver, text.sql, values)]
        for row in found:
            for name, convert in self._converted.items():
                row[name] = convert(row[name])
        return [*found]

    def row(self, connection: Connection, given: Row) -> Row | None:
        """The only one; None: there is none. Raises `SQLAlchemyError`, `ValueError` where there are more."""
        rows = self.rows(connection, given)
        if len(rows) > 1:
            raise ValueError(f"{len(rows)} rows where one was asked for")
        return rows[0] if rows else None

    def _text(self, given: Row, lists: Mapping[str, Sequence[object]]) -> _Text:
        shape = tuple(sorted((name, len(value)) for name, value in lists.items()))
        text = self._texts.get(shape)
        if text is None:
            text = _compiled(self._statement.params(given), given)
            if len(self._texts) < _MAX_SHAPES:
                self._texts[shape] = text
        return text


class Change:
    """A statement that adds, changes or removes rows; what it is given are all of its values."""

    def __init__(self, statement: Insert | Update | Delete) -> None:
        self._statement: UpdateBase = statement
        self._text: tuple[frozenset[str], _Text] | None = None

    def make(self, connection: Connection, *rows: Row) -> None:
        """Once for each. All have the same names. Raises `SQLAlchemyError`."""
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            given = [dict(row) for row in rows]
            connection.execute(self._statement, given if len(given) > 1 else given[0])
            return
        names = frozenset(rows[0])
        kept = self._text
        if kept is None or kept[0] != names:
            # Its own from here on: another thread may keep one of other names meanwhile.
            kept = self._text = names, _compiled(self._statement, rows[0])
        for row in rows:
            sent(driver, kept[1].sql, kept[1].values(row))


def sent(driver: sqlite3.Connection, sql: str, values: Row | None = None) -> list[tuple[Any, ...]]:
    """The rows it answers with. Raises what SQLAlchemy raises."""
    try:
        return driver.execute(sql, values or {}).fetchall()
    except sqlite3.Error as error:
        raise DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True, dialect=_DIALECT) from error


@contextmanager
def transaction(connection: Connection, begin: str = "BEGIN") -> Generator[None]:
    """A transaction on SQLite's own driver, committed on leaving, rolled back on an exception: begun by SQLAlchemy it
    takes as long as three statements. The connection's engine must begin none itself. Raises `SQLAlchemyError`.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("Only on SQLite, by its own driver.")
    sent(driver, begin)
    try:
        yield
        sent(driver, "COMMIT")
    except BaseException:
        driver.rollback()
        raise


def begin_by(connection: Connection, sql: str) -> None:
    """For listeners to `begin`, which have the driver begin nothing by itself. Raises `SQLAlchemyError`."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        sent(driver, sql)
    else:  # aiosqlite's
        connection.exec_driver_sql(sql)


def _compiled(statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | UpdateBase, given: Row) -> _Text:
    keys = list(given) if isinstance(statement, UpdateBase) else None
    compiled = statement.compile(dialect=_DIALECT, column_keys=keys)
    expanded = compiled.construct_expanded_state(dict(given))
    listed = _lists(given)
    named = {name: value for name, value in expanded.parameters.items() if name not in listed}
    spread = _spread(listed)
    converted: dict[str, _Convert] = {}
    for bound, name in compiled.bind_names.items():
        convert = bound.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
        if convert is not None and name in named:
            converted[name] = convert
    for name, convert in expanded.processors.items():
        if not callable(convert):
            raise TypeError(f"{name} is a list of tuples whose values SQLite's driver does not take as they are")
        if name in named:
            converted[name] = convert
    constants = {name: value for name, value in named.items() if name not in given and name not in spread}
    return _Text(expanded.statement, constants, converted)


def _lists(given: Row) -> dict[str, Sequence[object]]:
    return {name: value for name, value in given.items() if is_array(value)}


def _spread(lists: Mapping[str, Sequence[object]]) -> dict[str, object]:
    """The items of lists under the names that SQLAlchemy gives them."""
    values: dict[str, object] = {}
    for name, items in lists.items():
        for at, item in enumerate(items, 1):
            if is_array(item):
                values |= {f"{name}_{at}_{part}": value for part, value in enumerate(item, 1)}
            else:
                values[f"{name}_{at}"] = item
    return values


def _result(kind: TypeEngine[Any]) -> _Convert | None:
    return kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
