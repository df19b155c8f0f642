"""Datadog's Slack integration: `Triggered: [P2] CPU is high on host:web-1`, `Recovered: …`, with the monitor's tags."""

from __future__ import annotations

import re

from bot.alerts.posted import Posted
from bot.alerts.words import notice, severity_of
from tools.contracts.alert_notice import AlertNotice, NoticeStatus
from tools.contracts.incident import AlertSeverity

_STATES: dict[str, tuple[NoticeStatus, AlertSeverity | None]] = {
    "triggered": ("firing", "critical"),
    "re-triggered": ("firing", "critical"),
    "alert": ("firing", "critical"),
    "warn": ("firing", "warning"),
    "re-warn": ("firing", "warning"),
    "no data": ("firing", "warning"),
    "re-no data": ("firing", "warning"),
    "renotify": ("firing", None),
    "recovered": ("resolved", None),
    "manually resolved": ("resolved", None),
}
_LINK = re.compile(r"https://[\w.-]{1,100}\.(?:datadoghq\.\w{2,3}|ddog-gov\.com)/")
_HEAD = re.compile(
    r"^\s*(?:\[(?P<before>P[1-5])\]\s*)?\[?(?P<state>[A-Za-z -]{3,20}?)(?:\]|:|\s+on\s+(?=\{))\s*:?\s*(?P<rest>.*)$"
)
_PRIORITY = re.compile(r"\[(P[1-5])\]\s*")
_TAG = re.compile(r"\b(?P<name>[a-z_][\w.-]{1,30}):(?P<value>[\w./-]{1,100})")


def read(posted: Posted) -> AlertNotice | None:
    """None: another's, or no state that Datadog has."""
    if "datadog" not in posted.app and _LINK.match(posted.lead) is None:
        return None
    match = _HEAD.match(posted.head)
    if match is None or match["state"].strip().lower() not in _STATES:
        return None
    status, by_state = _STATES[match["state"].strip().lower()]
    priority = match["before"] or next(iter(_PRIORITY.findall(match["rest"])), None)
    title = _PRIORITY.sub("", match["rest"])
    tags = {found["name"]: found["value"] for found in _TAG.finditer(f"{title}\n{posted.fields.get('tags', '')}")}
    return notice(
        "datadog",
        named=[title.lower()],
        status=status,
        severity=severity_of(priority) or by_state,
        title=title,
        text=posted.text,
        labels={name: value for name, value in tags.items() if name not in ("http", "https")},
    )
