"""The model client that reaches real providers, and the rehearsal models, through litellm."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from math import ceil

from agents.orchestrator import _litellm
from agents.orchestrator.chat import (
    ChatMessage,
    ChatReply,
    ChatRequest,
    Member,
    ModelError,
    ModelErrorKind,
    ToolUse,
)
from agents.orchestrator.errors import ProviderRefusal, UnusableReply, without_secrets
from tools.contracts.common import JsonObject

_TIMEOUT_STEP_SECONDS = 60

_WHAT_TO_DO: dict[ModelErrorKind, str] = {
    "timeout": "did not answer in time",
    "rate_limited": "is rate limited; try again later",
    "auth": "refused the key; check it",
    "unavailable": "could not be reached or failed",
    "bad_response": "refused the request or answered nonsense",
    "too_long": "was given more than it can read",
}


@dataclass
class LiteLLMClient:
    """One call to one member, once. Plain responses: a cut one is an error, where a cut stream looks complete.

    Connections are kept and reused across calls; `close` ends them.
    """

    _loaded: _litellm.Litellm | None = field(default=None, init=False, repr=False)

    async def warm(self) -> None:
        """Import litellm in a thread. Run it in the background after start-up; a call without it does it first."""
        if self._loaded is None:
            self._loaded = await _litellm.load()

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        started = time.monotonic()
        failure: _litellm.RawFailure | None = None
        try:
            async with asyncio.timeout(request.deadline_seconds):
                await self.warm()
                raw = await self._litellm.complete(request_body(member, request))
        except TimeoutError:
            failure = _litellm.RawFailure("timeout", f"no answer within {request.deadline_seconds:.0f} s", None)
        else:
            if isinstance(raw, _litellm.RawReply):
                return _checked(member, raw, duration_ms=round((time.monotonic() - started) * 1000))
            failure = raw
        # Raised here and not in the handler: an error that chains to the provider's would carry its text along.
        text = without_secrets(failure.text, _secrets(member))
        raise ProviderRefusal(
            failure.kind,
            f"{member.name} {_WHAT_TO_DO[failure.kind]} ({text}).",
            retry_after_seconds=failure.retry_after_seconds,
        )

    async def close(self) -> None:
        if self._loaded is not None:
            await self._loaded.close()

    @property
    def _litellm(self) -> _litellm.Litellm:
        if self._loaded is None:
            raise ModelError("unavailable", "litellm is not loaded. Nothing was asked; call warm() first.")
        return self._loaded


def _secrets(member: Member) -> tuple[str, ...]:
    hidden = [value for name, value in member.extra if any(word in name for word in ("key", "secret", "token"))]
    return (*hidden, member.api_key) if member.api_key else tuple(hidden)


def request_body(member: Member, request: ChatRequest) -> JsonObject:
    """litellm's arguments: OpenAI's request body, and how litellm is to send it.

    Retries are ours; max_tokens is always stated, or Anthropic is given 64,000.
    """
    arguments: JsonObject = {
        **dict(member.extra),
        "model": member.model,
        "messages": [_message(message) for message in request.messages],
        "max_tokens": request.max_tokens,
        "num_retries": 0,
        "max_retries": 0,
        # litellm keeps a client, with its connections, for each timeout it is given, and what is left of a deadline is
        # another number at every call. Rounded up: `chat` ends the call at the deadline itself.
        "timeout": ceil(request.deadline_seconds / _TIMEOUT_STEP_SECONDS) * _TIMEOUT_STEP_SECONDS,
        "stream": False,
    }
    if member.api_base is not None:
        arguments["api_base"] = member.api_base
    if member.api_key is not None:
        arguments["api_key"] = member.api_key
    if request.temperature is not None:
        arguments["temperature"] = request.temperature
    if request.tools:
        arguments["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    if request.response is not None:
        # Not strict: OpenAI's strict mode wants every field required, and the contracts have defaults. The answer
        # is judged by the contract either way.
        arguments["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": request.response.name, "schema": request.response.schema, "strict": False},
        }
    return arguments


def _message(message: ChatMessage) -> JsonObject:
    plain: JsonObject = {"role": message.role, "content": message.content}
    if message.tool_uses:
        # Anthropic takes no empty text, and litellm would put words of its own there.
        plain["content"] = message.content or None
        plain["tool_calls"] = [
            {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}
            for use in message.tool_uses
        ]
    if message.tool_use_id is not None:
        plain["tool_call_id"] = message.tool_use_id
    return plain


def _checked(member: Member, raw: _litellm.RawReply, *, duration_ms: int) -> ChatReply:
    """The reply. Raises :class:`UnusableReply` when it stopped short or says nothing."""
    reply = ChatReply(
        text=raw.text,
        tool_uses=tuple(ToolUse(id=call.id, name=call.name, arguments=call.arguments) for call in raw.tool_calls),
        prompt_tokens=raw.prompt_tokens,
        completion_tokens=raw.completion_tokens,
        cost_usd=None if member.simulated or member.model.startswith("ollama") else raw.cost_usd,
        duration_ms=duration_ms,
        cached_tokens=raw.cached_tokens,
    )
    if raw.finish_reason == "length":
        raise UnusableReply("too_long", f"{member.name} ran out of its token limit before it finished.", reply=reply)
    if not reply.text.strip() and not reply.tool_uses:
        raise UnusableReply("bad_response", f"{member.name} answered with nothing.", reply=reply)
    return reply
