"""Things Slack hands out that may be used only so often and so long: trigger ids and response URLs."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass
from typing import Any, Protocol

from bot.local.slack.errors import SlackError
from bot.local.slack.seed import TEAM_ID

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 1800.0
RESPONSE_USES = 5
REMEMBERED_SECONDS = 600.0
"""How long after its end a trigger or URL is still known by name, so that its error says what happened to it."""


class _Ending(Protocol):
    expires: float


def _forget_old(known: dict[str, Any]) -> None:
    """Drop what ended long ago. Dicts keep their order, so the oldest come first."""
    entries: list[tuple[str, _Ending]] = list(itertools.islice(known.items(), 10))
    for name, entry in entries:
        if entry.expires + REMEMBERED_SECONDS < time.monotonic():
            del known[name]


@dataclass
class _Trigger:
    user: str
    expires: float
    view: str | None
    used: bool = False


class Triggers:
    """`trigger_id`s: three seconds, once."""

    def __init__(self, *, lifetime_seconds: float = TRIGGER_SECONDS) -> None:
        self._lifetime = lifetime_seconds
        self._known: dict[str, _Trigger] = {}

    def issue(self, user: str, *, view: str | None = None) -> str:
        """A trigger for what `user` just did (inside the view, when they did it in one)."""
        _forget_old(self._known)
        name = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(16)}"
        self._known[name] = _Trigger(user, time.monotonic() + self._lifetime, view)
        return name

    def gave(self, name: str) -> bool:
        """Whether it is one of these."""
        return name in self._known

    def exchange(self, name: str) -> tuple[str, str | None]:
        """Whose it is, and the view it came from. Raises `invalid_`, `exchanged_` or `expired_trigger_id`."""
        trigger = self._known.get(name)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() > trigger.expires:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user, trigger.view


@dataclass
class ResponseTarget:
    """Where a response URL points."""

    user: str
    channel: str
    message_ts: str | None
    """The message whose element was clicked; None for a slash command."""
    thread_ts: str | None
    expires: float
    uses_left: int = RESPONSE_USES


class ResponseUrls:
    """`response_url`s: five uses in half an hour."""

    def __init__(self, *, lifetime_seconds: float = RESPONSE_SECONDS, team: str = TEAM_ID) -> None:
        self._lifetime = lifetime_seconds
        self._team = team
        self._known: dict[str, ResponseTarget] = {}

    def issue(
        self, base: str, *, user: str, channel: str, message_ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        """A URL under `base` (scheme and host of this server)."""
        _forget_old(self._known)
        name = secrets.token_urlsafe(24)
        self._known[name] = ResponseTarget(user, channel, message_ts, thread_ts, time.monotonic() + self._lifetime)
        return f"{base}/response/{self._team}/{name}"

    def use(self, name: str) -> ResponseTarget:
        """Raises `used_url` or `expired_url`."""
        target = self._known.get(name)
        if target is None or target.uses_left <= 0:
            raise SlackError("used_url")
        if time.monotonic() > target.expires:
            raise SlackError("expired_url")
        target.uses_left -= 1
        return target
