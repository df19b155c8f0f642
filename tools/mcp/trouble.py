"""What went wrong with a server last. The SDK says only that something did."""

from __future__ import annotations

from tools.mcp.names import plain

LENGTH = 300


class Trouble:
    """Of one connection. A stranger's words are in it: plain, and redacted by whoever shows them."""

    def __init__(self) -> None:
        self._last = ""

    def say(self, text: str) -> None:
        self._last = plain(text, at_most=LENGTH)

    def with_it(self, said: str) -> str:
        """What the SDK said, and what went wrong last, where anything did."""
        line = plain(said, at_most=LENGTH)
        return f"{line} ({self._last})" if self._last else line
