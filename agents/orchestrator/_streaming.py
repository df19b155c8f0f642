"""Puts a streamed answer together, and tells one that was cut from one that ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from agents.orchestrator._raw import RawFailure, RawReply, RawToolCall, RawUsage, read_cost, read_usage

MOST_CHARACTERS = 400_000
"""Of one answer, its tool calls' arguments included. A stream that goes on beyond is given up."""

MOST_TOOL_CALLS = 64


class TooMuch(Exception):
    """The answer does not end."""


@dataclass
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])


@dataclass
class Assembly:
    """What has come so far."""

    _text: list[str] = field(default_factory=list[str])
    _calls: dict[int, _Call] = field(default_factory=dict[int, _Call])
    _size: int = 0
    _usage: Any = None
    _ended: bool = False
    """Whether Gemini marked the end, see :meth:`_watch_gemini`."""

    async def pieces(self, stream: Any, *, stall_seconds: float) -> AsyncGenerator[str]:
        """Its text, piece by piece. Raises `TimeoutError` when it stalls.

        How long the first piece may take is the caller's deadline to say: a model that thinks says nothing for long.
        """
        patience: float | None = None
        if _is_gemini(stream):
            await self._watch_gemini(stream)
        while True:
            try:
                async with asyncio.timeout(patience):
                    chunk: Any = await anext(stream)
            except StopAsyncIteration:
                return
            patience = stall_seconds
            if text := self._take(chunk):
                yield text

    def outcome(self, stream: Any, *, price: Callable[[Any], float]) -> RawReply | RawFailure:
        """The whole answer, once the stream is over; a failure when its end did not come from the provider."""
        finish: Any = stream.received_finish_reason or stream.intermittent_finish_reason
        if finish is None or (_is_gemini(stream) and not self._ended):
            return RawFailure("unavailable", "its answer was cut off in the middle", None)
        counted = any(getattr(chunk, "usage", None) is not None for chunk in stream.chunks)
        return RawReply(
            text="".join(self._text),
            tool_calls=tuple(
                RawToolCall(id=call.id or f"call_{index}", name=call.name, arguments="".join(call.arguments))
                for index, call in sorted(self._calls.items())
            ),
            finish_reason=str(finish),
            # Where the provider counted nothing litellm counts for itself: an estimate, which is not what is billed.
            usage=read_usage(self._usage) if counted else RawUsage(),
            cost_usd=_cost(self._usage, stream, price) if counted else None,
        )

    async def _watch_gemini(self, stream: Any) -> None:
        """litellm reads a reason to finish into every chunk of Gemini's, so the raw chunks are looked at."""
        await stream.fetch_stream()
        parser: Callable[..., Any] = stream.completion_stream.chunk_parser

        def noting(chunk: Any) -> Any:
            raw: dict[str, Any] = dict(chunk)
            candidates: list[dict[str, Any]] = list(raw.get("candidates") or [])
            blocked: dict[str, Any] = dict(raw.get("promptFeedback") or {})
            if any(candidate.get("finishReason") for candidate in candidates) or "blockReason" in blocked:
                self._ended = True
            return parser(chunk)

        stream.completion_stream.chunk_parser = noting

    def _take(self, chunk: Any) -> str:
        if (usage := getattr(chunk, "usage", None)) is not None:
            self._usage = usage
        choices: list[Any] = list(getattr(chunk, "choices", None) or [])
        if not choices:
            return ""
        delta: Any = choices[0].delta
        for part in list(getattr(delta, "tool_calls", None) or []):
            self._take_call(part)
        text = str(getattr(delta, "content", None) or "")
        self._grow(len(text))
        self._text.append(text)
        return text

    def _take_call(self, part: Any) -> None:
        index: Any = getattr(part, "index", None)
        call = self._calls.setdefault(index if isinstance(index, int) else 0, _Call())
        if len(self._calls) > MOST_TOOL_CALLS:
            raise TooMuch(f"the answer asks for more than {MOST_TOOL_CALLS} tool calls at once")
        call.id = call.id or str(getattr(part, "id", None) or "")
        function: Any = getattr(part, "function", None)
        call.name = call.name or str(getattr(function, "name", None) or "")
        arguments = str(getattr(function, "arguments", None) or "")
        self._grow(len(arguments))
        call.arguments.append(arguments)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MOST_CHARACTERS:
            raise TooMuch(f"the answer is longer than {MOST_CHARACTERS} characters")


def _is_gemini(stream: Any) -> bool:
    return stream.custom_llm_provider in ("gemini", "vertex_ai", "vertex_ai_beta")


def _cost(usage: Any, stream: Any, price: Callable[[Any], float]) -> float | None:
    try:
        return read_cost(price({"model": stream.model, "usage": usage}))
    except Exception:  # a model without a price: litellm has no narrower class for it
        return None
