"""PagerDuty's Slack app: one message an incident, `*Triggered* #1234 …` or `#1234: …`, with its service and urgency."""

from __future__ import annotations

import re

from bot.alerts.posted import Posted
from bot.alerts.words import notice, severity_of
from tools.contracts.alert_notice import AlertNotice
from tools.contracts.incident import AlertSeverity

_URGENCIES: dict[str, AlertSeverity] = {"high": "critical", "low": "warning"}

_LINK = re.compile(r"https://[\w.-]{1,100}\.pagerduty\.com/incidents/")
_NUMBER = re.compile(r"(?:^|[\s\[(])#(?P<number>\d{1,12})\]?:?\s*(?P<title>.*)$", re.MULTILINE)
_RESOLVED = re.compile(r"\bresolved\b", re.IGNORECASE)
_EMOJI = re.compile(r":[a-z0-9_+-]{1,40}:")


def read(posted: Posted) -> AlertNotice | None:
    """None: another's, or without an incident's number."""
    if "pagerduty" not in posted.app and _LINK.match(posted.lead) is None:
        return None
    plain = posted.plain
    match = _NUMBER.search(f"{posted.head}\n{plain}")
    if match is None:
        return None
    # Before the title, or in a field: what a title says of itself is not the state.
    before = f"{posted.head.partition('#')[0]} {plain.partition('#')[0]} {posted.fields.get('status', '')}"
    urgency = _URGENCIES.get(posted.fields.get("urgency", "").lower())
    labels = {name: posted.fields[name] for name in ("service", "assigned", "priority") if name in posted.fields}
    return notice(
        "pagerduty",
        # An incident's number is its name: its title may be edited.
        named=[match["number"]],
        status="resolved" if _RESOLVED.search(before) else "firing",
        severity=severity_of(posted.fields.get("priority"), posted.fields.get("severity")) or urgency,
        title=_EMOJI.sub("", match["title"]).strip(" -|") or f"Incident #{match['number']}",
        text=posted.text,
        labels=labels,
    )
