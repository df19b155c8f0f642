"""How the database means to answer: its own words on the statements that a piece of code sends."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, Engine, event

from bot.ledger import statements
from bot.ledger.database import Database
from bot.ledger.statements import Row, sent
from tools.contracts.ledger import LedgerUnavailable

Asked = tuple[str, Any]
"""A statement as the driver gets it, and its parameters."""

_IF_IT_CAN = ("enable_seqscan", "enable_bitmapscan")
"""PostgreSQL reads a small table whole, whatever indexes it has; without these it shows which of them it can use."""


async def plans_of(database: Database, work: Callable[[], Awaitable[object]]) -> list[str]:
    """The plan of each SELECT that `work` sends, in order, each on one line."""
    # What was put there by hand is not believed, and it was asked for all the same.
    with _listening() as asked, suppress(LedgerUnavailable):
        await work()

    def explain(connection: Connection) -> list[str]:
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:
            for setting in _IF_IT_CAN:
                connection.exec_driver_sql(f"SET LOCAL {setting} = off")
        said: list[str] = []
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{statement}", parameters)
            said.append(" / ".join(str(row[-1]).strip() for row in rows))
        return said

    return await database.look(explain)


@contextmanager
def _listening() -> Generator[list[Asked]]:
    asked: list[Asked] = []

    def hear(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    def hear_and_send(driver: sqlite3.Connection, sql: str, values: Row | None = None) -> list[tuple[Any, ...]]:
        hear(None, None, sql, values)
        return sent(driver, sql, values)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        with patch.object(statements, "sent", hear_and_send):
            yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
