"""Every call is written down: what was asked, what became of it; a change of state before it happens, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tools.base import Tool, ToolCall, ToolFailure
from tools.contracts.common import JsonObject, canonical_json, digest_of
from tools.contracts.ledger import LedgerUnavailable, Recorder
from tools.guards.base import CallGuard, CallRefused, ToolGuard, changes_state
from tools.guards.output import redacted_object
from tools.guards.shapes import printable

MAX_RECORDED_PARAMS_BYTES = 16_000


@dataclass(frozen=True)
class RecordedOutcome(CallGuard):
    """Outermost: writes `tool_called` for every call, refused ones too. What cannot be written is not passed on."""

    recorder: Recorder
    redact: Callable[[str], str]

    async def handle(self, call: ToolCall) -> JsonObject:
        started = time.perf_counter()
        try:
            output = await super().handle(call)
        except CallRefused as refused:
            await self._record(call, refused.failure, started)
            raise
        await self._record(call, output, started)
        return output

    async def _record(self, call: ToolCall, answer: JsonObject | ToolFailure, started: float) -> None:
        failure = answer if isinstance(answer, ToolFailure) else None
        digest = digest_of_failure(answer) if isinstance(answer, ToolFailure) else digest_of(answer)
        body: JsonObject = {
            "stage": "outcome",
            **recordable(call, self.redact),
            "outcome": failure.kind if failure else "ok",
            "message": failure.message if failure else "",
            # What a plan's evidence points at by its digest; large ones are the recorder's to keep apart.
            "result": None if failure else answer,
            "result_digest": digest,
            "duration_ms": round(1000 * (time.perf_counter() - started), 3),
        }
        try:
            # The digest is in the key: a retry with another outcome is another entry, the same outcome is not.
            await _write(self.recorder, call, body, key=f"tool:{_call_id(call)}:{digest.removeprefix('sha256:')[:16]}")
        except LedgerUnavailable as error:
            raise CallRefused(
                "unavailable",
                f"The ledger could not be written ({error}), so this tool's answer is withheld."
                " The same call again is safe: it repeats no change.",
            ) from error


@dataclass(frozen=True)
class RecordedIntent(ToolGuard):
    """Innermost but for the time limit: a change of state is on record before it starts, or it does not start."""

    recorder: Recorder
    redact: Callable[[str], str]

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        if changes_state(tool):
            grant = call.grant
            body: JsonObject = {
                "stage": "intent",
                **recordable(call, self.redact),
                "risk": tool.risk,
                "plan_digest": grant.plan_digest if grant else None,
                "policy_digest": grant.policy_digest if grant else None,
                "phase": grant.phase if grant else None,
                "approvers": grant.approvers if grant else [],
            }
            try:
                await _write(self.recorder, call, body, key=intent_key(call.id))
            except LedgerUnavailable as error:
                raise CallRefused(
                    "unavailable",
                    f"{tool.name} was not run and nothing was changed: the ledger could not be written ({error}).",
                ) from error
        return await super().run(call, tool)


def intent_key(call_id: str) -> str:
    """The key of the entry that says a change of state is about to be made. Without it, it was not begun."""
    return f"tool:{printable(call_id, at_most=200)}:intent"


async def _write(recorder: Recorder, call: ToolCall, body: JsonObject, *, key: str) -> None:
    await recorder.record("tool_called", body, org=call.caller.org, task_id=call.task_id, actor=call.actor, key=key)


def digest_of_failure(failure: ToolFailure) -> str:
    return digest_of(asdict(failure))


def recordable(call: ToolCall, redact: Callable[[str], str]) -> JsonObject:
    """What an entry says of a call: bounded, redacted, and always JSON, whatever a model wrote."""
    return {
        "call_id": _call_id(call),
        "tool": printable(redact(call.tool), at_most=64),
        "on_behalf_of": call.caller.user,
        "environment": call.environment,
        "params": _recordable_params(call.params, redact),
    }


def _recordable_params(params: JsonObject, redact: Callable[[str], str]) -> JsonObject:
    try:
        clean = redacted_object(params, redact)
        size = len(canonical_json(clean))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return {"not_recorded": f"the parameters are no JSON ({type(error).__name__})"}
    if size > MAX_RECORDED_PARAMS_BYTES:
        return {"not_recorded": f"{size} bytes", "digest": digest_of(clean)}
    return clean


def _call_id(call: ToolCall) -> str:
    """A provider's model chose it: as untrusted as the parameters."""
    return printable(call.id, at_most=200)
