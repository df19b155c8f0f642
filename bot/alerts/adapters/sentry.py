"""Sentry's Slack integration: the issue's title as a link, `State: *New*`, and its short id in the footer.

`sentry/integrations/slack/message_builder/issues.py`; attachments in workspaces of old, blocks since.
"""

from __future__ import annotations

import re

from bot.alerts.posted import Posted
from bot.alerts.words import notice, severity_of
from tools.contracts.alert_notice import AlertNotice
from tools.contracts.incident import AlertSeverity

_SHORT_ID = re.compile(r"\b(?P<id>[A-Z][A-Z0-9_-]{1,60}-[0-9A-Z]{1,8})\b")
_LABELLED = re.compile(r"Short ID:\s*`?(?P<id>[A-Z][A-Z0-9_-]{1,60}-[0-9A-Z]{1,8})\b")
_STATE = re.compile(
    r"\b(?:state|status):\s*(?P<state>[A-Za-z]{1,20})|^\W*(?P<first>resolved):|\bissue (?P<said>resolved) by\b",
    re.IGNORECASE | re.MULTILINE,
)
_EMOJI: dict[str, AlertSeverity] = {
    ":red_circle:": "critical",
    ":large_yellow_circle:": "warning",
    ":large_blue_circle:": "info",
}
"""`LEVEL_TO_EMOJI` of its message builder: red is `error` and `fatal`."""
_MARK = re.compile(r":[a-z0-9_+-]{1,40}:\s*")


def read(posted: Posted) -> AlertNotice | None:
    """None: another's."""
    if "sentry" not in posted.app and "sentry.io" not in posted.links and "/issues/" not in posted.links:
        return None
    plain = posted.plain
    short = _LABELLED.search(plain) or _SHORT_ID.search(posted.footers.upper())
    title = _MARK.sub("", posted.head).strip()
    if "sentry" not in posted.app and "sentry.io" not in posted.links and short is None:
        return None
    state = _STATE.search(plain)
    resolved = state is not None and (state["state"] or state["said"] or state["first"] or "").lower() == "resolved"
    marks: list[AlertSeverity] = [level for name, level in _EMOJI.items() if name in posted.text]
    labels = {name: posted.fields[name] for name in ("project", "environment", "level") if name in posted.fields}
    return notice(
        "sentry",
        named=[short["id"].upper() if short is not None else title.lower()],
        status="resolved" if resolved else "firing",
        severity=severity_of(labels.get("level")) or next(iter(marks), None),
        title=title,
        text=posted.text,
        labels=labels,
    )
