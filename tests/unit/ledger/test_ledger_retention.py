"""Rows of the request log go when they are old, a few at a time. The ledger stays."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.ledger.requests import RequestLog
from bot.ledger.retention import keep_pruned, prune_requests
from tests.unit.ledger.book import ORG, Book
from tests.unit.ledger.test_ledger_requests import RECORD, REQUEST
from tests.unit.local_slack.harness import until

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def called(book: Book, key: str, *, days_ago: float, org: str = ORG) -> None:
    log = RequestLog(book.ledger, now=lambda: NOW - timedelta(days=days_ago))
    await log.log(replace(RECORD, request=replace(REQUEST, key=key, org=org)))


async def kept(book: Book) -> list[str]:
    return sorted(row.key for row in await book.sql("SELECT key FROM ai_request_logs"))


async def nothing_left(book: Book) -> bool:
    return not await kept(book)


async def test_old_rows_of_every_org_go_and_the_ledger_stays(book: Book) -> None:
    await called(book, "old", days_ago=31)
    await called(book, "other", days_ago=40, org="T0OTHER")
    await called(book, "young", days_ago=29)
    assert await prune_requests(book.database, before=NOW - timedelta(days=30)) == 2
    assert await kept(book) == ["young"]
    assert [entry.key for entry in await book.entries()] == ["llm:old", "llm:young"]
    assert (await book.ledger.verify(ORG)).ok


async def test_one_run_removes_a_bounded_number_the_oldest_first(book: Book) -> None:
    for day in range(7):
        await called(book, f"call-{day}", days_ago=100 - day)
    assert await prune_requests(book.database, before=NOW, batch=2, batches=2) == 4
    assert await kept(book) == ["call-4", "call-5", "call-6"]
    assert await prune_requests(book.database, before=NOW, batch=2, batches=2) == 3


async def test_it_goes_on_after_the_database_was_away(book: Book) -> None:
    await called(book, "old", days_ago=10)
    await book.sql("ALTER TABLE ai_request_logs RENAME TO elsewhere")
    pruning = asyncio.create_task(keep_pruned(book.database, days=5, now=lambda: NOW, every_seconds=0.01))
    try:
        await asyncio.sleep(0.1)
        await book.sql("ALTER TABLE elsewhere RENAME TO ai_request_logs")
        await until(lambda: nothing_left(book))
    finally:
        pruning.cancel()
