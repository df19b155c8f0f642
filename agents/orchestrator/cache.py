"""The same read-only question twice is asked once (ADR-006): exact matches alone, within one org, for a while.

Only where an answer decides nothing and begins nothing is one kept: an explanation of a plan that waits, from evidence
that is part of the question. Readings of requests, replies that reshape a plan, reports and votes are asked anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient, Purpose
from tools.contracts.common import JsonObject, digest_of
from tools.json_schema import SchemaCheck

CACHED: frozenset[Purpose] = frozenset({"explain"})

LOOK_SECONDS = 0.05
"""How often it is looked whether another process has the answer by now."""

_REPLY = TypeAdapter(ChatReply)


class Answers(Protocol):
    """Where answers are kept. Nothing here fails: what is away keeps nothing."""

    async def get(self, org: str, key: str) -> str | None: ...

    async def put(self, org: str, key: str, answer: str) -> None: ...

    async def claim(self, org: str, key: str, *, seconds: float) -> bool:
        """Whether the caller is to ask. False: somebody else is asking. True where nobody can tell."""
        ...

    async def free(self, org: str, key: str) -> None:
        """The claim is over, answered or not."""
        ...


class ReuseLog(Protocol):
    async def reused(self, member: Member, request: ChatRequest, kept: ChatReply) -> None:
        """A question was answered without a call: what that saved. Raises `LedgerUnavailable`."""
        ...


@dataclass(frozen=True)
class CachedClient:
    """Wraps everything else: an answer that is there needs no key, no budget and no retries."""

    inner: ModelClient
    answers: Answers
    log: ReuseLog
    _flights: dict[tuple[str, str], asyncio.Future[ChatReply | None]] = field(
        default_factory=dict[tuple[str, str], "asyncio.Future[ChatReply | None]"], init=False, repr=False
    )
    """Questions that are being asked in this process."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        """See `agents.orchestrator.chat.ModelClient`."""
        if request.purpose not in CACHED:
            return await self.inner.chat(member, request)
        ends = time.monotonic() + request.deadline_seconds
        key = question_key(member, request)
        flight = self._flights.get((request.org, key))
        if flight is not None:
            await asyncio.wait({flight}, timeout=request.deadline_seconds)
            kept = flight.result() if flight.done() else None
            if kept is not None:
                return await self._reuse(member, request, kept)
        left = replace(request, deadline_seconds=max(ends - time.monotonic(), 0))
        return await self._first(member, left, key)

    async def _first(self, member: Member, request: ChatRequest, key: str) -> ChatReply:
        """As the one of this process that asks. Those who come meanwhile wait for it."""
        flight: asyncio.Future[ChatReply | None] = asyncio.get_running_loop().create_future()
        self._flights[request.org, key] = flight
        answer: ChatReply | None = None
        claimed = False
        try:
            ends = time.monotonic() + request.deadline_seconds
            kept, claimed = await self._kept(request, key)
            if kept is not None:
                answer = kept
                return await self._reuse(member, request, kept)
            left = replace(request, deadline_seconds=max(ends - time.monotonic(), 0))
            reply = await self.inner.chat(member, left)
            if _is_usable(request, reply):
                answer = reply
                await self.answers.put(request.org, key, _REPLY.dump_json(reply).decode())
            return reply
        finally:
            # Also when it was cancelled: whoever waits then asks for themselves.
            flight.set_result(answer)
            if self._flights.get((request.org, key)) is flight:
                del self._flights[request.org, key]
            if claimed:
                await self.answers.free(request.org, key)

    async def _kept(self, request: ChatRequest, key: str) -> tuple[ChatReply | None, bool]:
        """What is kept, or comes to be while another process asks; None: it is for this one to ask. And whether this
        one said that it does."""
        ends = time.monotonic() + request.deadline_seconds / 2
        while True:
            found = _read(await self.answers.get(request.org, key))
            if found is not None and _is_usable(request, found):
                return found, False
            if await self.answers.claim(request.org, key, seconds=request.deadline_seconds):
                return None, True
            # Half of the time is left to ask, should the other one not come back.
            if time.monotonic() > ends:
                return None, False
            await asyncio.sleep(LOOK_SECONDS)

    async def _reuse(self, member: Member, request: ChatRequest, kept: ChatReply) -> ChatReply:
        await self.log.reused(member, request, kept)
        return replace(kept, duration_ms=0, cost_usd=0.0)


def question_key(member: Member, request: ChatRequest) -> str:
    """Equal for the same question to the same model: every byte it is given, the prompt's version, the tool results in
    it. The org is not in it: it is beside it in every place where this is used."""
    asked: JsonObject = {
        "model": member.model,
        "at": member.api_base,
        "purpose": request.purpose,
        "prompt": [request.prompt_id, request.prompt_version, request.prompt_checksum],
        "messages": [
            [
                message.role,
                message.content,
                message.tool_use_id,
                [asdict(use) for use in message.tool_uses],
                [digest_of({"image": image.data.hex()}) for image in message.images],
            ]
            for message in request.messages
        ],
        "tools": [asdict(tool) for tool in request.tools],
        "response": None if request.response is None else asdict(request.response),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    }
    return digest_of(asked).removeprefix("sha256:")


def _is_usable(request: ChatRequest, reply: ChatReply) -> bool:
    """An answer that breaks its contract is asked for again, and never given to anybody else."""
    if reply.tool_uses or request.response is None:
        return not reply.tool_uses and bool(reply.text.strip())
    try:
        answer = _JSON.validate_json(reply.text)
    except ValidationError:
        return False
    return not SchemaCheck(request.response.schema).problems(answer)


def _read(kept: str | None) -> ChatReply | None:
    try:
        return None if kept is None else _REPLY.validate_json(kept)
    except ValidationError:
        return None


_JSON: TypeAdapter[Mapping[str, object]] = TypeAdapter(Mapping[str, object])
