"""A model that says what it is given, behind the protocol that every client of models has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agents.orchestrator.chat import ChatReply, ChatRequest, Member
from agents.orchestrator.structured import ask
from tests.unit.orchestrator.parts import request
from tools.contracts.council import VoteSheet

_MEMBER = Member("m", "x/y", "x")


@dataclass(frozen=True)
class Saying:
    text: str

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        assert request.response is not None, f"{member.name} was not told the contract"
        return ChatReply(self.text, (), None, None, None, 0)


def votes_in(text: str) -> VoteSheet:
    """What a council makes of a member's words. Raises `ModelError`."""
    return asyncio.run(ask(Saying(text), _MEMBER, request(), VoteSheet))
