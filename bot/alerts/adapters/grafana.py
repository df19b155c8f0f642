"""Grafana Alerting's Slack contact point (`pkg/…/receivers/slack`): Alertmanager's title, a footer `Grafana v…`."""

from __future__ import annotations

from bot.alerts.adapters import alertmanager
from bot.alerts.posted import Posted
from bot.alerts.words import notice, severity_of
from tools.contracts.alert_notice import AlertNotice, NoticeStatus

_OLD: dict[str, NoticeStatus] = {"[alerting]": "firing", "[no data]": "firing", "[ok]": "resolved"}
"""Of legacy alerting, before Grafana 9."""


def read(posted: Posted) -> AlertNotice | None:
    """None: another's."""
    if "grafana" not in posted.footers and "grafana" not in posted.app:
        return None
    unified = alertmanager.read(posted, source="grafana")
    if unified is not None:
        return unified
    for prefix, status in _OLD.items():
        if posted.head.lower().startswith(prefix):
            title = posted.head[len(prefix) :].strip()
            return notice(
                "grafana",
                named=[title.lower()],
                status=status,
                severity=severity_of(posted.fields.get("severity")),
                title=title,
                text=posted.text,
                labels=posted.fields,
            )
    return None
