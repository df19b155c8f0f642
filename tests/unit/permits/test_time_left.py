"""What the gate used of Slack's three seconds is not there for what lies behind it: no answer comes too late,
saying that something was not done that was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import delegation as says
from bot.blocks.actions import FeedbackValue
from bot.blocks.message import Message, sentence
from bot.blocks.modal import Modal
from bot.desks import Typed
from bot.intake import HandOverFailed, Intake
from bot.listeners import feedback
from bot.listeners.delegations import DelegationListeners
from bot.listeners.feedback import FeedbackDoor, FeedbackListeners
from bot.listeners.later import Later
from bot.listeners.opening import FormNotOpened
from bot.permits.time_left import begin
from bot.roles import ListedRoles
from bot.settings import TemporalSettings
from bot.speaking import opener
from bot.workflows.client import connect
from bot.workflows.messages import TaskLimits
from tools.contracts.control import Control

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROLES = ListedRoles({"admin": frozenset({"UADA"})})


@pytest.fixture
async def silent() -> AsyncGenerator[int]:
    """A server that takes what comes and says nothing. Its port."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])


async def long_at_the_gate() -> None:
    """So that what needs half of a second has it no more, but would have it of the whole."""
    begin()
    await asyncio.sleep(0.6)


@dataclass
class Slow:
    """Two desks that need half of a second."""

    said: list[Message] = field(default_factory=list[Message])

    async def answer(self, typed: Typed) -> Message:
        await asyncio.sleep(0.5)
        return sentence("Lent.")

    async def say(self, *, org: str, user: str, value: FeedbackValue, unique: str) -> None:
        await asyncio.sleep(0.5)

    async def tell(self, body: dict[str, Any], message: Message) -> None:
        self.said.append(message)

    async def whisper(self, channel: str, user: str, message: Message) -> None:
        self.said.append(message)


async def test_a_role_is_lent_in_what_is_left(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.listeners.delegations.LEND_SECONDS", 0.9)
    slow = Slow()
    lending = DelegationListeners(
        slow,
        ROLES,
        "T1",
        open_form=opener(api_at(silent)),
        whisper=slow.whisper,
        now=lambda: NOW,
        later=Later(),
    )
    until = int((NOW + timedelta(hours=1)).timestamp())
    values = {
        says.TAKER_BLOCK: {says.TAKER_INPUT: {"selected_user": "ULINUS"}},
        says.UNTIL_BLOCK: {says.UNTIL_INPUT: {"selected_date_time": until}},
    }
    await long_at_the_gate()
    body = {"user": {"id": "UADA"}, "view": {"id": "V1", "state": {"values": values}}}
    assert await lending.on_submission(body) == {says.TAKER_BLOCK: says.MAYBE}


async def test_a_word_on_an_answer_is_kept_in_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.listeners.feedback.KEEP_SECONDS", 0.9)
    slow = Slow()
    value = FeedbackValue(task_id="T1.C1.1", revision=2, agent="drift", members=("Claude",))
    await long_at_the_gate()
    body = {"user": {"id": "UADA"}, "actions": [{"value": value.encode(), "action_ts": "1.1"}]}
    await FeedbackListeners(FeedbackDoor(slow, ROLES), "T1", slow.tell).on_feedback(body)
    assert slow.said == [feedback.NOT_KEPT]


async def test_a_form_is_opened_in_what_is_left(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.speaking.OPEN_SECONDS", 30.0)
    monkeypatch.setattr("bot.speaking.TRIGGER_SECONDS", 0.9)
    await long_at_the_gate()
    started = time.monotonic()
    with pytest.raises(FormNotOpened):
        await opener(api_at(silent))("1.2", Modal("c", "Title", "Go", "Close", "", [{"type": "divider"}]))
    assert time.monotonic() - started < 6


async def test_it_is_handed_over_in_what_is_left(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.intake.HAND_OVER", timedelta(seconds=30))
    monkeypatch.setattr("bot.intake.ANSWER_SECONDS", 0.9)
    temporal = await connect(TemporalSettings(), address=f"127.0.0.1:{silent}", codec_key=b"k" * 32, lazy=True)
    intake = Intake(temporal, "nobody", b"k" * 32, TaskLimits(), now=lambda: NOW)
    cancel = Control(org="T1", task_id="T1.C1.1", action="cancel", user="UADA", channel="C1")
    await long_at_the_gate()
    started = time.monotonic()
    with pytest.raises(HandOverFailed):
        await intake.control(cancel)
    assert time.monotonic() - started < 6


def api_at(port: int) -> Any:
    return AsyncWebClient(token="xoxb-1", base_url=f"http://127.0.0.1:{port}/api/")
