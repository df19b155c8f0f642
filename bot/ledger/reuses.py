"""What was answered without a call: one `ai_cache_hits` row and one entry for each, apart from calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import SQLAlchemyError

from agents.orchestrator.chat import ChatReply, ChatRequest, Member
from agents.orchestrator.providers.catalog import recorded_as
from bot.clock import utc_now
from bot.ledger.database import reason_of
from bot.ledger.ledger import Ledger
from bot.ledger.requests import call_id
from bot.ledger.tables import AiCacheHit
from tools.contracts.ledger import LedgerUnavailable


class Reuses:
    """Implements `agents.orchestrator.cache.ReuseLog`."""

    def __init__(self, ledger: Ledger, *, now: Callable[[], datetime] = utc_now) -> None:
        self._ledger = ledger
        self._now = now

    async def reused(self, member: Member, request: ChatRequest, kept: ChatReply) -> None:
        """The same reuse twice is one of each. Raises `LedgerUnavailable`."""
        provider, model = recorded_as(member)
        counted = kept.prompt_tokens is not None and kept.completion_tokens is not None
        row = {
            "id": call_id(request.org, request.task_id, request.key),
            "org": request.org,
            "user_id": request.user,
            "task_id": request.task_id,
            "agent": request.agent,
            "purpose": request.purpose,
            "mode": request.mode,
            "member": member.name,
            "provider": provider,
            "model": model,
            "saved_tokens": (kept.prompt_tokens or 0) + (kept.completion_tokens or 0) if counted else None,
            "saved_cost": kept.cost_usd,
            "created_at": self._now(),
        }
        await self._ledger.record(
            "llm_answer_reused",
            {name: row[name] for name in ("member", "provider", "model", "purpose", "saved_tokens", "saved_cost")},
            org=request.org,
            task_id=request.task_id,
            actor=f"model:{member.name}",
            key=f"reused:{request.key}",
        )

        def add(connection: Connection) -> None:
            if connection.scalar(select(AiCacheHit.id).where(AiCacheHit.id == row["id"])) is None:
                connection.execute(insert(AiCacheHit), [row])

        try:
            await self._ledger.database.transact(f"reuses:{request.org}", add)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise LedgerUnavailable(f"A reused answer could not be counted ({reason_of(error)}).") from error
