"""`/gavel ask [--mode MODE] …`: the option becomes the prefix that a message would have."""

from __future__ import annotations

import re

from agents.intake import MODE_WORDS, mode_named
from tools.contracts.modes import ModeSetting

_OPTION = re.compile(r"(?:--|—|–)mode(?:\s*=\s*|\s+)(\S+)\s*")
"""Slack turns two hyphens into a dash on some keyboards."""


class UnknownMode(ValueError):
    """The message is for the person."""


def split_option(words: str) -> tuple[ModeSetting | None, str]:
    """The mode that `--mode` names at the start, and what was asked. Raises :class:`UnknownMode`."""
    option = _OPTION.match(words)
    if option is None:
        return None, words
    setting = mode_named(option[1])
    if setting is None:
        known = ", ".join(MODE_WORDS)
        raise UnknownMode(f"There is no mode of that name, so nothing was started. There are: {known}.")
    return setting, words[option.end() :].strip()
