"""What a model answers, without secrets, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient


@dataclass(frozen=True)
class RedactingClient:
    """Wraps the client that really calls, so that no card, workflow, cache or record sees the answer as it came.

    What a model is sent holds no secret that is written as one. Some are written otherwise (base64, spelled backwards,
    in an image), and a model that is asked to can write them out.
    """

    inner: ModelClient
    redact: Callable[[str], str]
    """Of an answer: JSON stays JSON."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        reply = await self.inner.chat(member, request)
        return replace(
            reply,
            text=self.redact(reply.text),
            tool_uses=tuple(replace(use, arguments=self.redact(use.arguments)) for use in reply.tool_uses),
        )
