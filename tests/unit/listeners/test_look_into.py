"""“Look into it” on an alert's card: over the real socket, to the desk on a real Temporal, from those who may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from temporalio.client import Client, WorkflowHandle

from bot.alerts.names import desk_id
from bot.blocks import sentences
from bot.blocks.alerts import LOOK_INTO, alert_card
from bot.blocks.message import Message
from bot.listeners.look_into import ASKED, GONE
from bot.roles import ListedRoles
from bot.settings import TemporalSettings
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.client import connect
from bot.workflows.messages.triage import AlertFace, DeskStart, LookInto
from tests.unit.alerts.test_desk_bounds import entry_of
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import GRACE, OPS, Slack
from tests.unit.policies.opa_server import NOBODYS_PORT
from tests.unit.workflows.conftest import KEY
from tools.contracts.signing import is_authentic

ROLES = ListedRoles({"operator": frozenset({GRACE}), "viewer": frozenset({"U0LINUS001"})})
ENTRY = entry_of("T1", 1, title="disk")


@pytest.fixture
async def triage(temporal: Client) -> AsyncGenerator[WorkflowHandle[TriageWorkflow, None]]:
    """The desk of #ops. No worker is up: what it is told stands in its history."""
    handle = await temporal.start_workflow(
        TriageWorkflow.run, DeskStart("T1", OPS), id=desk_id("T1", OPS), task_queue="not-used"
    )
    yield handle
    await handle.terminate()


async def heard(temporal: Client, triage: WorkflowHandle[TriageWorkflow, None]) -> list[LookInto]:
    signals = [
        event.workflow_execution_signaled_event_attributes
        async for event in triage.fetch_history_events()
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert {signal.signal_name for signal in signals} <= {"look_into"}
    return [
        click
        for signal in signals
        for click in await temporal.data_converter.decode(list(signal.input.payloads), [LookInto])
    ]


async def press(desk: Desk, *, user: str = "grace", fingerprint: str = ENTRY.fingerprint) -> list[str]:
    """What whoever pressed it is told, and only they."""
    face = AlertFace(replace(ENTRY, fingerprint=fingerprint), "", "", "", known_before=False, may_be_asked=True)
    card = alert_card(face)
    thread = await desk.slack.say("an alert")
    ts = await desk.slack.post(text=card.text, blocks=card.blocks, thread_ts=thread)
    await desk.click(ts, user=user, action_id=LOOK_INTO)
    for _ in range(100):
        if found := await desk.told(ts, user=user):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was said")


def words(message: Message) -> list[str]:
    return [message.text]


async def test_a_click_of_who_may_is_handed_to_the_desk_signed(
    slack: Slack, temporal: Client, triage: WorkflowHandle[TriageWorkflow, None]
) -> None:
    async with open_desk(slack, temporal, roles=ROLES) as desk:
        assert await press(desk) == words(ASKED)
    [click] = await heard(temporal, triage)
    assert is_authentic(click, KEY)
    assert (click.org, click.channel, click.fingerprint, click.user) == ("T1", OPS, ENTRY.fingerprint, GRACE)


async def test_who_may_not_starts_nothing(
    slack: Slack, temporal: Client, triage: WorkflowHandle[TriageWorkflow, None]
) -> None:
    async with open_desk(slack, temporal, roles=ROLES) as desk:
        for user in ("ada", "linus"):
            [said] = await press(desk, user=user)
            assert "it needs one of the roles admin, approver, operator, and you hold none of them" in said
        assert await press(desk, fingerprint="{}") == words(sentences.click_unreadable())
    assert not await heard(temporal, triage)


async def test_what_became_of_nothing_is_said(slack: Slack, temporal: Client) -> None:
    async with open_desk(slack, temporal, roles=ROLES) as desk:
        assert await press(desk) == words(GONE)
    away = await connect(TemporalSettings(), address=f"127.0.0.1:{NOBODYS_PORT}", codec_key=KEY, lazy=True)
    async with open_desk(slack, away, roles=ROLES) as desk:
        assert await press(desk) == words(sentences.click_not_recorded())
