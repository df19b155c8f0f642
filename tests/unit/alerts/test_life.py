"""The life of one alert: what counts, what is told to the desk, and what it outlives."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from temporalio.client import Client

from bot.alerts.names import alert_id
from bot.workflows.alerts.brief import MOST_MARK, MOST_NAME, MOST_NAMES, MOST_VALUE, labels_of, mark_of, names_in
from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.messages.alerts import AlertBatch, AlertLife, AlertSeen, AlertStart
from tests.unit.alerts.scripted import CHANNEL, KEY, QUICK, Alerts, alerting
from tests.unit.alerts.test_webhook import post, posting
from tools.contracts.signing import sign

STARTED = "2026-11-26T12:00:00Z"


def body(status: str, *, starts: str = STARTED, ends: str = "0001-01-01T00:00:00Z") -> bytes:
    """Of Alertmanager."""
    alert = {
        "status": status,
        "fingerprint": "a" * 16,
        "labels": {"alertname": "disk"},
        "startsAt": starts,
        "endsAt": ends,
    }
    return json.dumps({"version": "4", "alerts": [alert]}).encode()


async def test_one_that_timed_out_and_goes_on_where_it_was_fires_again(temporal: Client) -> None:
    async with alerting(temporal) as alerts, posting(alerts) as url:
        await post(url, body("firing"))
        await alerts.until(lambda: any(card.startswith("firing ×1") for card in alerts.cards().values()))
        await post(url, body("resolved", ends="2026-11-26T12:04:00Z"))
        await alerts.until(lambda: any(card.startswith("resolved") for card in alerts.cards().values()))
        for _ in range(3):  # the first is news, and the others are its `repeat_interval`
            await post(url, body("firing"))
        await alerts.until(lambda: any(card.startswith("firing ×1") for card in alerts.cards().values()))
        assert [(entry.episode, entry.status) for entry in alerts.entries] == [
            (1, "firing"),
            (1, "resolved"),
            (2, "firing"),
        ]


async def test_one_that_is_to_begin_in_the_future_can_be_over_before(temporal: Client) -> None:
    async with alerting(temporal) as alerts, posting(alerts) as url:
        await post(url, body("firing", starts="2099-01-01T00:00:00Z"))
        await alerts.until(lambda: any(card.startswith("firing") for card in alerts.cards().values()))
        await post(url, body("resolved", starts="2099-01-01T00:00:00Z", ends="2026-11-26T12:04:00Z"))
        await alerts.until(lambda: any(card.startswith("resolved") for card in alerts.cards().values()))
        await post(url, body("firing", starts="2026-11-26T12:05:00Z"))
        await alerts.until(lambda: any(card.startswith("firing") for card in alerts.cards().values()))


async def test_one_whose_desk_cannot_be_told_lives_on_and_tells_it_later(
    temporal: Client, caplog: pytest.LogCaptureFixture
) -> None:
    async with alerting(temporal) as alerts:
        alerts.untaken = 1
        await alerts.says("disk")
        await alerts.until(lambda: "did not reach its channel's desk" in caplog.text)
        assert not alerts.entries
        assert (await alerts.life("disk")).untold == "changed"
        await alerts.until(lambda: alerts.looked_into() == [["disk"]])
        assert (await alerts.life("disk")).untaken == 0


async def test_a_life_that_somebody_else_tells_of_is_not_believed(temporal: Client) -> None:
    """Only the run before this one knows, and the edge's word about this very alert."""
    async with alerting(temporal) as alerts:
        name = alert_id(alerts.org, CHANNEL, "a" * 16)
        told = AlertLife(born_at="2026-11-26T12:00:00+00:00", episode=7, status="firing", untold="changed", rules=QUICK)
        forged = await temporal.start_workflow(
            AlertWorkflow.run,
            AlertStart(alerts.org, CHANNEL, "a" * 16, carried=told),
            id=name,
            task_queue=alerts.door.task_queue,
        )
        await forged.signal(AlertWorkflow.receive, batch(alerts.org, "b" * 16))
        await forged.signal(AlertWorkflow.receive, replace(batch(alerts.org, "a" * 16), mac="0" * 64))
        state = await forged.query(AlertWorkflow.alert_state)
        await forged.signal(AlertWorkflow.receive, batch(alerts.org, "a" * 16))
        await alerts.until(lambda: bool(alerts.entries))
        assert (state.episode, state.count) == (0, 0)
        assert [(entry.episode, entry.count) for entry in alerts.entries] == [(1, 1)]


def batch(org: str, fingerprint: str) -> AlertBatch:
    notice = Alerts.notice("disk", "firing", "warning", {}).model_copy(update={"fingerprint": fingerprint})
    seen = AlertSeen(f"of {fingerprint}", "firing", "warning", 1000.5, "1000.500000")
    return sign(AlertBatch(org, CHANNEL, fingerprint, [seen], notice.model_dump(mode="json"), [], QUICK), KEY)


def test_what_a_desk_is_told_is_small_whatever_an_alert_says() -> None:
    labels = {f"l{number}": "警" * 200 for number in range(40)} | {"service": "警" * 200, "host": "web-1:9100"}
    kept = labels_of(labels, ["service"])
    assert set(kept) == {"service", "host"}
    assert kept["host"] == "web-1:9100"
    assert len(kept["service"]) <= MOST_VALUE
    assert kept["service"] != labels_of({"service": "警" * 199}, ["service"])["service"], "unequal ones stay so"
    names = names_in(labels, " ".join(f"{'x' * 50}-{number}" for number in range(400)))
    assert names[0] == "web-1"
    assert len("".join(names)) <= MOST_NAMES * MOST_NAME
    assert mark_of("1000.500000") == "1000.500000"
    assert len(mark_of("警" * 200)) <= MOST_MARK
