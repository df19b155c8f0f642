"""Every provider call leaves one row, whatever became of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from agents.orchestrator.chat import CallLog, CallRecord, ChatReply, ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.errors import UnusableReply
from agents.orchestrator.providers.catalog import recorded_as


@dataclass(frozen=True)
class LoggedClient:
    """Wraps the client that really calls, inside any retries, so that each attempt is a row of its own.

    Raises `LedgerUnavailable` when the row cannot be written: a call that would go unrecorded has no result.
    """

    inner: ModelClient
    log: CallLog
    _writing: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False, repr=False)

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        started = time.monotonic()
        try:
            reply = await self.inner.chat(member, request)
        except asyncio.CancelledError:
            await self._write(_record(member, request, started, error=("cancelled", "The call was cancelled.")))
            raise
        except ModelError as error:
            if error.kind == "unable":
                raise  # nothing was sent, so there is no call to keep
            paid = error.reply if isinstance(error, UnusableReply) else None
            await self._write(_record(member, request, started, reply=paid, error=(error.kind, str(error))))
            raise
        except Exception as error:
            # A defect of ours, not the provider's: its text may hold anything, so only its type is written.
            kind = type(error).__name__
            await self._write(_record(member, request, started, error=(kind, "The call failed unexpectedly.")))
            raise
        await self._write(_record(member, request, started, reply=reply))
        return reply

    async def _write(self, record: CallRecord) -> None:
        # Shielded, and held: cancelling the caller again must not lose the row.
        task = asyncio.ensure_future(self.log.log(record))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.shield(task)


def _record(
    member: Member,
    request: ChatRequest,
    started: float,
    *,
    reply: ChatReply | None = None,
    error: tuple[str, str] | None = None,
) -> CallRecord:
    provider, model = recorded_as(member)
    return CallRecord(
        request=request,
        member=member.name,
        provider=provider,
        model=model,
        prompt_tokens=reply.prompt_tokens if reply else None,
        completion_tokens=reply.completion_tokens if reply else None,
        cost_usd=reply.cost_usd if reply else None,
        duration_ms=round((time.monotonic() - started) * 1000),
        success=error is None,
        cached_tokens=reply.cached_tokens if reply else None,
        error_class=error[0] if error else None,
        error_message=error[1] if error else None,
    )
