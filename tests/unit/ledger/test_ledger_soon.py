"""Entries that wait for the next one: in order, in one commit, and never lost without a word."""

from __future__ import annotations

import asyncio

import pytest

from bot.ledger.soon import Soon
from tests.unit.ledger.book import ORG, Book
from tools.contracts.ledger import LedgerUnavailable


async def soon(book: Book, key: str, *, task_id: str = "task-1") -> None:
    await book.ledger.append_soon(
        "tool_called", {"step": key}, org=ORG, task_id=task_id, actor="gavel", key=key, request=None
    )


async def keys(book: Book) -> list[str]:
    return [entry.key for entry in await book.entries()]


async def test_what_waits_is_written_before_what_the_task_records_next(book: Book) -> None:
    await soon(book, "first")
    await soon(book, "second")
    assert await keys(book) == []
    await book.record({}, key="third")
    assert await keys(book) == ["first", "second", "third"]
    assert (await book.ledger.verify(ORG)).ok


async def test_a_task_that_is_settled_has_everything_on_disk(book: Book) -> None:
    await soon(book, "first")
    await book.ledger.settled(ORG, "another-task")
    assert await keys(book) == []
    await book.ledger.settled(ORG, "task-1")
    assert await keys(book) == ["first"]


async def test_what_waits_is_written_before_long_also_when_nothing_follows(book: Book) -> None:
    await soon(book, "first")
    for _ in range(100):
        if await keys(book):
            break
        await asyncio.sleep(0.02)
    assert await keys(book) == ["first"]


async def test_what_could_not_be_written_stops_the_task_when_it_is_settled(book: Book) -> None:
    await book.sql("ALTER TABLE ledger_entries RENAME TO elsewhere")
    await soon(book, "first")
    with pytest.raises(LedgerUnavailable):
        await book.ledger.settled(ORG, "task-1")


async def test_what_could_not_be_written_stops_the_task_at_its_next_entry(book: Book) -> None:
    await book.sql("ALTER TABLE ledger_entries RENAME TO elsewhere")
    await soon(book, "first")
    with pytest.raises(LedgerUnavailable):
        await book.record({}, key="second")


async def test_while_the_ledger_is_away_nothing_is_taken_on_trust(book: Book) -> None:
    """A task that is tried again spends nothing before it is known whether it can be written down."""
    await book.sql("ALTER TABLE ledger_entries RENAME TO elsewhere")
    await soon(book, "first")
    await asyncio.sleep(1)
    for task in ("task-1", "task-2"):
        with pytest.raises(LedgerUnavailable):
            await soon(book, "second", task_id=task)
    await book.sql("ALTER TABLE elsewhere RENAME TO ledger_entries")
    await soon(book, "third")
    await soon(book, "fourth")
    assert await keys(book) == ["third"], "the first after an outage is waited for, the next is not"
    await book.ledger.settled(ORG, "task-1")
    assert await keys(book) == ["third", "fourth"]


async def test_a_ledger_that_closes_writes_what_waits(book: Book) -> None:
    await soon(book, "first")
    await book.ledger.close()
    assert await keys(book) == ["first"]


async def test_what_a_tool_is_about_to_change_never_waits(book: Book) -> None:
    recorder = Soon(book.ledger)

    async def called(stage: str) -> None:
        await recorder.record(
            "tool_called", {"stage": stage}, org=ORG, task_id="task-1", actor="gavel", key=f"tool:{stage}"
        )

    await called("intent")
    await called("outcome")
    assert await keys(book) == ["tool:intent"]
    await book.record({}, key="phase_finished")
    assert await keys(book) == ["tool:intent", "tool:outcome", "phase_finished"]
