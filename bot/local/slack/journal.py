"""What survives a restart: an append-only file of JSON lines, the newest line of a key winning."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.local.slack.jsonvalues import is_object
from tools.contracts.common import JsonObject


class JournalError(Exception):
    """The journal cannot be used; the sentence says why and what to do."""


class Journal:
    """One process at a time holds it. A line is with the operating system before `append` returns, so that
    what was answered is still there after `kill -9` of this process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise JournalError(
                f"{path.parent} is in use by another local Slack workspace. Nothing was started: stop that one, or "
                "give this one another --data directory."
            ) from error

    def entries(self) -> Iterator[tuple[str, JsonObject]]:
        """Every (key, value) in the order written. A half-written last line is cut off."""
        good = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                entry = _parse(line)
                if entry is not None:
                    good += len(line)
                    yield entry
                elif file.read(1):
                    raise JournalError(f"{self._path} line {number} is damaged. Nothing was started: move it away.")
                else:
                    self._file.truncate(good)

    def append(self, key: str, value: JsonObject) -> None:
        """Write one entry."""
        self._file.write(_line(key, value))

    def rewrite(self, entries: dict[str, JsonObject]) -> None:
        """Keep only these: done at start, so that the file grows with the messages and not with their edits."""
        data = b"".join(_line(key, value) for key, value in entries.items())
        part = self._path.with_suffix(".part")
        part.write_bytes(data)
        replacement = part.open("a+b", buffering=0)
        fcntl.flock(replacement, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.replace(self._path)
        self._file.close()
        self._file = replacement

    def close(self) -> None:
        self._file.close()


def _line(key: str, value: JsonObject) -> bytes:
    return json.dumps([key, value], ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass") + b"\n"


def _parse(line: bytes) -> tuple[str, JsonObject] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry: Any = json.loads(line.decode(errors="surrogatepass"))
        key, value = entry
    except (ValueError, TypeError):
        return None
    return (str(key), value) if is_object(value) else None
