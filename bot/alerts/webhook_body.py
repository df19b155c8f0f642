"""Alertmanager's webhook, version 4 (prometheus.io/docs/alerting/latest/configuration, `webhook_config`), as alerts.

Any body is read: what is not of that form becomes one alert of its own words, so that nothing is dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.alerts.adapters import free_text
from bot.alerts.posted import posted
from bot.alerts.secrets import without_secrets
from bot.alerts.words import bounded, notice, severity_of, steady
from bot.redaction import redacted
from bot.workflows.messages.alerts import AlertSeen
from tools.contracts.alert_notice import AlertNotice, NoticeStatus

MOST_ALERTS = 1000
"""Of one body. Alertmanager's `max_alerts` keeps it smaller; the rest is told of in one alert."""

_OWN = re.compile(r"[0-9a-f]{16,64}")
_BODY = TypeAdapter(dict[str, JsonValue])
_WORDS = ("summary", "description", "message", "runbook_url")


@dataclass(frozen=True)
class Received:
    notice: AlertNotice
    seen: AlertSeen


def received(body: bytes, *, now: Callable[[], datetime]) -> list[Received]:
    """Every alert of a body, in its order. At least one."""
    text = body.decode(errors="replace")
    alerts = _alerts(text)
    found = [_of_alert(alert, now()) for alert in alerts[:MOST_ALERTS]]
    if len(alerts) > MOST_ALERTS:
        said = f"{len(alerts) - MOST_ALERTS} more alerts came in one message of Alertmanager than are read of one."
        found.append(_of_text(said, now()))
    return found or [_of_text(text, now())]


def _alerts(text: str) -> list[dict[str, JsonValue]]:
    """Empty: it is none of Alertmanager's, or a newer kind."""
    try:
        value = _BODY.validate_python(json.loads(text))
    except (ValueError, ValidationError, RecursionError):
        return []
    alerts = value.get("alerts")
    if value.get("version") != "4" or not isinstance(alerts, list):
        return []
    return [alert for alert in alerts if isinstance(alert, dict)]


def _of_alert(alert: dict[str, JsonValue], now: datetime) -> Received:
    labels, notes = _texts(alert.get("labels")), _texts(alert.get("annotations"))
    status: NoticeStatus = "resolved" if alert.get("status") == "resolved" else "firing"
    own = alert.get("fingerprint")
    given = isinstance(own, str) and _OWN.fullmatch(own) is not None
    where = labels.get("instance") or labels.get("service") or ""
    name = labels.get("alertname", "An alert without a name")
    title = f"{name} {where}: {notes['summary']}" if "summary" in notes else f"{name} {where}"
    said = [notes[word] for word in _WORDS if word in notes]
    found = notice(
        "alertmanager",
        named=steady(labels),
        fingerprint=str(own) if given else None,
        status=status,
        severity=severity_of(labels.get("severity"), labels.get("priority")),
        title=title,
        text="\n".join([title, *said, *(f"{key} = {value}" for key, value in labels.items())]),
        labels=labels,
    )
    started, ended = alert.get("startsAt"), alert.get("endsAt")
    # By our clock: Alertmanager tells each group in order, while `startsAt` may be long before what was last known of
    # the alert (it timed out and goes on), or ahead of time.
    at = now.astimezone(UTC).timestamp()
    # What Alertmanager says again, every `repeat_interval` or because it had no answer, is the same once more.
    unique = redacted(f"{status} {started} {ended if status == 'resolved' else ''}")[:200]
    return Received(found, AlertSeen(unique, status, found.severity, at, message_ts=""))


def _of_text(text: str, now: datetime) -> Received:
    found = free_text.read(posted(without_secrets({"text": text})))
    seconds = now.astimezone(UTC).timestamp()
    return Received(found, AlertSeen(f"text {seconds:.6f}", found.status, found.severity, seconds, message_ts=""))


def _texts(value: JsonValue) -> dict[str, str]:
    return bounded(
        {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}
    )
