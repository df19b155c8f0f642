"""A monitor's message in the alert channel that is edited, over the real socket."""

from __future__ import annotations

import uuid

from temporalio.service import RPCError, RPCStatusCode

from bot.alerts.names import alert_id
from bot.alerts.parse import notice_of
from bot.local.slack.seed import ALERTMANAGER_BOT_ID
from bot.workflows.alerts.life import AlertWorkflow
from tests.whole.square import Square
from tests.whole.town import until


async def test_a_monitor_ends_its_alert_by_editing_and_a_person_does_not(square: Square) -> None:
    trouble = f"queue {uuid.uuid4().hex[:6]} is stuck"
    answer = await square.act("alert", channel="alerts", text=f"ALERT: {trouble}")
    channel, ts = str(answer["channel"]), str(answer["ts"])
    print_of = notice_of({"bot_id": ALERTMANAGER_BOT_ID, "text": trouble}).fingerprint
    name = alert_id(square.town.stack.org, channel, print_of)
    life = square.town.temporal.get_workflow_handle_for(AlertWorkflow.run, name)

    async def stands(status: str) -> bool:
        try:
            return (await life.query(AlertWorkflow.alert_state)).status == status
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False

    await until(lambda: stands("firing"), seconds=30, what="The alert")
    said = await square.say("ada", "alerts", "a question")
    for text in (f"RESOLVED: {trouble}", f"ALERT: another {trouble}"):
        assert (await square.act("edit", user="ada", channel="alerts", ts=said.ts, text=text))["ok"]
    await square.delivered("message.message_changed", attempt=0)
    assert await stands("firing")
    assert (await square.act("alert", channel="alerts", text=f"RESOLVED: {trouble}", ts=ts))["ok"]
    await until(lambda: stands("resolved"), seconds=30, what="That it is over")
    assert (await life.query(AlertWorkflow.alert_state)).message_ts == ts
