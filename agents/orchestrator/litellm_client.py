"""The model client that reaches real providers, and the rehearsal models, through litellm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from agents.orchestrator import _litellm
from agents.orchestrator._raw import RawFailure, RawReply
from agents.orchestrator.chat import (
    ChatReply,
    ChatRequest,
    Member,
    ModelError,
    ModelErrorKind,
    TextDelta,
    ToolUse,
)
from agents.orchestrator.errors import ProviderRefusal, UnusableReply, without_secrets
from agents.orchestrator.providers.capabilities import capabilities_of, read_data
from agents.orchestrator.request_body import request_body
from tools.whole_text import whole_text

_WHAT_TO_DO: dict[ModelErrorKind, str] = {
    "timeout": "did not answer in time",
    "rate_limited": "is rate limited; try again later",
    "auth": "refused the key; check it",
    "unavailable": "could not be reached or failed",
    "bad_response": "refused the request or answered nonsense",
    "too_long": "was given more than it can read",
    "unable": "cannot do this",
}


@dataclass
class LiteLLMClient:
    """One call to one member, once. Plain responses in :meth:`chat`; a cut answer is an error in either way.

    Connections are kept and reused across calls; `close` ends them.
    """

    stall_seconds: float = 30
    """A stream that has begun, and then says nothing for so long, is given up."""
    _loaded: _litellm.Litellm | None = field(default=None, init=False, repr=False)

    async def warm(self) -> None:
        """Import litellm in a thread. Run it in the background after start-up; a call without it does it first."""
        if self._loaded is None:
            await asyncio.to_thread(read_data)
            self._loaded = await _litellm.load()

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        started = time.monotonic()
        try:
            async with asyncio.timeout(request.deadline_seconds):
                await self.warm()
                raw = await self._litellm.complete(request_body(member, request))
        except TimeoutError:
            raw = _late(request)
        # Raised here and not in the handler: an error that chains to the provider's would carry its text along.
        return _reply(member, raw, started=started)

    async def stream(self, member: Member, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatReply]:
        """The text as it comes, and last the whole reply. A member that cannot stream says all of it at once."""
        started = time.monotonic()
        if not capabilities_of(member).streaming:
            reply = await self.chat(member, request)
            if reply.text:
                yield TextDelta(reply.text)
            yield reply
            return
        ended: RawReply | RawFailure = _late(request)
        pieces = self._pieces(member, request)
        try:
            while True:
                left = started + request.deadline_seconds - time.monotonic()
                try:
                    # Around each step and never around a `yield`: a generator may be left waiting at one, and the
                    # deadline would then strike whoever happens to run it.
                    async with asyncio.timeout(max(left, 0)):
                        piece = await anext(pieces)
                except TimeoutError:
                    break
                if not isinstance(piece, str):
                    ended = piece
                    break
                yield TextDelta(piece)
        finally:
            await pieces.aclose()
        yield _reply(member, ended, started=started)

    async def _pieces(self, member: Member, request: ChatRequest) -> AsyncGenerator[str | RawReply | RawFailure]:
        await self.warm()
        body = request_body(member, request, stream=True)
        async with aclosing(self._litellm.stream(body, stall_seconds=self.stall_seconds)) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        if self._loaded is not None:
            await self._loaded.close()

    @property
    def _litellm(self) -> _litellm.Litellm:
        if self._loaded is None:
            raise ModelError("unavailable", "litellm is not loaded. Nothing was asked; call warm() first.")
        return self._loaded


def _late(request: ChatRequest) -> RawFailure:
    return RawFailure("timeout", f"no answer within {request.deadline_seconds:.0f} s", None)


def _secrets(member: Member) -> tuple[str, ...]:
    hidden = [value for name, value in member.extra if any(word in name for word in ("key", "secret", "token"))]
    return (*hidden, member.api_key) if member.api_key else tuple(hidden)


def _reply(member: Member, raw: RawReply | RawFailure, *, started: float) -> ChatReply:
    """The reply. Raises :class:`ProviderRefusal`, and :class:`UnusableReply` when it stopped short or says nothing."""
    if isinstance(raw, RawFailure):
        text = without_secrets(raw.text, _secrets(member))
        raise ProviderRefusal(
            raw.kind,
            f"{member.name} {_WHAT_TO_DO[raw.kind]} ({text}).",
            retry_after_seconds=raw.retry_after_seconds,
        )
    reply = ChatReply(
        text=whole_text(raw.text),
        tool_uses=tuple(
            ToolUse(id=whole_text(call.id), name=whole_text(call.name), arguments=whole_text(call.arguments))
            for call in raw.tool_calls
        ),
        prompt_tokens=raw.usage.prompt_tokens,
        completion_tokens=raw.usage.completion_tokens,
        cost_usd=None if member.simulated or member.model.startswith("ollama") else raw.cost_usd,
        duration_ms=round((time.monotonic() - started) * 1000),
        cached_tokens=raw.usage.cached_tokens,
    )
    if raw.finish_reason == "length":
        raise UnusableReply("too_long", f"{member.name} ran out of its token limit before it finished.", reply=reply)
    if not reply.text.strip() and not reply.tool_uses:
        raise UnusableReply("bad_response", f"{member.name} answered with nothing.", reply=reply)
    return reply
