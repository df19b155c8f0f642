"""What was read from the estate's file, for as long as the file is as it was then."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable
from pathlib import Path
from typing import Any
from urllib.parse import quote

MAX_ANSWERS = 500

Version = tuple[int, int]
"""Which connection was asked, the how manieth, and what it said: another one counts from its own beginning."""


class FileVersion:
    """SQLite's own number for what a file holds: another one after each change by another connection, of any process.

    It is asked on the event loop: that is a look at memory which the processes share, of some microseconds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._opened = 0

    def now(self) -> Version | None:
        """None: SQLite cannot say, because the file is not there, for example."""
        try:
            if self._connection is None:
                # Never waits: who cannot be told at once reads the file.
                self._opened += 1
                self._connection = sqlite3.connect(f"file:{quote(str(self._path))}?mode=rw", uri=True, timeout=0)
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            self.close()
            return None
        return self._opened, int(version)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Memory:
    """Answers of one version of the file."""

    def __init__(self) -> None:
        self._version: Version | None = None
        self._answers: dict[Hashable, Any] = {}

    def recall(self, what: Hashable, version: Version | None) -> Any:
        """The answer, or None."""
        return self._answers.get(what) if version is not None and version == self._version else None

    def keep(self, what: Hashable, answer: object, version: Version | None) -> None:
        """An answer that was read while the file was at this version. None: nobody knows at which; it is not kept."""
        if version is None:
            return
        if version != self._version or len(self._answers) >= MAX_ANSWERS:
            self._version, self._answers = version, {}
        self._answers[what] = answer
