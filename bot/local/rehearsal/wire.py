"""Replies in OpenAI's shapes: a chat completion, its stream of chunks, and errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.local.rehearsal.conversation import Json

CHUNK_CHARACTERS = 48
"""How much text one stream chunk carries."""

CHARACTERS_A_TOKEN = 4
"""A rule of thumb, as good as any for text that no model tokenised."""


@dataclass(frozen=True)
class Reply:
    """What a rehearsal model answers: text, or calls of tools (name, arguments)."""

    text: str = ""
    calls: list[tuple[str, Json]] = field(default_factory=list[tuple[str, Json]])


def error_body(message: str, kind: str) -> Json:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


@dataclass(frozen=True)
class Completion:
    """A reply, addressed: the request it answers determines its id, so that the same request gets the same bytes."""

    model: str
    reply: Reply
    request_size: int
    """Characters of the request's messages."""
    created: int
    """Unix time, seconds."""

    @property
    def id(self) -> str:
        seed = json.dumps([self.model, self.reply.text, self.reply.calls, self.request_size])
        return "chatcmpl-" + hashlib.sha256(seed.encode()).hexdigest()[:24]

    @property
    def finish_reason(self) -> str:
        return "tool_calls" if self.reply.calls else "stop"

    @property
    def usage(self) -> Json:
        written = len(self.reply.text) + sum(len(json.dumps(call)) for call in self.reply.calls)
        prompt, completion = 1 + self.request_size // CHARACTERS_A_TOKEN, 1 + written // CHARACTERS_A_TOKEN
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def _calls(self) -> list[Json]:
        return [
            {
                "id": f"call_{self.id[-12:]}_{index}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for index, (name, arguments) in enumerate(self.reply.calls)
        ]

    def body(self) -> Json:
        """The whole completion in one object."""
        message: Json = {"role": "assistant", "content": None if self.reply.calls else self.reply.text}
        if self.reply.calls:
            message["tool_calls"] = self._calls()
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason, "logprobs": None}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage}

    def chunks(self, *, include_usage: bool) -> Iterator[Json]:
        """The same as `chat.completion.chunk` objects, in order."""
        yield self._chunk({"role": "assistant", "content": ""})
        for start in range(0, len(self.reply.text), CHUNK_CHARACTERS):
            yield self._chunk({"content": self.reply.text[start : start + CHUNK_CHARACTERS]})
        for index, call in enumerate(self._calls()):
            yield self._chunk({"tool_calls": [{"index": index, **call}]})
        yield self._chunk({}, finish_reason=self.finish_reason)
        if include_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage}

    def _head(self, kind: str) -> Json:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}


def server_sent(event: Json | str) -> bytes:
    """One server-sent event: JSON, or the closing `[DONE]`."""
    return f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
