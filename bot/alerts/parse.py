"""Any message of an app in an alert channel → one `AlertNotice`. Nothing is dropped, and nothing raises."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from bot.alerts.adapters import alertmanager, cloudwatch, datadog, free_text, grafana, pagerduty, sentry
from bot.alerts.posted import Posted, posted
from tools.contracts.alert_notice import AlertNotice

_ADAPTERS: tuple[Callable[[Posted], AlertNotice | None], ...] = (
    # Those that know themselves by name before those that go by a form of words.
    grafana.read,
    datadog.read,
    pagerduty.read,
    sentry.read,
    cloudwatch.read,
    alertmanager.read,
)


def notice_of(event: dict[str, JsonValue]) -> AlertNotice:
    """Of a message event, as Slack sends it."""
    message = posted(event)
    for read in _ADAPTERS:
        found = read(message)
        if found is not None:
            return found
    return free_text.read(message)
