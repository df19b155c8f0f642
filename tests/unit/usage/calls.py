"""Rows of the request log, written as the product writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from agents.orchestrator.chat import CallRecord, ChatRequest
from bot.ledger.requests import RequestLog
from tests.unit.ledger.book import ORG, Book
from tools.contracts.common import Mode

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ADA, GRACE = "U0ADA00001", "U0GRACE001"


@dataclass
class Calls:
    book: Book
    numbers: count[int] = field(default_factory=count)

    async def add(
        self,
        *,
        user: str = ADA,
        agent: str | None = "drift",
        model: str = "sonnet",
        mode: Mode = "council",
        cost: float | None = 0.5,
        tokens: tuple[int, int] | None = (100, 20),
        success: bool = True,
        org: str = ORG,
        at: datetime = NOW - timedelta(hours=1),
    ) -> None:
        request = ChatRequest(
            messages=(),
            purpose="report",
            org=org,
            task_id="task-1",
            user=user,
            mode=mode,
            prompt_id="drift.report",
            prompt_version="1.0.0",
            key=f"call-{next(self.numbers)}",
            agent=agent,
        )
        record = CallRecord(
            request=request,
            member="Claude",
            provider="anthropic",
            model=model,
            prompt_tokens=tokens[0] if tokens else None,
            completion_tokens=tokens[1] if tokens else None,
            cost_usd=cost,
            duration_ms=5,
            success=success,
            cached_tokens=10 if tokens else None,
        )
        await RequestLog(self.book.ledger, now=lambda: at).log(record)
