"""The apps of tenants: what one still says when it is parted with, and that it follows nothing any more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from bot.listeners.later import Later
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import NO_TRACING
from bot.tenants.apps import TenantApps
from tests.unit.local_slack.harness import until


@pytest.fixture
def laters(monkeypatch: pytest.MonkeyPatch) -> list[Later]:
    """Of the apps that were made, in order."""
    made: list[Later] = []

    async def made_for(*_: object, later: Later, **__: object) -> object:
        made.append(later)
        return object()

    monkeypatch.setattr("bot.tenants.apps.bot_for", made_for)
    return made


def installed(at: dict[str, float]) -> TenantApps:
    async def bot(org: str) -> object:
        return SimpleNamespace(installed_at=at[org])

    def nothing_of(_org: str) -> None:
        return None

    tenants: Any = SimpleNamespace(tokens=SimpleNamespace(bot=bot, forget=nothing_of), client=nothing_of)
    nothing: Any = None
    return TenantApps(nothing, tenants, nothing, nothing, None, Metrics(), NO_TRACING)


def follow(later: Later) -> None:
    later.follow(asyncio.Event().wait(), what="the home tabs' changes")


async def test_who_removed_the_app_or_installed_it_anew_is_followed_no_more(laters: list[Later]) -> None:
    at = {"T1": 1.0, "T2": 1.0}
    apps = installed(at)
    first = await apps.of("T1")
    assert await apps.of("T1") is first
    await apps.of("T2")
    for later in laters:
        follow(later)
    at["T1"] = 2.0
    assert await apps.of("T1") is not first
    await until(lambda: not laters[0].running)
    apps.forget("T2")
    await until(lambda: not laters[1].running)
    follow(laters[2])
    async with asyncio.timeout(1):
        await apps.stop()
    assert not laters[2].running


async def test_the_one_used_longest_ago_makes_room(laters: list[Later], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.tenants.apps.MOST", 1)
    apps = installed({"T1": 1.0, "T2": 1.0})
    await apps.of("T1")
    follow(laters[0])
    await apps.of("T2")
    await until(lambda: not laters[0].running)
    await apps.stop()
