"""What comes into layer 1 and what goes out, and the parts of reading a request that need no model."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract
from tools.contracts.modes import ModeSetting
from tools.contracts.taskspec import Intent, Question, TaskSpec


class Exchange(Contract):
    """A question this task asked before, and its answer. The answer is untrusted text, redacted."""

    question: str
    answer: str


class Request(Contract):
    """A request as a surface received it, after redaction."""

    task_id: str
    """The workflow id."""
    org: str
    user: str
    """Slack user id, or `alert:<fingerprint>`."""
    text: str
    """What was written. Untrusted."""
    source: Literal["person", "alert"] = "person"
    alert_fields: dict[str, str] = Field(default={}, max_length=50)
    """For alerts: labels and annotations as received. Untrusted."""
    exchanges: list[Exchange] = []
    """Oldest first."""
    whole: str = ""
    """Where this request is one of several in a message: all of that message. Untrusted."""
    quoted: str = ""
    """The message that the person points at, written by somebody else or by a program. Untrusted."""
    previous: TaskSpec | None = None
    """The last task of the same thread, where it is over: what "the same in staging" goes on from."""
    received_at: str = ""
    """RFC 3339, UTC: what "the last two hours" counts from. Empty: not known."""
    channel: str = ""
    """Slack's id of it."""
    channel_mode: ModeSetting | None = None
    """As people set it in the channel. None: they did not."""
    attempt: int = 1
    """From 1: a retried step states another, so that its model calls are entries of their own."""


class Understanding(Contract):
    """What layer 1 made of a request. Exactly one of five things."""

    kind: Literal["task", "question", "several", "decline", "error"]
    spec: TaskSpec | None = None
    """For `task`."""
    intents: list[Intent] = []
    """For `several`: two or more, in order. Nothing is done before the person confirms them."""
    question: Question | None = None
    """For `question`. Plain text: no mention or link in it is alive."""
    text: str = ""
    """For `decline` and `error`: what to tell the person. Says what was not done."""
    member: str | None = None
    """Who read the request; None when no model was needed or none answered."""
    confidence: float | None = None


_MENTIONS = re.compile(r"^\s*(?:<@[A-Z0-9]+(?:\|[^>]*)?>(?:\s|,|:\s)*)*")
_MODE = re.compile(r"(council|single|aggregation|aggregate|auto)\s*:\s*", re.IGNORECASE)
_MARKUP = re.compile(r"<[^>]*>|:[a-z0-9_+'-]+:", re.IGNORECASE)
_BROADCAST = re.compile(r"@(?=(?:channel|here|everyone)\b)", re.IGNORECASE)
_MODES: dict[str, ModeSetting] = {
    "council": "council",
    "single": "single",
    "aggregation": "aggregation",
    "aggregate": "aggregation",
    "auto": "auto",
}
MODE_WORDS = tuple(_MODES)
"""What names a mode, in a prefix and on a command line."""


def mode_named(word: str) -> ModeSetting | None:
    """The mode that a word names; None: it names none."""
    return _MODES.get(word.strip().lower())


def split_mode(text: str) -> tuple[ModeSetting | None, str]:
    """The mode a person asked for by a prefix such as `council:`, and the rest without leading mentions."""
    rest = text[_match_end(_MENTIONS, text) :]
    match = _MODE.match(rest)
    return (mode_named(match[1]), rest[match.end() :]) if match else (None, rest)


def _match_end(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0


def says_something(text: str) -> bool:
    """False for nothing but white space, mentions, links, emoji and punctuation, in any script."""
    return any(unicodedata.category(character)[0] in "LN" for character in _MARKUP.sub(" ", text))


_HIDDEN = {"Cc", "Cf"}


def said_in(words: str, text: str) -> bool:
    """Whether `words` stand in `text`, letter case, line breaks and hidden characters apart."""
    wanted = _comparable(words)
    return bool(wanted) and wanted in _comparable(text)


def _comparable(text: str) -> str:
    shown = "".join(
        character if unicodedata.category(character) not in _HIDDEN else " " if character.isspace() else ""
        for character in unicodedata.normalize("NFKC", text)
    )
    return " ".join(shown.casefold().split())


def harmless(text: str, limit: int) -> str:
    """A model's words as they may be shown: one line, no live mention, link or hidden character, clipped."""
    visible = "".join(
        " " if unicodedata.category(character) == "Cc" else character
        for character in text
        if unicodedata.category(character) != "Cf"
    )
    plain = _BROADCAST.sub("", visible.replace("<", "‹").replace(">", "›"))
    line = " ".join(plain.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
