"""The tests' own ear."""

from __future__ import annotations

import asyncio

import structlog

from tests.logs import logged_here


async def test_it_hears_this_test_and_what_it_starts_and_nobody_else() -> None:
    def say(words: str) -> None:
        structlog.get_logger("gavel.test").warning(words)

    go_on, over = asyncio.Event(), asyncio.Event()

    async def another() -> None:
        await go_on.wait()
        say("another's")
        over.set()

    async def started() -> None:
        say("of a task")

    running = asyncio.create_task(another())
    await asyncio.sleep(0)
    with logged_here() as logs:
        say("its own")
        go_on.set()
        await over.wait()
        await asyncio.create_task(started())
        await asyncio.to_thread(say, "of a thread")
    await running
    assert [entry["event"] for entry in logs] == ["its own", "of a task", "of a thread"]
