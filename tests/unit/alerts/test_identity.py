"""Whose alert it is: who posts it, and which monitor's words it is read as."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from bot.alerts.parse import notice_of
from tests.unit.alerts import messages
from tests.unit.alerts.messages import Event, from_app
from tests.unit.alerts.test_adapters import PAIRS

CRON: Event = from_app("cron", text="disk is full on web-03")


@pytest.mark.parametrize("name", PAIRS)
def test_nobody_closes_anothers_alert_by_saying_the_same(name: str) -> None:
    message, fires, over, *_ = PAIRS[name]
    fired, imitated = notice_of(message(fires)), notice_of({**message(over), "bot_id": "B0ANOTHER1"})
    assert (imitated.source, imitated.status, imitated.title) == (fired.source, "resolved", fired.title)
    assert imitated.fingerprint != fired.fingerprint
    assert notice_of(message(over)).fingerprint == fired.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        {"bot_id": "B0ANOTHER1"},
        {"bot_id": None, "bot_profile": {"id": "B0ANOTHER1"}},
        {"bot_id": None, "app_id": "A0ANOTHER1"},
        {"bot_id": None},
    ],
)
def test_the_same_words_by_two_monitors_of_one_channel_are_two_alerts(other: dict[str, JsonValue]) -> None:
    assert notice_of({**CRON, **other}).fingerprint != notice_of(CRON).fingerprint


def test_a_monitor_that_calls_itself_otherwise_is_the_same() -> None:
    assert notice_of({**CRON, "username": "cron (prod)"}).fingerprint == notice_of(CRON).fingerprint
    assert notice_of({**CRON, "app_id": "A0MONITOR1"}).fingerprint == notice_of(CRON).fingerprint


def test_what_slack_shows_of_a_link_does_not_make_another_alert() -> None:
    posted = from_app("cron", text="backup failed: https://wiki.example/backup")
    shown: JsonValue = {"from_url": "https://wiki.example/backup", "title": "[RESOLVED] Backups", "text": "How to."}
    unfurled = notice_of({**posted, "attachments": [shown]})
    assert unfurled == notice_of(posted)


NOT_SENTRYS: dict[str, Event] = {
    "an issue of GitHub": from_app(
        "GitHub",
        attachments=[
            {
                "title": "Disk is full",
                "title_link": "https://github.com/acme/ops/issues/42",
                "text": "opened",
                "footer": "ACME-OPS",
            }
        ],
    ),
    "a monitor whose runbook is there": from_app(
        "cron", text="backup of CHECKOUT-4A failed, see <https://acme.sentry.io/issues/42/|the issue>"
    ),
    "Alertmanager, with a link to an issue": messages.alertmanager(text="<https://acme.sentry.io/issues/42/|runbook>"),
    "Alertmanager, with a short id": messages.alertmanager(
        text="Short ID: CHECKOUT-4A\nhttps://acme.sentry.io/issues/1"
    ),
    "a link to an issue under a footer of another form": from_app(
        "cron",
        attachments=[{"title": "x", "title_link": "https://acme.sentry.io/issues/4/", "footer": "see RUNBOOK-4A"}],
    ),
    "one whose name only holds it": from_app("sentryd", text="the sentry of gate 3 sleeps"),
}


@pytest.mark.parametrize("name", NOT_SENTRYS)
def test_what_only_speaks_of_sentry_is_not_sentrys(name: str) -> None:
    assert notice_of(NOT_SENTRYS[name]).source in ("text", "alertmanager")


@pytest.mark.parametrize(
    "link",
    ["https://acme.sentry.io/issues/42/", "https://sentry.acme.example/organizations/acme/issues/42/?referrer=x"],
)
def test_sentry_under_another_name_is_known_by_all_of_an_issues_marks(link: str) -> None:
    fired = from_app(
        "errors", attachments=[{"title": "TypeError", "title_link": link, "footer": "CHECKOUT-PROD-4A via backend-all"}]
    )
    assert notice_of(fired).source == "sentry"


def test_two_issues_of_one_project_stay_two() -> None:
    def issue(short: str) -> Event:
        return from_app("Sentry", attachments=[{"title": "Timeout", "footer": f"{short} via backend-all"}])

    assert notice_of(issue("CHECKOUT-4A")).fingerprint != notice_of(issue("CHECKOUT-4B")).fingerprint


def test_a_metric_alert_of_sentry_is_over_with_its_own_name() -> None:
    fired, over = (
        notice_of(from_app("Sentry", text=f"{state}: Apdex of checkout")) for state in ("Critical", "Resolved")
    )
    assert (fired.status, over.status) == ("firing", "resolved")
    assert fired.fingerprint == over.fingerprint


@pytest.mark.parametrize(
    ("source", "link"),
    [("pagerduty", "https://acme.pagerduty.com/incidents/Q2"), ("datadog", "https://app.datadoghq.com/monitors/1")],
)
def test_a_link_to_a_monitor_somewhere_in_anothers_message_does_not_make_it_its(source: str, link: str) -> None:
    text = f"Alert: backup #12 failed\nsee <https://wiki.example/backup|the runbook> and <{link}|this>"
    assert notice_of(from_app("cron", text=text)).source == "text"
