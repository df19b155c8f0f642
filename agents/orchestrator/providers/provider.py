"""The interface of ADR-006 to a provider: what it is, what it can do, and how to ask it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

from agents.orchestrator.chat import (
    Capabilities,
    ChatReply,
    ChatRequest,
    Image,
    Member,
    StreamingClient,
    TextDelta,
)
from agents.orchestrator.providers.capabilities import capabilities_of
from agents.orchestrator.providers.vendor import ProviderId


@dataclass(frozen=True)
class Provider:
    """One provider, configured or not. `model`, everywhere: one of :attr:`models`; None: the first."""

    identifier: ProviderId
    name: str
    needs: str
    """What has to be set for it to be configured."""
    client: StreamingClient = field(repr=False)
    members: tuple[Member, ...] = ()
    """One for each of its models, the one that is asked by default first. Empty: it is not configured."""
    missing: str | None = None
    """One sentence, if it is set up by half: what is there and what is missing."""

    @property
    def is_configured(self) -> bool:
        return bool(self.members)

    @property
    def models(self) -> tuple[str, ...]:
        """By the provider's own names."""
        return tuple(model_name(member) for member in self.members)

    def member(self, model: str | None = None) -> Member:
        """Raises `ValueError`, naming what there is, for a model it does not have, or any if it is not configured."""
        if not self.members:
            raise ValueError(f"{self.name} is not configured. {self.missing or f'Set {self.needs}.'}")
        if model is None:
            return self.members[0]
        named = [member for member in self.members if model in (model_name(member), member.model)]
        if not named:
            raise ValueError(f"{self.name} has no model {model[:80]!r}; there are: {', '.join(self.models)}.")
        return named[0]

    def capabilities(self, model: str | None = None) -> Capabilities:
        return capabilities_of(self.member(model))

    def supports_vision(self, model: str | None = None) -> bool:
        return self.capabilities(model).vision

    def supports_tools(self, model: str | None = None) -> bool:
        return self.capabilities(model).tools

    def supports_streaming(self, model: str | None = None) -> bool:
        return self.capabilities(model).streaming

    def supports_json_schema(self, model: str | None = None) -> bool:
        return self.capabilities(model).json_schema

    async def query(self, request: ChatRequest, *, model: str | None = None) -> ChatReply:
        """Raises :class:`agents.orchestrator.chat.ModelError`."""
        return await self.client.chat(self.member(model), request)

    def stream(self, request: ChatRequest, *, model: str | None = None) -> AsyncGenerator[TextDelta | ChatReply]:
        """The text as it comes, then the whole reply. Raises :class:`agents.orchestrator.chat.ModelError`."""
        return self.client.stream(self.member(model), request)

    async def query_with_images(
        self, request: ChatRequest, images: Sequence[Image], *, model: str | None = None
    ) -> ChatReply:
        """The request, with these images beside its last message. Raises `ModelError`: `unable` for a blind model."""
        *before, last = request.messages
        seen = replace(last, images=(*last.images, *images))
        return await self.query(replace(request, messages=(*before, seen)), model=model)


def model_name(member: Member) -> str:
    """The provider's own name for the member's model."""
    return member.model.partition("/")[2] or member.model
