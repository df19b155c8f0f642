"""An alert's message that its monitor edited, as PagerDuty's app and others do when an incident goes on or is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import JsonValue

from bot.alerts.door import seconds_of
from bot.alerts.parse import notice_of
from bot.workflows.messages.alerts import AlertSeen
from tools.contracts.alert_notice import AlertNotice

Event = dict[str, JsonValue]


def said_by_edit(event: Event, *, bot_user: str, now: Callable[[], datetime]) -> list[tuple[AlertNotice, AlertSeen]]:
    """Of a `message_changed` event: what the message says now, as if it were posted now.

    Empty: a person's message, a reply, our own, or one in which nothing changed that a monitor says (Slack tells of
    what it shows of links, too). What says that it is over also ends what the message was about before, though it
    may name it otherwise now.
    """
    message, before = _object(event.get("message")), _object(event.get("previous_message"))
    ts = _text(message.get("ts"))
    if not ts or not _is_a_monitors(message, bot_user) or message.get("thread_ts") not in (None, ts):
        return []
    notice, was = notice_of(message), notice_of(before) if before else None
    if notice == was:
        return []
    notices = [notice]
    if was is not None and notice.status == "resolved" and was.fingerprint != notice.fingerprint:
        notices.append(notice.model_copy(update={"fingerprint": was.fingerprint, "source": was.source}))
    # Not the message's own time: what was said when it was posted came before.
    edit = _text(event.get("ts")) or _text(event.get("event_ts"))
    at = seconds_of(edit, now=now())
    return [(one, AlertSeen(f"{ts} {edit}", one.status, one.severity, at, message_ts=ts)) for one in notices]


def _is_a_monitors(message: Event, bot_user: str) -> bool:
    """An app posted it, and who edited it is no other than who posted it."""
    author, app, editor = message.get("user"), message.get("bot_id"), _object(message.get("edited")).get("user")
    subtype = message.get("subtype")
    if subtype not in (None, "bot_message") or author == bot_user or not (app or subtype):
        return False
    return editor is None or author is None or editor in (author, app)


def _object(value: JsonValue) -> Event:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str:
    return value[:40] if isinstance(value, str) else ""
