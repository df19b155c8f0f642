"""Slack's errors, by Slack's names."""

from __future__ import annotations

from tools.contracts.common import JsonObject


class SlackError(Exception):
    """The Web API answers `{"ok": false, "error": name}`, with `response_metadata.messages` where Slack gives them."""

    def __init__(self, name: str, *messages: str, **extra: str) -> None:
        super().__init__(name, *messages)
        self.name = name
        self.messages = messages
        self.extra = extra

    def body(self) -> JsonObject:
        """The JSON body of the answer."""
        body: JsonObject = {"ok": False, "error": self.name, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": list(self.messages)}
        return body


class RateLimited(Exception):
    """HTTP 429 with `Retry-After`: whole seconds, at least 1."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"rate limited for {retry_after} s")
        self.retry_after = retry_after


class Refused(Exception):
    """What a person could not do either: the control API answers 400 with this sentence."""
