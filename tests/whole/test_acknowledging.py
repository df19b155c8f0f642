"""Temporal away: nothing is acknowledged that is not durable, and who would wait in vain is told at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.freezing import freeze, thaw
from tests.whole.square import QUESTION, Square
from tests.whole.town import until
from tools.contracts.common import JsonObject

AWAY = "the workflow service did not answer"


@asynccontextmanager
async def stopped(square: Square) -> AsyncGenerator[None]:
    """Temporal takes connections and answers nothing, which is worse than to be gone."""
    pid = square.town.stack.processes.pids["temporal"]
    freeze(pid)
    try:
        yield
    finally:
        thaw(pid)


@pytest.mark.parametrize("outage", ["gone", "hanging"])
async def test_what_temporal_does_not_take_is_not_acknowledged_and_starts_once_when_it_is_back(
    square: Square, outage: str
) -> None:
    # A connection that was there is tried for longer than one that never was.
    await square.hears(await square.say("ada", "ops", "@gavel hello"), QUESTION)
    before = await square.tasks()
    log = square.served.log.read_text()
    async with square.impatient():
        async with square.without("temporal") if outage == "gone" else stopped(square):
            started = time.monotonic()
            answer = await square.act("command", user="ada", channel="ops", text="ask a command without answer")
            assert answer["acked"], "the person was left with Slack's own timeout"
            assert time.monotonic() - started < 3
            assert AWAY in (await _whispered(square, "U0ADA00001"))["text"]
            said = await square.say("ada", "ops", f"@gavel are you there, though Temporal is {outage}?")

            async def delivered_again() -> bool:
                return len(await _attempts(square)) > 1

            await until(delivered_again, seconds=20, what="Another delivery")
            assert (await _attempts(square))[0]["acked_at"] is None
        await square.hears(said, QUESTION)
    assert await square.tasks() - before == {square.task(said)}
    assert len(await square.recorded(said, "task_received")) == 1
    logged = square.served.log.read_text()[len(log) :]
    assert "It was not acknowledged, so that Slack sends it again" in logged
    assert "Traceback" not in logged


async def _attempts(square: Square) -> list[JsonObject]:
    """How the newest mention was delivered."""
    mentions = [envelope for envelope in await square.envelopes() if envelope["event_type"] == "app_mention"]
    return [envelope for envelope in mentions if envelope["event_id"] == mentions[-1]["event_id"]]


async def _whispered(square: Square, user: str) -> JsonObject:
    """What this person alone was told last."""
    async with asyncio.timeout(10):
        while True:
            told = [message for message in square.written() if message["ephemeral_to"] == user]
            if told and AWAY in told[-1]["text"]:
                return told[-1]
            await asyncio.sleep(0.05)
