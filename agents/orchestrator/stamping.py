"""Says of every call which words it was asked in: the checksum of its prompt's file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient
from prompts.library import PromptLibrary


@dataclass(frozen=True)
class StampingClient:
    """Wraps the client that logs, so that a row's version cannot stand for two texts."""

    inner: ModelClient
    prompts: PromptLibrary

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        """Raises :class:`prompts.library.PromptError` for a prompt that this process does not have: what it was cannot
        be recorded, so it is not asked."""
        checksum = self.prompts.load(request.prompt_id).checksum
        return await self.inner.chat(member, replace(request, prompt_checksum=checksum))
