"""Secrets out of a message of a monitor, before anything of it is cut: half of one looks like none."""

from __future__ import annotations

import re

from pydantic import JsonValue, TypeAdapter

from bot.alerts.posted import in_plain_words
from bot.redaction import redact, redact_json, redact_named
from bot.secret_rules import names_a_secret

_KEYS = ("text", "blocks", "attachments", "username", "bot_profile")
"""Of a message event: what monitors are told apart by, and what they say."""

_EMPHASIS = re.compile(r"[*_~<&]")
_NAMED = re.compile(r"^(?P<before>\W{0,9}(?P<name>[A-Za-z][\w .-]{0,60}?)\s?[:=]\s?)(?P<value>\S+)\s*$")
_JSON = TypeAdapter(dict[str, JsonValue])


def without_secrets(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The same event; each secret is replaced by what kind it was, by its own look or by the name it stands under."""
    # Nested deeper than this can be read in, it is not kept: nothing below here goes deeper either.
    cleaned = _JSON.validate_python(redact_json({key: event[key] for key in _KEYS if key in event}).value)
    return {**event, **{key: _walk(value, paired=False) for key, value in cleaned.items()}}


def _walk(value: JsonValue, *, paired: bool) -> JsonValue:
    """`paired`: its texts are a name and a value, on lines of their own, as sections lay out fields."""
    if isinstance(value, str):
        return _pair(value) if paired else _lines(value)
    if isinstance(value, list):
        return [_walk(item, paired=paired) for item in value]
    if isinstance(value, dict):
        title, said = value.get("title"), value.get("value")
        inner = {key: _walk(item, paired=paired or key == "fields") for key, item in value.items()}
        if isinstance(title, str) and isinstance(said, str):
            inner["value"] = redact_named(in_plain_words(title), _lines(said)).text
        return inner
    return value


def _pair(text: str) -> str:
    name, _, said = text.partition("\n")
    if not said or not names_a_secret(in_plain_words(name)):
        return _lines(text)
    return f"{name}\n{redact_named(in_plain_words(name), said).text}"


def _lines(text: str) -> str:
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    """`*Password:* hunter2` is one in plain words; emphasis hides it from what looks for `password: …`."""
    plain = in_plain_words(line) if _EMPHASIS.search(line) else line
    named = _NAMED.match(plain[:2000])
    if named is not None and names_a_secret(named["name"]):
        return named["before"] + redact_named(named["name"], named["value"]).text
    seen = redact(plain) if plain is not line else None
    return seen.text if seen is not None and seen.found else line
