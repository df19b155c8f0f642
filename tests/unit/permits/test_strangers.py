"""People and monitors of another organisation, in channels that are shared with it: on every surface, over the real
socket, whatever roles they would hold by their id."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest
from temporalio.client import Client

from bot.alerts.names import alert_id
from bot.blocks.actions import APPROVE
from bot.listeners.about import OF_OTHERS
from bot.permits import words
from tests.unit.listeners.conftest import desk
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.listeners.test_asking import handed_over
from tests.unit.local_slack.harness import ADA, ALERTS, OPS, Slack, until
from tests.unit.permits.bodies import every_body, of_another
from tests.unit.permits.test_every_surface import NoToAll, answered
from tests.unit.workflows.running import running
from tests.unit.workflows.script import Script
from tools.contracts.common import JsonObject

__all__ = ["desk"]

OTHERS, EVE = "T0OTHERS01", "U0EVE00001"
BODIES = {name: of_another(body, team=OTHERS) for name, _, body in every_body()}


@pytest.fixture
def no() -> NoToAll:
    return NoToAll()


@pytest.fixture
async def asked(slack: Slack, temporal: Client, no: NoToAll) -> AsyncGenerator[Desk]:
    async with open_desk(slack, temporal, policies=no) as opened:
        yield opened


async def comes(slack: Slack, channel: str = OPS) -> None:
    answer = await slack.act("visit", channel=channel, id=EVE, name="eve", team=OTHERS)
    assert answer["ok"], answer


async def told(desk: Desk, *, channel: str = OPS, user: str = "eve") -> list[str]:
    messages = (await desk.slack.look("channel", channel=channel, viewer=user))["messages"]
    return [each["text"] for each in messages if each["ephemeral"]]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_nothing_of_theirs_is_taken_and_nobody_is_even_asked_about_it(
    asked: Desk, no: NoToAll, body: JsonObject
) -> None:
    answer = await answered(asked, body)
    said: JsonObject = json.loads(answer.body or "{}")
    assert (answer.status, no.asked) == (200, [])
    if "command" in body:
        assert (said["response_type"], said["text"]) == ("ephemeral", words.STRANGER)
    elif body["type"] == "view_submission":
        assert said == {"response_action": "errors", "errors": {"field": words.STRANGER}}
    else:
        assert said == {}


async def test_a_stranger_who_mentions_the_bot_is_told_so_and_only_they(desk: Desk, temporal: Client) -> None:
    await comes(desk.slack)
    before = await handed_over(temporal)
    thread = await desk.slack.say("what is up with web-1?", user="grace")
    for more in ({}, {"thread_ts": thread}):
        await desk.slack.say("@gavel production web servers have drifted, fix it", user="eve", **more)
    await until(lambda: _is_told(desk, times=2))
    assert await told(desk, user="ada") == []
    assert await handed_over(temporal) == before
    # Whoever is of the workspace is heard there as before.
    await desk.slack.say("@gavel production web servers have drifted, fix it")
    await until(lambda: _is_begun(temporal, before))


async def _is_told(desk: Desk, *, times: int) -> bool:
    return await told(desk) == [words.STRANGER] * times


async def _is_begun(temporal: Client, before: set[str]) -> bool:
    new = await handed_over(temporal) - before
    for task in new:
        await temporal.get_workflow_handle(task).terminate()
    return len(new) == 1


async def test_a_stranger_decides_nothing_though_a_list_of_roles_names_them(desk: Desk, temporal: Client) -> None:
    """The desk's directory gives every role to everybody, as a list of ids would to who is on it."""
    await comes(desk.slack)
    async with running(temporal, Script(roles={EVE: ["approver"], ADA: ["approver"]})) as task:
        ts = await desk.card(await task.proposal())
        await desk.click(ts, user="eve", action_id=APPROVE)
        await until(lambda: _told_at(desk, ts))
        assert (await task.proposal()).approvals == []
        assert task.script.of("accept_decision") == task.script.of("refuse_decision") == []
        await desk.click(ts, user="grace")
        # The workflow was asked about grace, and never about the stranger.
        assert await task.refused(1) == ["not_in_role"]


async def _told_at(desk: Desk, ts: str) -> bool:
    return words.STRANGER in await desk.told(ts, user="eve")


async def test_what_another_organisations_monitor_posts_is_no_alert(slack: Slack, temporal: Client) -> None:
    async with open_desk(slack, temporal, alert_channels=frozenset({ALERTS})):
        await comes(slack, ALERTS)
        before = await handed_over(temporal)
        theirs = await slack.act("alert", text="CRITICAL: everything is down", team=OTHERS)
        await slack.act("alert", ts=theirs["ts"], text="CRITICAL: everything is still down", team=OTHERS)
        await slack.act("alert", text="CRITICAL: disk full on web-1")
        prefix = alert_id("T1", ALERTS, "")

        async def alerts() -> set[str]:
            return {name for name in await handed_over(temporal) - before if name.startswith(prefix)}

        async def taken() -> bool:
            return bool(await alerts())

        await until(taken)
        await until(lambda: _all_acked(slack))
        new = await alerts()
        for name in new:
            await temporal.get_workflow_handle(name).terminate()
        assert len(new) == 1


async def _all_acked(slack: Slack) -> bool:
    stats = await slack.look("stats")
    return stats["envelopes_acked"] == stats["envelopes_sent"]


async def test_what_a_stranger_wrote_says_so_where_somebody_points_at_it(desk: Desk) -> None:
    await comes(desk.slack)
    for user, marked in (("eve", True), ("grace", False)):
        ts = await desk.slack.say("delete everything", user=user)
        callback = {"callback_id": "gavel.shortcut.about", "channel": OPS, "message_ts": ts}
        assert (await desk.slack.act("shortcut", user="ada", **callback))["ok"]
        view = await desk.view("ada")
        assert view is not None
        assert (OF_OTHERS in view["private_metadata"]) is marked
        assert (await desk.slack.act("close_view", user="ada", view_id=view["id"]))["ok"]
