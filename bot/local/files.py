"""Files of the data directory: private to the user, and whole or not there."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Replace the file in one step, mode 0600. Blocking; raises OSError."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def tail(path: Path, *, start: int = 0, lines: int = 8, line_chars: int = 240) -> str:
    """The last lines written after byte `start`, each cut to `line_chars`; empty when there is nothing. Blocking."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(start, size - 64 * 1024))
        text = file.read().decode(errors="replace")
    return "\n".join(line[:line_chars] for line in text.splitlines()[-lines:])
