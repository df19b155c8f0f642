"""Alertmanager's Slack receiver: an attachment titled `[FIRING:2] …` (`template/default.tmpl`, `slack.default.*`).

Grafana's own Alertmanager writes the same title; `grafana` asks first and knows itself by its footer.
"""

from __future__ import annotations

import re

from bot.alerts.posted import Posted
from bot.alerts.words import labels_in, notice, severity_of, steady
from tools.contracts.alert_notice import AlertNotice, NoticeSource, NoticeStatus

_TITLE = re.compile(
    r"^(?P<before>[^\[]{0,60})\[(?P<state>FIRING|RESOLVED)(?::\d{1,6})?(?:,\s?RESOLVED:\d{1,6})?\]\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z0-9-]{1,30}")


def read(posted: Posted, *, source: NoticeSource = "alertmanager") -> AlertNotice | None:
    """None: no title of that form."""
    match = _TITLE.match(posted.head)
    if match is None:
        return None
    status: NoticeStatus = "resolved" if match["state"].upper() == "RESOLVED" else "firing"
    labels = labels_in(posted.plain)
    one = "alertname" in labels and posted.plain.count("alertname") == 1
    # Of several alerts in one message their group is what they have in common, and the title names it.
    named = steady(labels) if one else [match["rest"].lower()]
    return notice(
        source,
        named=named,
        status=status,
        severity=severity_of(labels.get("severity"), posted.fields.get("severity"), *_last_words(match["rest"])),
        title=match["rest"] or labels.get("alertname", ""),
        text=posted.text,
        labels=labels,
    )


def _last_words(title: str) -> list[str]:
    """The common labels' values stand in brackets at the title's end, the severity among them."""
    _, bracket, inside = title.rpartition("(")
    return _WORD.findall(inside[:500]) if bracket else []
