"""The request log is kept for a time, where that is set. The ledger is kept for ever: nothing here touches it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import SQLAlchemyError

from bot.ledger.database import Database, reason_of
from bot.ledger.tables import AiCacheHit, AiRequestLog, AiUsageDay

BATCH = 500
"""Rows of one transaction: nobody who writes to the ledger waits for longer than these take."""

BATCHES = 40
"""Of one run. What is left is removed by the next one."""

PAUSE_SECONDS = 0.05
"""Between transactions, so that others get their turn."""

EVERY_SECONDS = 3600.0


async def prune_requests(database: Database, *, before: datetime, batch: int = BATCH, batches: int = BATCHES) -> int:
    """Remove rows made before `before`, the oldest first, at most `batch` x `batches` of calls and of reused answers.
    How many were removed.

    Raises `SQLAlchemyError`.
    """
    removed = sum(
        [await _prune(database, row, before, batch=batch, batches=batches) for row in (AiRequestLog, AiCacheHit)]
    )
    await database.transact("request-log-retention", lambda connection: _forget_days(connection, before))
    return removed


def _forget_days(connection: Connection, before: datetime) -> None:
    """Sums that nothing is left of; those of a day that is to be kept are counted on."""
    day = AiUsageDay
    past = day.day < before.astimezone(UTC).date().isoformat()
    connection.execute(delete(day).where(past, day.calls == 0, day.reused == 0))


async def _prune(
    database: Database, row: type[AiRequestLog | AiCacheHit], before: datetime, *, batch: int, batches: int
) -> int:
    def remove(connection: Connection) -> int:
        oldest = select(row.id).where(row.created_at < before).order_by(row.created_at).limit(batch)
        return connection.execute(delete(row).where(row.id.in_(oldest))).rowcount

    removed = 0
    for _ in range(batches):
        count = await database.transact("request-log-retention", remove)
        removed += count
        if count < batch:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    return removed


async def keep_pruned(
    database: Database, *, days: int, now: Callable[[], datetime], every_seconds: float = EVERY_SECONDS
) -> None:
    """Remove what is older than `days`, now and every hour, until cancelled. A database that is away is asked later."""
    log = structlog.get_logger("gavel.ledger")
    while True:
        try:
            removed = await prune_requests(database, before=now() - timedelta(days=days))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning(
                "Old rows of the request log could not be removed; this is tried again.", reason=reason_of(error)
            )
        else:
            if removed:
                log.info("Old rows of the request log were removed.", rows=removed, days=days)
        await asyncio.sleep(every_seconds)
