"""Any message of an app in an alert channel → one `AlertNotice`. Nothing is dropped, and nothing raises."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from bot.alerts.adapters import alertmanager, cloudwatch, datadog, free_text, grafana, pagerduty, sentry
from bot.alerts.posted import Posted, posted
from bot.alerts.secrets import without_secrets
from bot.alerts.words import fingerprint_of
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
    """Of a message event, as Slack sends it.

    Who posts is part of what an alert is, so that nobody closes another's, or hides behind it, by saying the same.
    """
    message = posted(without_secrets(event))
    found = next((found for read in _ADAPTERS if (found := read(message)) is not None), None) or free_text.read(message)
    return found.model_copy(update={"fingerprint": fingerprint_of(found.source, [message.poster, found.fingerprint])})
