"""Redis for what can do without it, on a real one that goes away and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.answers import RedisAnswers
from bot.local.stack import RunningStack, open_stack
from bot.permits.windows import Bound, WindowsShared
from bot.redis_client import AWAY_SECONDS, RedisAway, RedisClient, SparedRedis, open_redis
from bot.settings import Settings
from bot.taken import TakenLately
from tests.logs import logged_here

AWAY, BACK = "It goes on without.", "It is there again."


@dataclass
class Counted:
    """The client of a real Redis, and how often it was asked."""

    inner: RedisClient
    asked: int = 0

    async def execute_command(self, *args: str | bytes | float) -> object:
        self.asked += 1
        return await self.inner.execute_command(*args)

    async def aclose(self) -> None:
        await self.inner.aclose()


@dataclass
class Place:
    stack: RunningStack
    client: Counted
    now: list[float] = field(default_factory=lambda: [0.0])

    @property
    def clock(self) -> Callable[[], float]:
        return lambda: self.now[0]

    def spared(self) -> SparedRedis:
        return SparedRedis(self.client, "gavel.test", away=AWAY, back=BACK, clock=self.clock)

    @asynccontextmanager
    async def away(self) -> AsyncGenerator[None]:
        """Longer than it is remembered."""
        await self.stack.processes.halt("redis")
        try:
            yield
        finally:
            await self.stack.processes.resume("redis")
            self.now[0] += 2 * AWAY_SECONDS


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Place]:
    # On a busy machine a Redis that is there may take longer to say so than a person should wait.
    monkeypatch.setattr("bot.redis_client.PATIENCE_SECONDS", 20)
    async with open_stack(Settings.embedded(data_dir=tmp_path), want=["redis"]) as stack:
        client = Counted(open_redis(stack.redis_url))
        try:
            yield Place(stack, client)
        finally:
            await client.aclose()


async def test_an_outage_is_told_once_and_its_end_once_and_it_is_not_asked_meanwhile(place: Place) -> None:
    spared = place.spared()
    with logged_here() as logs:
        await spared.ask("SET", "a", "1")
        async with place.away():
            for seconds in (0.0, 0.0, AWAY_SECONDS + 1, AWAY_SECONDS - 1):
                place.now[0] += seconds
                with pytest.raises(RedisAway):
                    await spared.ask("GET", "a")
            assert place.client.asked == 3, "twice while it was away: at first, and when that was over"
        await asyncio.gather(*(spared.ask("PING") for _ in range(3)), return_exceptions=True)
        assert await spared.ask("PING")
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [("warning", AWAY), ("info", BACK)]


async def test_one_finds_out_whether_it_is_back_and_nobody_else_waits_for_that(place: Place) -> None:
    spared = place.spared()
    with logged_here():
        async with place.away():
            with pytest.raises(RedisAway):
                await spared.ask("PING")
            place.now[0] += 2 * AWAY_SECONDS
            found = await asyncio.gather(*(spared.ask("PING") for _ in range(20)), return_exceptions=True)
    assert {type(each) for each in found} == {RedisAway}
    assert place.client.asked == 2


async def test_whoever_does_without_it_says_when_it_is_back(place: Place) -> None:
    bounds = [Bound("person", "U1", 9)]
    windows = WindowsShared(place.client, clock=place.clock)
    taken = TakenLately(place.client, clock=place.clock)
    answers = RedisAnswers(place.client, 60, b"k" * 32, place.clock)
    with logged_here() as logs:
        async with place.away():
            for unique in ("1", "2"):
                assert await windows.take("T1", bounds, unique=unique, window_seconds=60) is None
                assert not await taken.has("T1", "t")
                assert await answers.claim("T1", "q", seconds=60)
        for unique in ("3", "4"):
            assert await windows.take("T1", bounds, unique=unique, window_seconds=60) is None
            assert not await taken.has("T1", "t")
        assert [await answers.claim("T1", "q", seconds=60) for _ in range(2)] == [True, False]
    assert [entry["log_level"] for entry in logs] == ["warning"] * 3 + ["info"] * 3
    assert {entry["event"] for entry in logs[3:]} == {
        "Redis is back.",
        "Requests are counted for all bots together again: Redis is back.",
    }
