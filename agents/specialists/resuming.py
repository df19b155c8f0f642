"""An investigation that was finished before its worker died is not made again: its evidence is read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from agents.specialists.evidence import EvidenceBook
from agents.specialists.investigation import ToolDesk
from tools.base import FailureKind, ToolCall, ToolFailure, ToolResult
from tools.contracts.common import Contract, JsonObject, digest_of
from tools.contracts.progress import NoteProgress
from tools.guards.ledger import digest_of_failure

FRESH_SECONDS = 600.0
"""Older evidence is gathered again: the estate has moved on."""

ATTEMPTS_REMEMBERED = 20


class _Failure(Contract):
    kind: FailureKind
    message: str


class _Call(Contract):
    """A call of the investigation, without its output: that is in the ledger's own entry of the call."""

    id: str
    tool: str
    params: JsonObject
    failure: _Failure | None
    digest: str
    duration_ms: float


class _Gathered(Contract):
    kind: Literal["evidence"] = "evidence"
    calls: Annotated[list[_Call], Field(max_length=1000)]
    stopped: str | None


async def keep_evidence(desk: ToolDesk, *, stopped: str | None) -> None:
    """Before the members are asked. Raises `LedgerUnavailable`."""
    work = desk.assignment
    gathered = _Gathered(
        calls=[
            _Call(
                id=result.call.id,
                tool=result.call.tool,
                params=result.call.params,
                failure=None if result.failure is None else _Failure.model_validate(asdict(result.failure)),
                digest=result.digest,
                duration_ms=result.duration_ms,
            )
            for result in desk.book.results
        ],
        stopped=stopped,
    )
    await work.memory.keep(
        "evidence_gathered", _key(desk, work.attempt), gathered.model_dump(mode="json"), actor=f"agent:{desk.agent}"
    )


async def recall_evidence(desk: ToolDesk) -> tuple[EvidenceBook, str | None] | None:
    """The evidence of an earlier attempt at this revision and what stopped it, if it is all there, unchanged and fresh.

    Raises `LedgerUnavailable`.
    """
    work = desk.assignment
    earlier = range(max(1, work.attempt - ATTEMPTS_REMEMBERED), work.attempt)
    if not earlier:
        return None
    kept = await work.memory.recall([_key(desk, attempt) for attempt in earlier], within_seconds=FRESH_SECONDS)
    if kept is None:
        return None
    try:
        gathered = _Gathered.model_validate(kept)
    except ValidationError:
        return None
    outputs = await work.memory.tool_results([call.id for call in gathered.calls if call.failure is None])
    results = [_result(desk, call, outputs) for call in gathered.calls]
    whole = [result for result in results if result is not None]
    if len(whole) != len(results):
        return None
    work.progress.emit(NoteProgress("Begun again after an interruption: the evidence gathered before it is used."))
    return EvidenceBook(whole), gathered.stopped


def _result(desk: ToolDesk, kept: _Call, outputs: Mapping[str, JsonObject]) -> ToolResult | None:
    """None: what the call returned is not there as it was."""
    failure = None if kept.failure is None else ToolFailure(kept.failure.kind, kept.failure.message)
    output = outputs.get(kept.id) if failure is None else None
    if failure is None and (output is None or digest_of(output) != kept.digest):
        return None
    if failure is not None and digest_of_failure(failure) != kept.digest:
        return None
    call = ToolCall(
        id=kept.id,
        tool=kept.tool,
        params=kept.params,
        caller=desk.assignment.caller,
        task_id=desk.assignment.spec.id,
        allowed_tools=desk.tools,
        environment=desk.assignment.spec.environment,
        actor=f"agent:{desk.agent}",
    )
    return ToolResult(call, output, failure, kept.digest, kept.duration_ms)


def _key(desk: ToolDesk, attempt: int) -> str:
    return f"evidence:{desk.agent}:r{desk.assignment.revision}.{attempt}"
