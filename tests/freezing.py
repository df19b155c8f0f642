"""A process that is there and does nothing: what hangs is worse than what is gone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def freeze(pid: int) -> None:
    """Returns when each of its threads stands still: the signal alone only asks for it, and a busy machine takes a
    while. Fails where it is not so within a minute."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 60
    while any(_state(thread) not in {"T", ""} for thread in Path(f"/proc/{pid}/task").iterdir()):
        assert time.monotonic() < deadline, f"process {pid} does not stop"
        time.sleep(0.005)


def thaw(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)


def _state(thread: Path) -> str:
    """Of a thread that may be over by now: then nothing."""
    try:
        # The name before it is in parentheses, and may hold any.
        return (thread / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
