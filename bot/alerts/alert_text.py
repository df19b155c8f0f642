"""An alert as text: everything a monitoring app put into its message, for the meta-prompt to read. Untrusted."""

from __future__ import annotations

from pydantic import JsonValue

_KEYS = ("text", "pretext", "title", "value", "fields", "elements", "blocks", "attachments")
"""Where Slack messages keep words, in reading order."""


def alert_text(event: dict[str, JsonValue]) -> str:
    """The message's, its attachments' and its blocks' words, each line once."""
    lines: dict[str, None] = {}
    for part in _words({key: event[key] for key in _KEYS if key in event}):
        lines.update(dict.fromkeys(line for line in part.splitlines() if line.strip()))
    return "\n".join(lines)


def _words(value: JsonValue) -> list[str]:
    """Every text in reading order, however deep: an alert's shape is its sender's choice."""
    found: list[str] = []
    waiting: list[JsonValue] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict):
            waiting.extend(item[key] for key in reversed(_KEYS) if key in item)
    return found
