"""Sums by the day are what the calls come to, whoever writes them and whatever is removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, get_args
from zlib import crc32

from sqlalchemy import Connection, delete, insert, select

from agents.orchestrator.chat import Purpose
from bot.ledger.database import Database
from bot.ledger.retention import prune_requests
from bot.ledger.schema import migrate
from bot.ledger.tables import AiCacheHit, AiRequestLog, AiUsageDay
from bot.usage.query import DIMENSIONS, Dimension, Usage, usage_by
from tests.unit.ledger.book import ORG, Book

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAYS = 9
SINCES = (
    NOW - timedelta(days=7),
    datetime(2026, 3, 4, tzinfo=UTC),
    datetime.fromisoformat("2026-03-05T01:30:00+02:00"),
    NOW - timedelta(hours=3),
    NOW + timedelta(days=2),
)
PEOPLE = ("U0ADA00001", "U0GRACE001", "alert:0123456789abcdef", "alert:fedcba9876543210")


def _rows(seed: str, size: int, *, org: str = ORG) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Of the request log, and of reused answers, as any version of the product may have written them."""
    throws = count()

    def throw(sides: int) -> int:
        """Another each time, and the same in every run."""
        return crc32(f"{seed} {next(throws)}".encode()) % sides

    def one(*sides: Any) -> Any:
        return sides[throw(len(sides))]

    asked: list[dict[str, Any]] = [
        {
            "id": f"{org}-{seed}-{number}",
            "org": org,
            "user_id": one(*PEOPLE),
            "task_id": "task-1",
            "agent": one("drift", "patch", None),
            "purpose": one(*get_args(Purpose)),
            "mode": one("single", "council"),
            "member": "Claude",
            "provider": one("anthropic", "openai"),
            "model": one("sonnet", "gpt"),
            "created_at": NOW - timedelta(seconds=throw(DAYS * 86_400)),
        }
        for number in range(2 * size)
    ]
    calls: list[dict[str, Any]] = [
        {
            **row,
            "key": row["id"],
            "parent_id": None,
            "prompt_id": "drift.report",
            "prompt_version": "1.0.0",
            "prompt_checksum": None,
            "prompt_tokens": one(None, 100),
            "completion_tokens": one(None, 20),
            "total_tokens": None,
            "cached_tokens": one(None, 10),
            "duration_ms": 5,
            "estimated_cost": one(None, 0.0, 0.25),
            "success": throw(5) > 0,
            "error_class": None,
            "error_message": None,
        }
        for row in asked[:size]
    ]
    reused = [{**row, "saved_tokens": one(None, 120), "saved_cost": one(None, 0.5)} for row in asked[size:]]
    return calls, reused


async def _write(database: Database, calls: list[dict[str, Any]], reused: list[dict[str, Any]]) -> None:
    def add(connection: Connection) -> None:
        connection.execute(insert(AiRequestLog), calls)
        connection.execute(insert(AiCacheHit), reused)

    await database.transact("rows", add)


async def _by_the_call(book: Book, by: Dimension, since: datetime) -> dict[str, Usage]:
    """What the calls themselves come to: one person's are counted one by one."""
    sums: dict[str, Usage] = {}
    for person in PEOPLE:
        for usage in await usage_by(book.database, ORG, by, since=since, user=person):
            sums[usage.name] = sums.get(usage.name, Usage(usage.name)).plus(usage)
    return sums


async def _agree(book: Book) -> int:
    """How many sums were compared."""
    compared = 0
    for since in SINCES:
        for by in DIMENSIONS:
            found = {usage.name: usage for usage in await usage_by(book.database, ORG, by, since=since)}
            assert found == await _by_the_call(book, by, since), (since, by)
            compared += len(found)
    return compared


async def test_whatever_is_added_and_removed_they_are_what_the_calls_come_to(book: Book) -> None:
    await _write(book.database, *_rows("first", 120))
    await _write(book.database, *_rows("elsewhere", 20, org="T0OTHER"))
    assert await _agree(book) > 50
    # Late, of days long past; and what is older than is kept.
    await _write(book.database, *_rows("second", 60))
    assert await _agree(book) > 50
    assert await prune_requests(book.database, before=NOW - timedelta(days=4, hours=5), batch=7) > 50
    assert await _agree(book) > 20
    await book.database.transact("none is left", lambda connection: connection.execute(delete(AiRequestLog)))
    await book.database.transact("none is left", lambda connection: connection.execute(delete(AiCacheHit)))
    assert await _agree(book) == 0


async def test_what_was_there_before_the_sums_were_is_in_them(empty_url: str) -> None:
    await migrate(empty_url, to="0013")
    database = Database.open(empty_url)
    try:
        await _write(database, *_rows("older", 120))
        await migrate(empty_url)
        filled = await _days(database)
        await database.transact("again", lambda connection: connection.execute(delete(AiRequestLog)))
        await database.transact("again", lambda connection: connection.execute(delete(AiCacheHit)))
        await database.transact("again", lambda connection: connection.execute(delete(AiUsageDay)))
        await _write(database, *_rows("older", 120))
        assert filled == await _days(database)
        assert len(filled) > 50
    finally:
        await database.close()


async def test_days_of_which_no_row_is_left_go_with_the_rows(book: Book) -> None:
    await _write(book.database, *_rows("first", 60))
    await prune_requests(book.database, before=NOW - timedelta(days=5))
    days = {row.day for row in await book.sql("SELECT day FROM ai_usage_days")}
    assert days == {f"2026-03-{day:02d}" for day in range(5, 11)}


async def _days(database: Database) -> list[tuple[Any, ...]]:
    row = AiUsageDay
    query = select(row.__table__).order_by(row.org, row.dimension, row.day, row.name)
    async with database.reading() as connection:
        return [tuple(found) for found in await connection.execute(query)]
