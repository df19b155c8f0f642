"""How much a tool may say, and what it must not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject, canonical_json
from tools.guards.base import CallGuard, CallRefused, ToolGuard, changes_state
from tools.guards.shapes import is_list, is_object

DEFAULT_MAX_OUTPUT_BYTES = 256_000


@dataclass(frozen=True)
class BoundedOutput(ToolGuard):
    """Refuses an answer that would crowd out everything else a model reads. It is not cut: half is not an answer."""

    max_bytes: int

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        output = await super().run(call, tool)
        try:
            size = len(canonical_json(output))
        except (ValueError, TypeError) as error:
            raise CallRefused(
                "invalid_output",
                f"{tool.name} answered in a shape it does not declare: it is no JSON: {error}."
                " The answer was discarded.",
            ) from error
        # What was changed must be known however long the list is.
        if size > self.max_bytes and not changes_state(tool):
            advice = "Ask about fewer assets at a time." if tool.origin is None else "Ask for less."
            if "cursor" in tool.input.model_fields:
                advice = "Ask for less: a smaller `limit` with `cursor` for the next page, or narrower filters."
            raise CallRefused(
                "invalid_output",
                f"{tool.name} answered {size} bytes; at most {self.max_bytes} are passed on. {advice}",
            )
        return output


@dataclass(frozen=True)
class Redacted(CallGuard):
    """Passes every string of the answer, and every refusal, through the redactor."""

    redact: Callable[[str], str]

    async def handle(self, call: ToolCall) -> JsonObject:
        try:
            output = await super().handle(call)
        except CallRefused as refused:
            raise CallRefused(refused.failure.kind, self.redact(refused.failure.message)) from refused
        return redacted_object(output, self.redact)


def redacted_object(value: JsonObject, redact: Callable[[str], str]) -> JsonObject:
    """The same object with every string value redacted. Keys are the schema's or tag names: those too."""
    return {redact(key): _redacted(item, redact) for key, item in value.items()}


def _redacted(value: object, redact: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return redact(value)
    if is_list(value):
        return [_redacted(item, redact) for item in value]
    if is_object(value):
        return redacted_object(value, redact)
    return value
