"""Slack's message ids are times: unique in a channel and always increasing."""

from __future__ import annotations

import time


class TsClock:
    """Hands out `seconds.microseconds` strings that never repeat and never go back, across restarts too."""

    def __init__(self) -> None:
        self._last = 0

    def seen(self, ts: str) -> None:
        """Never hand out this or an earlier one."""
        seconds, _, micros = ts.partition(".")
        self._last = max(self._last, int(seconds) * 1_000_000 + int(micros or "0"))

    def next(self) -> str:
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


def number_of(ts: str) -> tuple[int, int]:
    """A ts as something that compares in time order. Raises ValueError for what is no ts."""
    seconds, _, micros = ts.partition(".")
    return int(seconds), int(micros.ljust(6, "0") or "0")
