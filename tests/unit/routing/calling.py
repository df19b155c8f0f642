"""Calls and outcomes, written as the product writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agents.orchestrator.chat import CallRecord, ChatRequest, Purpose
from bot.ledger.labels import Confirmed, Labels
from bot.ledger.requests import RequestLog
from tests.unit.ledger.book import ORG, Book

NOW = datetime(2026, 11, 26, 12, 2, tzinfo=UTC)


async def called(
    book: Book,
    member: str,
    count: int = 1,
    *,
    purpose: Purpose = "report",
    agent: str = "drift",
    cost: float | None = 0.01,
    error: str | None = None,
    org: str = ORG,
    at: datetime = NOW - timedelta(hours=1),
) -> None:
    log = RequestLog(book.ledger, now=lambda: at)
    for number in range(count):
        request = ChatRequest(
            messages=(),
            purpose=purpose,
            org=org,
            task_id="task-1",
            user="U1",
            mode="single",
            prompt_id="p",
            prompt_version="1",
            key=f"{purpose}:{member}:{at}:{error}:{agent}:{number}",
            agent=agent,
        )
        record = CallRecord(
            request=request,
            member=member,
            provider="x",
            model=member,
            prompt_tokens=1,
            completion_tokens=1,
            cost_usd=None if error else cost,
            duration_ms=1,
            success=error is None,
            error_class=error,
        )
        await log.log(record)


async def proved(
    book: Book,
    *,
    right: bool,
    task: str,
    agent: str = "drift",
    org: str = ORG,
    at: datetime = NOW - timedelta(hours=1),
) -> None:
    """Claude was for it, Azure against."""
    await Labels(book.database, now=lambda: at).confirm(
        Confirmed(org, task, agent, "plan:r1", "plan", right, "run", None, {"Claude": True, "Azure": False})
    )
