"""How many seconds of a processor each part of a system used, from its processes' own counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Parts:
    """A system's processes, by the part they belong to. What a process starts belongs to its part."""

    pids: Mapping[str, Sequence[int]]

    def seconds(self) -> dict[str, float]:
        """Part → seconds of a processor that it has used since it began, ended children too."""
        return {part: sum(_tree(pid) for pid in pids) for part, pids in self.pids.items()}

    def megabytes(self) -> dict[str, float]:
        """Part → resident memory."""
        return {part: sum(_resident(pid) for pid in pids) / 1e6 for part, pids in self.pids.items()}


def used(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {part: after[part] - before[part] for part in after}


def postgres_pid(folder: str) -> int:
    """Of the server whose socket is in this folder."""
    for process in psutil.process_iter(["cmdline", "name"]):
        if process.info["name"] == "postgres" and f"unix_socket_directories={folder}" in (
            process.info["cmdline"] or []
        ):
            return process.pid
    raise LookupError(f"no PostgreSQL serves {folder}")


def _tree(pid: int) -> float:
    process = psutil.Process(pid)
    times = process.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in process.children(recursive=True):
        try:
            its = child.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it has just ended
        total += its.user + its.system
    return total


def _resident(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss)
