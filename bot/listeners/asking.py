"""`/gavel ask [--mode MODE] …`: the option becomes the prefix that a message would have."""

from __future__ import annotations

import re

from agents.intake import MODE_WORDS, mode_named

_OPTION = re.compile(r"(?:--|—|–)mode(?:\s*=\s*|\s+)(\S+)\s*")
"""Slack turns two hyphens into a dash on some keyboards."""


class UnknownMode(ValueError):
    """The message is for the person."""


def with_mode(words: str) -> str:
    """What was asked, with `--mode council` at its start as `council:`. Raises :class:`UnknownMode`."""
    option = _OPTION.match(words)
    if option is None:
        return words
    setting = mode_named(option[1])
    if setting is None:
        known = ", ".join(MODE_WORDS)
        raise UnknownMode(f"There is no mode of that name, so nothing was started. There are: {known}.")
    asked = words[option.end() :].strip()
    return f"{setting}: {asked}" if asked else ""
