"""Redaction of what models write: text, or JSON as text, fenced or not."""

from __future__ import annotations

import json
import re
from typing import Any

from bot.redaction import redact_json, redacted

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def redacted_answer(text: str) -> str:
    """The answer without what looks like a secret. JSON is redacted value by value, and stays JSON: a pattern that runs
    over a quote would leave none. What holds no secret comes back as it is."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        # In prose or in a code fence. An escape would be letters and digits before the secret, which then seems to
        # begin within a word; or it would be a letter of the secret itself.
        said = _ESCAPED.sub(_unescaped, text)
        clean = redacted(said)
        return text if clean == said else clean
    outcome = redact_json(value)
    # Escaped: half of a pair of surrogates stands in no text that is sent on.
    return json.dumps(outcome.value) if outcome.found else text


def _unescaped(match: re.Match[str]) -> str:
    """The character itself, where it means the same inside and outside a JSON string."""
    char = chr(int(match[1], 16))
    return match[0] if char < " " or char in '"\\' or "\ud800" <= char <= "\udfff" else char
