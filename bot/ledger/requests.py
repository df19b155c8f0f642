"""The request log: one `ai_request_logs` row and one `llm_called` entry for every provider call (ADR-006, ADR-007)."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from datetime import datetime

from agents.orchestrator.chat import CallRecord
from bot.clock import utc_now
from bot.ledger.bodies import clean
from bot.ledger.ledger import Ledger
from bot.redaction import redact
from tools.contracts.common import JsonObject

MAX_ERROR_CHARS = 500

_CALLS = uuid.UUID("6f3a8f0e-0c57-4b8e-9a27-5d0f0b1f6c11")
"""The namespace of the ids of calls."""


def call_id(org: str, task_id: str, key: str) -> str:
    """The id of a call's row. It follows from the call, so that a row can name its parent's without reading it."""
    # As JSON: no two calls spell the same name.
    return str(uuid.uuid5(_CALLS, json.dumps([org, task_id, key])))


class RequestLog:
    """Implements `agents.orchestrator.chat.CallLog`. Keeps neither the prompt nor the answer."""

    def __init__(self, ledger: Ledger, *, soon: bool = False, now: Callable[[], datetime] = utc_now) -> None:
        """`soon`: a reply is durable with what the task records next; whoever uses this settles the ledger then."""
        self._ledger = ledger
        self._soon = soon
        self._now = now

    async def log(self, record: CallRecord) -> None:
        """Write the row and its entry in one transaction; the same call twice writes one of each. A failed call is
        durable before this returns: another may follow it.

        Raises `LedgerUnavailable`.
        """
        request = record.request
        shared: JsonObject = {
            "member": record.member,
            "provider": record.provider,
            "model": record.model,
            "mode": request.mode,
            "agent": request.agent,
            "purpose": request.purpose,
            "prompt_id": request.prompt_id,
            "prompt_version": request.prompt_version,
            "prompt_checksum": request.prompt_checksum,
            "prompt_tokens": record.prompt_tokens,
            "completion_tokens": record.completion_tokens,
            "cached_tokens": record.cached_tokens,
            "total_tokens": _total(record),
            "duration_ms": record.duration_ms,
            "estimated_cost": _known_cost(record.cost_usd),
            "success": record.success,
            "error_class": record.error_class,
            "error_message": _error(record.error_message),
        }
        row = {
            **shared,
            "id": call_id(request.org, request.task_id, request.key),
            "org": request.org,
            "user_id": request.user,
            "task_id": request.task_id,
            "key": request.key,
            "parent_id": None if request.parent is None else call_id(request.org, request.task_id, request.parent),
            "created_at": self._now(),
        }
        append = self._ledger.append_soon if self._soon and record.success else self._ledger.append
        await append(
            "llm_called",
            {
                **shared,
                "user": request.user,
                "request": request.key,
                "parent": request.parent,
            },
            org=request.org,
            task_id=request.task_id,
            actor=f"model:{record.member}",
            key=f"llm:{request.key}",
            request=row,
        )


def _total(record: CallRecord) -> int | None:
    if record.prompt_tokens is None or record.completion_tokens is None:
        return None
    return record.prompt_tokens + record.completion_tokens


def _known_cost(cost: float | None) -> float | None:
    """A cost that is no amount of money is unknown."""
    return cost if cost is not None and math.isfinite(cost) and cost >= 0 else None


def _error(message: str | None) -> str | None:
    # Redacted before it is cut: half a key no longer looks like one.
    return None if message is None else clean(redact(message).text).replace("\x00", "\ufffd")[:MAX_ERROR_CHARS]
