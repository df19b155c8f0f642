"""Sentry's Slack integration: the issue's title as a link, `State: *New*`, and its short id in the footer.

`sentry/integrations/slack/message_builder/issues.py`; attachments in workspaces of old, blocks since.
"""

from __future__ import annotations

import re

from bot.alerts.posted import Posted
from bot.alerts.words import notice, severity_of
from tools.contracts.alert_notice import AlertNotice
from tools.contracts.incident import AlertSeverity

_APP = re.compile(r"\bsentry\b")
_ISSUE = re.compile(
    r"https://[\w.-]{1,100}\.sentry\.io/(?:organizations/[\w-]{1,60}/)?issues/\d{1,20}"
    # Where it runs on a server of one's own, the organization is always said.
    r"|https?://[\w.:-]{1,200}/organizations/[\w-]{1,60}/issues/\d{1,20}"
)
"""What a link to an issue begins with. Others link to issues, too: GitHub, GitLab, a runbook that names Sentry."""
_SHORT_ID = re.compile(r"\s*(?P<id>[A-Z][A-Z0-9_-]{1,60}-[0-9A-Z]{1,8})(?=\s|$)")
"""At the footer's beginning: `CHECKOUT-4A via checkout-rules`."""
_LABELLED = re.compile(r"Short ID:\s*`?(?P<id>[A-Z][A-Z0-9_-]{1,60}-[0-9A-Z]{1,8})\b")
_STATE = re.compile(
    r"\b(?:state|status):\s*(?P<state>[A-Za-z]{1,20})|^\W*(?P<first>resolved):|\bissue (?P<said>resolved) by\b",
    re.IGNORECASE | re.MULTILINE,
)
_LEVEL = re.compile(r"^(?:resolved|critical|warning|open):\s*", re.IGNORECASE)
"""A metric alert says so before its name, and has no short id."""
_EMOJI: dict[str, AlertSeverity] = {
    ":red_circle:": "critical",
    ":large_yellow_circle:": "warning",
    ":large_blue_circle:": "info",
}
"""`LEVEL_TO_EMOJI` of its message builder: red is `error` and `fatal`."""
_MARK = re.compile(r":[a-z0-9_+-]{1,40}:\s*")


def read(posted: Posted) -> AlertNotice | None:
    """None: another's. By an app of that name; by one of any other name where all of an issue's marks are there."""
    plain = posted.plain
    short = _LABELLED.search(plain) or _SHORT_ID.match(posted.footers.upper())
    if _APP.search(posted.app) is None and (short is None or _ISSUE.match(posted.lead) is None):
        return None
    title = _MARK.sub("", posted.head).strip()
    state = _STATE.search(plain)
    resolved = state is not None and (state["state"] or state["said"] or state["first"] or "").lower() == "resolved"
    marks: list[AlertSeverity] = [level for name, level in _EMOJI.items() if name in posted.text]
    labels = {name: posted.fields[name] for name in ("project", "environment", "level") if name in posted.fields}
    return notice(
        "sentry",
        named=[short["id"].upper() if short is not None else _LEVEL.sub("", title).lower()],
        status="resolved" if resolved else "firing",
        severity=severity_of(labels.get("level")) or next(iter(marks), None),
        title=title,
        text=posted.text,
        labels=labels,
    )
