"""Ports on loopback, remembered, so that an address stays the same over a restart."""

from __future__ import annotations

import random
import socket
import time
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.local.files import write_whole

LOWEST, HIGHEST = 20_000, 29_999
"""Below the range from which systems take ports for outgoing connections (32768 up on Linux, 49152 up elsewhere)."""

LINGER_SECONDS = 2.0
"""How long a remembered port may be busy: a killed predecessor's child may just be dying."""

_REMEMBERED = TypeAdapter(dict[str, int])


class Ports:
    """The ports of one data directory. Blocking; for the holder of the directory's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken = _remembered(path)

    def take(self, name: str) -> int:
        """The remembered port of `name` if it is or becomes free, else a new one. Raises OSError when none is."""
        port = self._taken.get(name)
        if port is None or not _becomes_free(port):
            port = self._new()
            self._taken[name] = port
            write_whole(self._path, _REMEMBERED.dump_json(self._taken, indent=2).decode() + "\n")
        return port

    def forget(self, name: str) -> None:
        """Somebody else was faster: the next :meth:`take` gives another."""
        self._taken.pop(name, None)

    def _new(self) -> int:
        candidates = random.sample(range(LOWEST, HIGHEST + 1), 200)
        for port in candidates:
            if port not in self._taken.values() and is_free(port):
                return port
        raise OSError(f"no free port on 127.0.0.1 between {LOWEST} and {HIGHEST}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do it: connections of a predecessor in TIME_WAIT do not count, a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _becomes_free(port: int) -> bool:
    deadline = time.monotonic() + LINGER_SECONDS
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _remembered(path: Path) -> dict[str, int]:
    """Ports are chosen anew when the file is damaged: nothing but convenience is lost."""
    try:
        stored = _REMEMBERED.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
    return {name: port for name, port in stored.items() if LOWEST <= port <= HIGHEST}
