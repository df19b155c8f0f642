"""What members have answered is kept, so that a deliberation begun again asks and pays only for the rest."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from agents.orchestrator.chat import ChatRequest, Member, ModelClient
from agents.orchestrator.structured import ask, response_schema
from tools.contracts.common import JsonObject, digest_of

T = TypeVar("T", bound=BaseModel)

MemoryKind = Literal["member_answered", "evidence_gathered"]


class Memory(Protocol):
    """Durable notes of one task. What is kept is redacted, as everything that is recorded."""

    async def keep(self, kind: MemoryKind, key: str, value: JsonObject, *, actor: str) -> None:
        """On return it is durable. A second value under the same key changes nothing. Raises `LedgerUnavailable`."""
        ...

    async def recall(self, keys: Sequence[str], *, within_seconds: float | None = None) -> JsonObject | None:
        """The newest of the values under these keys, if it is not older than that. Raises `LedgerUnavailable`."""
        ...

    async def tool_results(self, call_ids: Sequence[str]) -> dict[str, JsonObject]:
        """Call id → output, of those of the task's tool calls that succeeded. Raises `LedgerUnavailable`."""
        ...


class Forgetful:
    """Keeps nothing: whoever begins again asks everyone."""

    async def keep(self, kind: MemoryKind, key: str, value: JsonObject, *, actor: str) -> None:
        del kind, key, value, actor

    async def recall(self, keys: Sequence[str], *, within_seconds: float | None = None) -> JsonObject | None:
        del keys, within_seconds
        return None

    async def tool_results(self, call_ids: Sequence[str]) -> dict[str, JsonObject]:
        del call_ids
        return {}


@dataclass(frozen=True)
class Questioning:
    """One round of questions to the members: each is asked once, however often the round is begun."""

    client: ModelClient
    memory: Memory

    async def known(
        self, members: Sequence[Member], requests: Mapping[str, ChatRequest], model_type: type[T]
    ) -> dict[str, T]:
        """Member → what it answered to this very question before. Raises `LedgerUnavailable`."""
        if isinstance(self.memory, Forgetful):
            return {}

        async def recalled(member: Member) -> T | None:
            kept = await self.memory.recall([answer_key(member, requests[member.name], model_type)])
            try:
                return None if kept is None else model_type.model_validate(kept["answer"])
            except (KeyError, ValidationError):
                return None  # redaction took something out that the contract asks for: the member is asked again

        answers = await asyncio.gather(*(recalled(member) for member in members))
        return {member.name: answer for member, answer in zip(members, answers, strict=True) if answer is not None}

    async def ask(self, member: Member, request: ChatRequest, model_type: type[T]) -> T:
        """See :func:`agents.orchestrator.structured.ask`. Only what satisfies the contract is kept."""
        answer = await ask(self.client, member, request, model_type)
        if isinstance(self.memory, Forgetful):
            return answer  # without the key of the question, which is a digest of all of it
        await self.memory.keep(
            "member_answered",
            answer_key(member, request, model_type),
            {
                "member": member.name,
                "model": member.model,
                "purpose": request.purpose,
                "request": request.key,
                "answer": answer.model_dump(mode="json"),
            },
            actor=f"model:{member.name}",
        )
        return answer


def answer_key(member: Member, request: ChatRequest, model_type: type[BaseModel]) -> str:
    """Equal for the same question to the same model: every byte it is given, and the contract."""
    asked: JsonObject = {
        "member": member.name,
        "model": member.model,
        "messages": [
            [message.role, message.content, *(hashlib.sha256(image.data).hexdigest() for image in message.images)]
            for message in request.messages
        ],
        "purpose": request.purpose,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "schema": response_schema(model_type).schema,
    }
    return f"answer:{digest_of(asked).removeprefix('sha256:')}"
