"""What a monitor edits into its message: the alert is over, or goes on. What others edit is no alert."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue
from temporalio.client import Client
from temporalio.service import RPCError

from bot.alerts.edited import said_by_edit
from bot.alerts.names import alert_id
from bot.alerts.parse import notice_of
from bot.intake import Intake
from bot.listeners.events import EventListeners
from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.messages import TaskLimits
from bot.workflows.messages.alerts import AlertLife
from tests.unit.alerts import messages
from tests.unit.alerts.messages import Event, from_app
from tests.unit.alerts.scripted import CHANNEL, KEY, Alerts, alerting

BOT_USER = "U0GAVEL001"
POSTED = 1795000000.0001


def now() -> datetime:
    return datetime(2026, 11, 26, 12, 5, tzinfo=UTC)


def edited(before: Event, after: Event, *, at: float = 60, editor: str = "B0MONITOR1") -> Event:
    """As docs.slack.dev/reference/events/message/message_changed has it."""
    ts = f"{POSTED + at:.6f}"
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": CHANNEL,
        "channel_type": "channel",
        "message": {**after, "edited": {"user": editor, "ts": ts}},
        "previous_message": before,
        "ts": ts,
        "event_ts": ts,
    }


@dataclass
class Heard:
    listeners: EventListeners
    alerts: Alerts

    async def __call__(self, event: Event) -> None:
        await self.listeners.on_message({"team_id": self.alerts.org, "event": {**event, "channel": CHANNEL}})

    async def life(self, event: Event) -> AlertLife:
        name = alert_id(self.alerts.org, CHANNEL, notice_of(event).fingerprint)
        return await self.alerts.temporal.get_workflow_handle_for(AlertWorkflow.run, name).query(
            AlertWorkflow.alert_state
        )

    async def lives(self) -> int:
        query = f"WorkflowType = 'gavel-alert' AND WorkflowId STARTS_WITH '{self.alerts.org}'"
        return len([one async for one in self.alerts.temporal.list_workflows(query)])


@asynccontextmanager
async def hearing(temporal: Client) -> AsyncGenerator[Heard]:
    async with alerting(temporal) as alerts:
        intake = Intake(temporal, "nobody", KEY, TaskLimits(), now)

        async def nobodys(channel: str, thread: str) -> None:
            assert channel, thread

        yield Heard(EventListeners(intake, alerts.door, None, BOT_USER, frozenset({CHANNEL}), nobodys), alerts)


EDITING: dict[str, tuple[Callable[[str], Event], str, str]] = {
    "PagerDuty": (messages.pagerduty, "Triggered", "Resolved"),
    "Grafana": (messages.grafana, "Firing", "Resolved"),
    "free text": (lambda state: from_app("cron", text=f"{state}: backup failed"), "ALERT", "RESOLVED"),
}


@pytest.mark.parametrize("name", EDITING)
async def test_an_alert_is_over_when_its_message_says_so(temporal: Client, name: str) -> None:
    message, fires, over = EDITING[name]
    async with hearing(temporal) as hears:
        await hears(message(fires))
        await hears.alerts.until(lambda: len(hears.alerts.entries) == 1)
        edit = edited(message(fires), message(over))
        for _ in range(2):  # delivered twice
            await hears(edit)
        await hears.alerts.until(lambda: hears.alerts.entries[-1].status == "resolved")
        life = await hears.life(message(fires))
        assert (life.status, life.episode, life.count, await hears.lives()) == ("resolved", 1, 1, 1)
        again = edited(message(over), message(fires), at=120)
        for _ in range(2):
            await hears(again)
        await hears.alerts.until(lambda: hears.alerts.entries[-1].episode == 2)
        life = await hears.life(message(fires))
        assert (life.status, life.episode, life.count, life.message_ts) == ("firing", 2, 1, f"{POSTED:.6f}")


async def test_an_edit_that_arrives_before_its_message_is_not_undone_by_it(temporal: Client) -> None:
    async with hearing(temporal) as hears:
        fired, over = messages.pagerduty("Triggered"), messages.pagerduty("Resolved")
        await hears(edited(fired, over))
        await hears(fired)
        assert (await hears.life(fired)).status == "resolved"


async def test_what_is_over_under_other_words_ends_what_the_message_was_about(temporal: Client) -> None:
    async with hearing(temporal) as hears:
        fired, over = from_app("cron", text="ALERT: disk is full"), from_app("cron", text="OK: disk has room again")
        await hears(fired)
        await hears.alerts.until(lambda: len(hears.alerts.entries) == 1)
        await hears(edited(fired, over))
        await hears.alerts.until(lambda: hears.alerts.entries[-1].status == "resolved")
        assert (await hears.life(fired)).status == "resolved"


FIRED, OVER = messages.pagerduty("Triggered"), messages.pagerduty("Resolved")
PERSON: Event = {"type": "message", "user": "U0ADA00001", "text": "ALERT: x", "ts": "1795000000.000200"}
UNFURL: JsonValue = [{"from_url": "https://x.example", "title": "x", "text": "y"}]
OF_NO_MONITOR: dict[str, Event] = {
    "a person's message": edited(PERSON, {**PERSON, "text": "RESOLVED: x"}, editor="U0ADA00001"),
    "a monitor's message, by a person": edited(FIRED, {**OVER, "user": "U0MONITOR1"}, editor="U0ADA00001"),
    "our own message": edited(FIRED, {**OVER, "user": BOT_USER}),
    "a monitor's reply": edited(FIRED, {**OVER, "thread_ts": "1795000000.000001"}),
    "a message that is gone": edited(FIRED, {**OVER, "subtype": "tombstone"}),
    "one in which nothing changed": edited(FIRED, FIRED),
    "one under which Slack shows a link": edited(
        from_app("cron", text="see https://x.example"),
        from_app("cron", text="see https://x.example", attachments=UNFURL),
    ),
    "no message at all": {"type": "message", "subtype": "message_changed", "ts": "1.0", "message": "x"},
    "a message without a name": edited(FIRED, {**OVER, "ts": None}),
}


@pytest.mark.parametrize("name", OF_NO_MONITOR)
def test_what_no_monitor_edited_says_nothing(name: str) -> None:
    assert said_by_edit(edited(FIRED, OVER), bot_user=BOT_USER, now=now), "this one does"
    assert said_by_edit(OF_NO_MONITOR[name], bot_user=BOT_USER, now=now) == []


async def test_an_edit_elsewhere_is_no_alert(temporal: Client) -> None:
    async with hearing(temporal) as hears:
        event = {**edited(FIRED, OVER), "channel": "C0OPS00001"}
        await hears.listeners.on_message({"team_id": hears.alerts.org, "event": event})
        name = alert_id(hears.alerts.org, "C0OPS00001", notice_of(OVER).fingerprint)
        with pytest.raises(RPCError, match="not found"):
            await temporal.get_workflow_handle(name).describe()


def test_when_it_was_said_is_when_it_was_edited() -> None:
    [(notice, seen)] = said_by_edit(edited(FIRED, OVER, at=60), bot_user=BOT_USER, now=now)
    assert (notice.status, seen.status, seen.message_ts) == ("resolved", "resolved", f"{POSTED:.6f}")
    assert seen.at == pytest.approx(POSTED + 60)
    for ts in ("inf", "nan", "1e300", "x", "1795000060"):
        [(_, odd)] = said_by_edit({**edited(FIRED, OVER), "ts": ts}, bot_user=BOT_USER, now=now)
        assert odd.at == now().timestamp()
