"""Secrets in what monitors say: gone from the notice, by look and by name, and none survives as a half of itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from temporalio.client import Client

from bot.alerts.parse import notice_of
from bot.alerts.webhook_body import received
from bot.alerts.words import MOST_READ
from bot.workflows.messages.alerts import AlertSeen
from tests.unit.alerts.messages import WEBHOOK, Event, from_app
from tests.unit.alerts.scripted import CHANNEL, alerting
from tools.contracts.alert_notice import MOST_LABEL_VALUE, MOST_TEXT, MOST_TITLE, AlertNotice

HUNTER = "hunter2"
GITHUB = "ghp_" + "a1B2" * 9


def said(notice: AlertNotice) -> str:
    return notice.model_dump_json()


def now() -> datetime:
    return datetime(2026, 11, 26, 12, 5, tzinfo=UTC)


def webhook(**alert: JsonValue) -> AlertNotice:
    [first, *_] = WEBHOOK["alerts"] if isinstance(WEBHOOK["alerts"], list) else []
    assert isinstance(first, dict)
    return received(json.dumps({**WEBHOOK, "alerts": [{**first, **alert}]}).encode(), now=now)[0].notice


def section(text: str) -> JsonValue:
    return [{"type": "section", "fields": [{"type": "mrkdwn", "text": text}]}]


NAMED: dict[str, Event] = {
    "a line of a label": from_app("cron", text=f"disk full\n - secret = {HUNTER}"),
    "a line in bold": from_app("cron", text=f"disk full\n*Password:* {HUNTER}"),
    "a line in bold, the value as code": from_app("cron", text=f"disk full\n*Token:* `{HUNTER}`"),
    "an attachment's field": from_app("cron", attachments=[{"fields": [{"title": "API key", "value": HUNTER}]}]),
    "a section's field": from_app("cron", blocks=section(f"*Password*\n{HUNTER}")),
    "a section's field with a colon": from_app("cron", blocks=section(f"*Secret:*\n{HUNTER}")),
    "an attachment's block": from_app("cron", attachments=[{"blocks": section(f"*Token*\n{HUNTER}")}]),
    "a title": from_app("cron", attachments=[{"title": f"login with password={HUNTER} failed"}]),
    "a link": from_app("cron", text=f"see <https://ops:{HUNTER}@ci.example/1|the job>"),
    "JSON": from_app("hook", text=json.dumps({"AlarmName": "a", "NewStateValue": "ALARM", "password": HUNTER})),
    "the sender's name": from_app(f"cron password={HUNTER}", text="disk full"),
}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_a_secret_is_not_in_the_notice(name: str) -> None:
    assert HUNTER not in said(notice_of(NAMED[name]))


@pytest.mark.parametrize("label", ["password", "token", "db_password", "API-Key", "secret", "authorization"])
def test_a_label_named_like_a_secret_keeps_its_name_only(label: str) -> None:
    found = webhook(labels={"alertname": "x", label: HUNTER}, annotations={"token": HUNTER, "summary": "s"})
    assert HUNTER not in said(found)
    assert found.labels[label.lower()] == "[redacted:secret]"


def test_a_name_that_is_a_secret_is_none_in_the_notice() -> None:
    assert GITHUB not in said(webhook(labels={"alertname": "x", GITHUB: "1"}))


def test_what_is_a_secret_only_when_it_is_put_together_is_none_in_the_notice() -> None:
    found = webhook(labels={"alertname": "password:", "instance": HUNTER})
    assert HUNTER not in found.title
    assert HUNTER not in found.text.splitlines()[0]


CUTS: dict[str, Callable[[str], AlertNotice]] = {
    "at the end of the text": lambda secret: notice_of(from_app("cron", text="x " * (MOST_TEXT // 2 - 6) + secret)),
    "at the end of what is read": lambda secret: notice_of(from_app("cron", text="x " * (MOST_READ // 2 - 6) + secret)),
    "at the end of the title": lambda secret: notice_of(
        from_app("cron", attachments=[{"title": "x" * (MOST_TITLE - 14) + f" {secret}"}])
    ),
    "at the end of a label": lambda secret: webhook(
        labels={"alertname": "x", "note": "x" * (MOST_LABEL_VALUE - 14) + f" {secret}"}
    ),
    "at the end of a label's line": lambda secret: notice_of(
        from_app("cron", text=f"disk\n - note = {'x' * 185} {secret}")
    ),
    "at the end of an alert's words": lambda secret: webhook(annotations={"summary": "x " * 96 + secret}),
    "at the end of what is none of Alertmanager's": lambda secret: (
        received(("x " * (MOST_READ // 2 - 6) + secret).encode(), now=now)[0].notice
    ),
}


@pytest.mark.parametrize("where", CUTS)
@pytest.mark.parametrize(
    ("secret", "half"),
    [(GITHUB, GITHUB[:9]), ("xoxb-" + "1234567890" * 3, "xoxb-1"), (f"a://o:{HUNTER}{HUNTER}@ci.example/", "o:hu")],
)
def test_a_secret_that_is_cut_is_not_there_by_half(where: str, secret: str, half: str) -> None:
    assert half not in said(CUTS[where](secret))


@given(before=st.integers(0, 60), secret=st.sampled_from([GITHUB, "sk-ant-" + "a1B2c3" * 6]))
def test_wherever_the_cut_falls(before: int, secret: str) -> None:
    found = notice_of(from_app("cron", text="y" * (MOST_TEXT - before - 1) + " " + secret))
    assert secret[:8] not in found.text


def test_a_password_that_is_said_to_be_missing_is_left_as_it_is() -> None:
    found = notice_of(from_app("cron", text="login failed\nPassword: expired"))
    assert found.text.endswith("Password: expired")


async def test_what_was_taken_out_is_told_and_what_was_left_in_goes_no_further(
    temporal: Client,
) -> None:
    async with alerting(temporal) as alerts:
        notice = notice_of(from_app("cron", text=f"disk full\npassword={HUNTER}"))
        by_another = notice.model_copy(update={"title": f"pwd={HUNTER}", "labels": {"token": HUNTER, "job": GITHUB}})
        seen = AlertSeen("1.1", "firing", "warning", 1.1, "1.1")
        await alerts.door.take(by_another, seen, org=alerts.org, channel=CHANNEL)
        await alerts.until(lambda: bool(alerts.entries))
        [told] = alerts.told
        assert sorted(told.redacted) == ["github_token", "password", "secret"]
        assert HUNTER not in json.dumps(asdict(told))
