"""What is said after Slack was answered, when the bot stops."""

from __future__ import annotations

import asyncio

import pytest

from bot.listeners.later import Later


async def test_what_is_being_said_is_said_before_it_stops() -> None:
    said: list[str] = []

    async def say() -> None:
        await asyncio.sleep(0.05)
        said.append("Lent.")

    async with Later() as later:
        later.do(say(), what="a word")
    assert (said, later.running) == (["Lent."], set())


async def test_nothing_is_waited_for_longer_than_its_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.listeners.later.GRACE_SECONDS", 0.05)
    later = Later()
    later.do(asyncio.sleep(3600), what="a word that hangs")
    await later.stop()
    assert not later.running


async def test_what_is_endless_is_not_waited_for_and_not_begun_again() -> None:
    later = Later()
    later.follow(asyncio.Event().wait(), what="all changes")
    async with asyncio.timeout(1):
        await later.stop()
    later.follow(asyncio.Event().wait(), what="all changes")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not later.running
