"""A reading that may be some seconds old: asked for again when it is older, and never kept when it failed."""

from __future__ import annotations

import asyncio

import pytest

from tools.readings import RecentReadings


class Source:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    async def read(self, key: str) -> str:
        self.asked.append(key)
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("away")
        return f"{key} {len(self.asked)}"


async def test_what_was_read_lately_is_not_read_again() -> None:
    source, now = Source(), 100.0
    recent = RecentReadings(source.read, seconds=10, clock=lambda: now)
    assert await asyncio.gather(recent.of("a"), recent.of("a"), recent.of("b")) == ["a 2", "a 2", "b 2"]
    now = 109.9
    assert await recent.of("a") == "a 2"
    now = 110.0
    assert await recent.of("a") == "a 3"


async def test_what_could_not_be_read_is_read_again_at_once() -> None:
    source = Source()
    recent = RecentReadings(source.read, seconds=10, clock=lambda: 0)
    source.fails = True
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            await recent.of("a")
    source.fails = False
    assert await recent.of("a") == "a 3"


async def test_who_gives_up_leaves_the_reading_to_the_others() -> None:
    source = Source()
    recent = RecentReadings(source.read, seconds=10, clock=lambda: 0)
    given_up = asyncio.create_task(recent.of("a"))
    waiting = asyncio.create_task(recent.of("a"))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await waiting == "a 1"


async def test_the_newest_are_kept() -> None:
    source = Source()
    recent = RecentReadings(source.read, seconds=10, clock=lambda: 0, most=2)
    for key in ("a", "b", "c", "b", "c", "a"):
        await recent.of(key)
    assert source.asked == ["a", "b", "c", "a"]
