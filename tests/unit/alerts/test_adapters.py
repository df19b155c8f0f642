"""What monitors post, read into one shape: what fired, what is over, how bad it is, and what makes it the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.alerts.parse import notice_of
from tests.unit.alerts import messages
from tests.unit.alerts.messages import Event, from_app
from tools.contracts.alert_notice import AlertNotice, NoticeSource
from tools.contracts.incident import AlertSeverity

PAIRS: dict[str, tuple[Callable[[str], Event], str, str, NoticeSource, AlertSeverity, str]] = {
    "Alertmanager": (messages.alertmanager, "FIRING:1", "RESOLVED", "alertmanager", "critical", "HighErrorRate api"),
    "Grafana": (messages.grafana, "Firing", "Resolved", "grafana", "critical", "(disk)"),
    "Grafana of old": (messages.grafana_legacy, "[Alerting]", "[OK]", "grafana", "warning", "Disk is full"),
    "Datadog": (messages.datadog, "Triggered", "Recovered", "datadog", "critical", "CPU is high on host:web-prod"),
    "PagerDuty": (messages.pagerduty, "Triggered", "Resolved", "pagerduty", "critical", "Checkout is not resolved"),
    "Amazon Q": (messages.amazon_q, "ALARM", "OK", "cloudwatch", "critical", "ohio-canary01-CPU-High"),
    "SNS": (messages.sns_json, "ALARM", "OK", "cloudwatch", "critical", "Example"),
    "notify-slack": (messages.notify_slack, "ALARM", "OK", "cloudwatch", "critical", "Example"),
    "Sentry": (messages.sentry, "New", "Resolved", "sentry", "critical", "[checkout] TypeError: undefined"),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_fires_and_what_is_over_are_told_apart_and_known_as_the_same(name: str) -> None:
    message, fires, over, source, severity, title = PAIRS[name]
    fired, resolved = notice_of(message(fires)), notice_of(message(over))
    assert (fired.source, fired.status, fired.severity) == (source, "firing", severity)
    assert fired.title.startswith(title)
    assert (resolved.source, resolved.status) == (source, "resolved")
    assert fired.fingerprint == resolved.fingerprint


def test_no_two_monitors_alerts_are_the_same() -> None:
    fingerprints = [notice_of(message(fires)).fingerprint for message, fires, *_ in PAIRS.values()]
    # What SNS and the Lambda send of one alarm lacks the account or the region, so they differ too.
    assert len(set(fingerprints)) == len(fingerprints)


def test_a_value_that_changes_does_not_make_another_alert() -> None:
    first, second = notice_of(messages.grafana(value="A=91.3")), notice_of(messages.grafana(value="A=97"))
    assert first.fingerprint == second.fingerprint
    assert first.labels["instance"] == "db-prod-usc1-01"


def test_how_many_fire_does_not_make_another_alert() -> None:
    one, many = (notice_of(messages.alertmanager(f"FIRING:{count}")) for count in (1, 12))
    assert one.fingerprint == many.fingerprint


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("disk at 91 % on web-03, since 12:03:11", "disk at 97 % on web-03, since 12:09:59", True),
        ("disk at 91 % on web-03", "disk at 91 % on web-04", False),
        ("http 500 from checkout", "http 404 from checkout", False),
        ("FIRING: backup failed", "RESOLVED: backup failed", True),
        ("ALERT\nweb-01 is down", "ALERT\ndb-02 is down", False),
    ],
)
def test_free_text_is_the_same_when_only_values_and_times_differ(first: str, second: str, same: bool) -> None:
    one, other = notice_of(from_app("cron", text=first)), notice_of(from_app("cron", text=second))
    assert (one.fingerprint == other.fingerprint) is same
    assert one.source == "text"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("RESOLVED: disk is fine", "resolved"),
        ("[OK] disk", "resolved"),
        ("Recovered - web", "resolved"),
        ("OK, who broke the build?", "firing"),
        ("not resolved: disk", "firing"),
        ("the pool is closed to new connections", "firing"),
    ],
)
def test_free_text_is_over_only_where_it_begins_by_saying_so(text: str, status: str) -> None:
    assert notice_of(from_app("cron", text=text)).status == status


def test_a_title_that_speaks_of_resolving_does_not_close_an_incident() -> None:
    assert notice_of(messages.pagerduty("Triggered")).status == "firing"


def test_what_no_adapter_knows_keeps_every_word_for_layer_1() -> None:
    found = notice_of(
        from_app("cron", text="nightly job says: *kaputt*", attachments=[{"footer": "x", "text": "more"}])
    )
    assert found.source == "text"
    assert found.text == "nightly job says: *kaputt*\nmore"


def test_a_message_without_a_word_is_an_alert_all_the_same() -> None:
    found = notice_of(from_app("cron"))
    assert (found.title, found.text) == ("An alert without a title", "")


ANY_JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
KEYS: tuple[str, ...] = (
    "text",
    "username",
    "bot_profile",
    "attachments",
    "blocks",
    "fields",
    "title",
    "value",
    "footer",
    "color",
    "name",
)
SHAPED: st.SearchStrategy[JsonValue] = st.recursive(
    st.text() | ANY_JSON,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)
WORDS = st.text() | st.sampled_from(
    [
        *("[FIRING:1] x (y", "[RESOLVED]", "Triggered: [P1] ", "#12: x", "CloudWatch Alarm | a | b", '{"AlarmName": ['),
        *(
            "{" * 5000,
            "<" * 5000,
            "*_" * 3000,
            "\ud800 half",
            "a=" * 2000,
            "[" * 4000,
            "1.1" * 3000,
            "\n".join("ab" * 4),
        ),
    ]
)
NAMES = st.sampled_from(["Grafana", "Datadog", "PagerDuty", "Sentry", "Amazon Q", "cron"]) | st.text(max_size=20)


@given(event=st.dictionaries(st.sampled_from(KEYS), SHAPED, max_size=6))
def test_any_json_is_read(event: dict[str, JsonValue]) -> None:
    _is_whole(notice_of(event))


@given(app=NAMES, text=WORDS, title=WORDS, footer=NAMES, field=WORDS)
def test_any_words_of_any_monitor_are_read(app: str, text: str, title: str, footer: str, field: str) -> None:
    attachment: JsonValue = {
        "title": title,
        "text": text,
        "footer": footer,
        "fields": [{"title": field, "value": title}],
    }
    _is_whole(notice_of(from_app(app, text=text, attachments=[attachment])))


def _is_whole(notice: AlertNotice) -> None:
    assert notice.model_dump_json()
    assert AlertNotice.model_validate_json(notice.model_dump_json()) == notice
