"""Which events a person sent us. What begins a task of theirs and what is judged at the gate is the same by this."""

from __future__ import annotations

from typing import Any


def is_mention(event: dict[str, Any], *, bot_user: str) -> bool:
    """Of an `app_mention`: whether a person just wrote it."""
    return not (event.get("bot_id") or event.get("user") in (None, bot_user) or event.get("edited"))


def is_direct(event: dict[str, Any], *, bot_user: str) -> bool:
    """Of a `message`: whether a person just wrote it to us alone."""
    return (
        event.get("channel_type") == "im"
        and bool(event.get("user"))
        and event.get("user") != bot_user
        and event.get("subtype") in (None, "file_share")
        and not event.get("bot_id")
    )
