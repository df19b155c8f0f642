"""Whose key pays for a call: the person's own, else their org's, else the system's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient
from agents.orchestrator.providers.catalog import provider_of


class KeySource(Protocol):
    async def key_for(self, *, org: str, user: str, provider: str) -> str | None:
        """The key to use for this person; None: the system's. Raises :class:`ModelError` for one that cannot be used:
        another in its place would have somebody else pay."""
        ...


@dataclass(frozen=True)
class KeyedClient:
    """Wraps the client that really calls. A key is looked up for each call and kept by nobody."""

    inner: ModelClient
    keys: KeySource

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        """See `agents.orchestrator.chat.ModelClient`."""
        provider = provider_of(member)
        if provider is not None:
            key = await self.keys.key_for(org=request.org, user=request.user, provider=provider)
            if key is not None:
                member = replace(member, api_key=key)
        return await self.inner.chat(member, request)
