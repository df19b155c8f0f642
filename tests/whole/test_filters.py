"""Each reason why an event is no request, alone: the event that starts a task, and its twin that must not.

Straight to the listeners: Bolt keeps some of these from them, and other workspaces than ours send what ours does not.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from bot.alerts.door import AlertDoor
from bot.alerts.names import alert_id
from bot.alerts.parse import notice_of
from bot.intake import Intake
from bot.listeners.events import EventListeners
from bot.local.slack.seed import BOT_ID, BOT_USER_ID
from bot.workflows.messages import TaskLimits
from bot.workflows.messages.alerts import TriageRules
from tests.whole.square import Square
from tools.contracts.common import JsonObject

KEY = b"k" * 32
OPS, ALERTS, DIRECT = "C0OPS00001", "C0ALERTS01", "D0ADA00001"
ORG = "T0FILTERS1"

MENTION: JsonObject = {"type": "app_mention", "user": "U0ADA00001", "channel": OPS, "text": f"<@{BOT_USER_ID}> fix it"}
DM: JsonObject = {"type": "message", "user": "U0ADA00001", "channel": DIRECT, "channel_type": "im", "text": "fix it"}
ALERT: JsonObject = {
    "type": "message",
    "subtype": "bot_message",
    "bot_id": "B0ALERTM01",
    "channel": ALERTS,
    "channel_type": "channel",
    "text": "firing",
}

FILTERED: dict[str, tuple[JsonObject, JsonObject]] = {
    "a mention by an app": (MENTION, {"bot_id": "B0ALERTM01"}),
    "a mention by nobody": (MENTION, {"user": None}),
    "a mention by ourselves": (MENTION, {"user": BOT_USER_ID}),
    "a mention that was edited in": (MENTION, {"edited": {"user": "U0ADA00001", "ts": "1.0"}}),
    "a direct message by ourselves": (DM, {"user": BOT_USER_ID}),
    "a direct message by an app": (DM, {"bot_id": "B0ALERTM01"}),
    "a direct message by an app of old": (DM, {"subtype": "bot_message"}),
    "a direct message by nobody": (DM, {"user": None}),
    "an edited direct message": (DM, {"subtype": "message_changed"}),
    "a deleted direct message": (DM, {"subtype": "message_deleted"}),
    "what is not said to us": (DM, {"channel_type": "channel", "channel": OPS}),
    "our own message among the alerts": (ALERT, {"user": BOT_USER_ID, "bot_id": BOT_ID, "subtype": None}),
    "a person's message among the alerts": (ALERT, {"user": "U0ADA00001", "bot_id": None, "subtype": None}),
    "an edit that carries no message": (ALERT, {"subtype": "message_changed"}),
    "an app's reply to an alert": (ALERT, {"thread_ts": "1795000000.000001"}),
    "an app's message in another channel": (ALERT, {"channel": OPS}),
}


@pytest.fixture(scope="module")
async def listeners(square: Square) -> AsyncGenerator[EventListeners]:
    """On a task queue without a worker: what is started stays as it is."""
    temporal = square.town.temporal
    intake = Intake(
        temporal=temporal,
        task_queue="nobody",
        decision_key=KEY,
        limits=TaskLimits(),
        now=lambda: datetime.now(UTC),
    )

    async def nobodys(channel: str, thread: str) -> None:
        assert channel, thread

    yield EventListeners(
        intake=intake,
        alerts=AlertDoor(temporal, "nobody", KEY, TriageRules(TaskLimits()), lambda: datetime.now(UTC)),
        org=ORG,
        bot_user=BOT_USER_ID,
        alert_channels=frozenset({ALERTS}),
        opener_of=nobodys,
    )
    async for found in temporal.list_workflows("TaskQueue = 'nobody'"):
        await temporal.get_workflow_handle(found.id).terminate()


@pytest.mark.parametrize("name", FILTERED)
async def test_what_is_no_request_starts_nothing(square: Square, listeners: EventListeners, name: str) -> None:
    event, difference = FILTERED[name]
    number = list(FILTERED).index(name)
    request = {**event, "ts": f"1795000001.{number:06}", "text": f"{event['text']} {name}"}
    twin = {**request, **difference, "ts": f"1795000002.{number:06}", "text": f"{request['text']}, twin"}
    for each in (request, twin):
        handle = listeners.on_mention if each["type"] == "app_mention" else listeners.on_message
        await handle({"team_id": ORG, "event": each})
    assert await _started(square.town.temporal, request), "this one is a request"
    assert not await _started(square.town.temporal, twin)


async def _started(temporal: Client, event: JsonObject) -> bool:
    task = f"{ORG}.{event['channel']}.{event['ts']}"
    alert = alert_id(ORG, str(event["channel"]), notice_of(event).fingerprint)
    return await _is_there(temporal, task) or await _is_there(temporal, alert)


async def _is_there(temporal: Client, workflow_id: str) -> bool:
    try:
        await temporal.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True
