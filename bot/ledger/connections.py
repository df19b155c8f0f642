"""SQLite connections kept open between their uses: to take one from SQLAlchemy's pool takes as long as a commit."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

_KEPT = 4


class Connections:
    """For threads. One that failed is closed and not used again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Appending and popping are one step each: no two threads get the same.
        self._free: deque[Connection] = deque()
        self._closed = False

    @contextmanager
    def one(self) -> Generator[Connection]:
        """To be used by one thread at a time. What was begun on it and not committed is rolled back."""
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            yield connection
            if connection.in_transaction():
                connection.rollback()
        except BaseException:
            connection.close()
            raise
        if self._closed or len(self._free) >= _KEPT:
            connection.close()
        else:
            self._free.append(connection)

    def close(self) -> None:
        """The engine's too. What is in use is closed when it was used."""
        self._closed = True
        while self._free:
            self._free.pop().close()
        self._engine.dispose()
