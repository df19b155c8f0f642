"""Whether a JSON value holds nothing to redact, told from its text: one search where the walk makes one a string."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from bot.redaction import MAX_DEPTH, is_object
from bot.secret_rules import HIDDEN, HINTS, NAME_HINTS, folded

_NARROWER = {
    # A password in a URL stands before an @ without a slash or a space between.
    "://": r"://(?=[^\s/]*@)",
    # A quote in the text that is not escaped ends a string. What stands under `prompt_tokens` and its like is a number.
    "token": r'token(?!s":(?:\d|null))',
}
# Only of names under which there can be text.
_OF_NAMES = (rf'{hint}(?=(?:[^"\\]|\\.)*+":["\[{{])' for hint in NAME_HINTS if hint not in HINTS)
# What hides may break a secret up: as it is, or as JSON escapes it.
_HIDING = (HIDDEN.pattern, r"\\[bfru]")
_HIDES = re.compile("|".join(_HIDING))
_CLUE = re.compile("|".join([*_HIDING, *(_NARROWER.get(hint, re.escape(hint)) for hint in sorted(HINTS)), *_OF_NAMES]))

_LITERALS = sorted({*HINTS, *NAME_HINTS})
"""With one of these each clue begins that is not one of what hides."""


def is_harmless(value: Any, text: str) -> bool:
    """Whether `bot.redaction.redact_json` would give `value` back as it is. False: perhaps not.

    `text` is its JSON, without a space between names and values, in which only quotes, backslashes and controls are
    escaped. What begins a secret, or names one, then stands in it as it does in the value.
    """
    if _holds_a_clue(text):
        return False
    # With no more brackets than levels that are looked into, it cannot be nested deeper.
    return text.count("{") + text.count("[") <= MAX_DEPTH or not _nested_too_deep(value)


def _holds_a_clue(text: str) -> bool:
    seen = folded(text)
    # Most text has none of them, which is told many times sooner. Then what hides is looked for by itself: in ASCII
    # that is DEL and what is escaped.
    for part in _LITERALS:
        if part in seen:
            return _CLUE.search(seen) is not None
    return not (text.isascii() and "\\" not in text and "\x7f" not in text) and _HIDES.search(seen) is not None


def _nested_too_deep(value: Any) -> bool:
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _containers(outer.values() if is_object(outer) else outer)]
        if not level:
            return False
    return True


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, (dict, list, tuple))]
