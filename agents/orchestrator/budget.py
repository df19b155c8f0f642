"""No call is made that could cost more than is left: its worst case is reserved before it, and settled after it."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient, ModelError, ModelErrorKind
from agents.orchestrator.errors import UnusableReply
from agents.orchestrator.prices import Price

MICRO = 1_000_000
"""Money is counted in whole millionths of a dollar."""

TOKENS_AN_IMAGE = 8000
"""More than any provider counts for one image."""

TOKENS_A_MESSAGE = 50
"""Around each message and tool, in every provider's own wrapping."""

_UNPAID: frozenset[ModelErrorKind] = frozenset({"auth", "rate_limited", "unavailable", "unable", "too_long"})
"""What a provider refused, it does not bill. What timed out or was cancelled, it may have."""

LEASE_SECONDS = 60.0
"""Beyond the call's own deadline: of a process that died, what it reserved is free again then."""


class BudgetExceeded(Exception):
    """Nothing was asked, and nothing may be until somebody does something. The message says what, to a person."""


@dataclass(frozen=True)
class Amount:
    tokens: int
    micro_usd: int | None
    """Millionths of a dollar. None: nobody knows."""


@dataclass(frozen=True)
class Wanted:
    """One call that is about to be made."""

    member: Member
    request: ChatRequest
    most: Amount


class Purse(Protocol):
    async def reserve(self, calls: Sequence[Wanted]) -> Sequence[str]:
        """Of all of the calls or of none, by one task: an id for each. Raises :class:`BudgetExceeded`."""
        ...

    async def settle(self, reserved: str, request: ChatRequest, spent: Amount) -> None:
        """What a call came to. What was reserved for it is free again."""
        ...

    async def release(self, org: str, reserved: Sequence[str]) -> None:
        """Calls that were not made after all."""
        ...

    def most(self, member: Member, request: ChatRequest) -> Amount | None:
        """The worst case; None: no budget is set for whoever asks, so that nothing need be reserved."""
        ...

    def price(self, member: Member) -> Price | None: ...


class FanOuts(Protocol):
    def reserved(self, calls: Sequence[tuple[Member, ChatRequest]]) -> AbstractAsyncContextManager[None]:
        """Within it these calls can be made. Raises :class:`BudgetExceeded` before the first of them is."""
        ...


class Unbudgeted:
    """No budget is set. Implements :class:`FanOuts`."""

    def reserved(self, calls: Sequence[tuple[Member, ChatRequest]]) -> AbstractAsyncContextManager[None]:
        return nullcontext()


def worst_case(request: ChatRequest, price: Price | None) -> Amount:
    """A token is at least one byte of text: no tokenizer needs more tokens than there are bytes."""
    text = [message.content for message in request.messages]
    text += [use.arguments + use.name for message in request.messages for use in message.tool_uses]
    text += [json.dumps([tool.name, tool.description, tool.parameters]) for tool in request.tools]
    if request.response is not None:
        text.append(json.dumps(request.response.schema))
    images = sum(len(message.images) for message in request.messages)
    wrapping = TOKENS_A_MESSAGE * (len(request.messages) + len(request.tools) + 1)
    prompt = sum(len(part.encode()) for part in text) + images * TOKENS_AN_IMAGE + wrapping
    return amount(prompt, request.max_tokens, price)


def amount(prompt: int, completion: int, price: Price | None) -> Amount:
    if price is None:
        return Amount(prompt + completion, None)
    return Amount(prompt + completion, math.ceil((prompt * price.prompt + completion * price.completion) * MICRO))


@dataclass(frozen=True)
class BudgetedClient:
    """Wraps the client that logs, inside any retries: each attempt is reserved and settled.

    A fan-out is reserved as a whole before its first call is made (:meth:`reserved`); its calls then use that.
    """

    inner: ModelClient
    purse: Purse
    _held: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str], init=False)
    """(org, task, call) → what is reserved for it, and not used yet."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        """See `agents.orchestrator.chat.ModelClient`. Raises :class:`BudgetExceeded`, and then nothing was asked."""
        most = self.purse.most(member, request)
        if most is None:
            return await self.inner.chat(member, request)
        reserved = self._held.pop(_call(request), None)
        if reserved is None:
            [reserved] = await self.purse.reserve([Wanted(member, request, most)])
        spent = most
        try:
            reply = await self.inner.chat(member, request)
            spent = self._spent(member, reply, most)
        except UnusableReply as error:
            spent = self._spent(member, error.reply, most)
            raise
        except ModelError as error:
            if error.kind in _UNPAID:
                spent = Amount(0, 0)
            raise
        finally:
            await self.purse.settle(reserved, request, spent)
        return reply

    @asynccontextmanager
    async def reserved(self, calls: Sequence[tuple[Member, ChatRequest]]) -> AsyncGenerator[None]:
        """See :class:`FanOuts`."""
        wanted = [
            Wanted(member, request, most)
            for member, request in calls
            if (most := self.purse.most(member, request)) is not None
        ]
        ids: Sequence[str] = await self.purse.reserve(wanted) if wanted else ()
        held: Mapping[tuple[str, str, str], str] = {
            _call(call.request): reserved for call, reserved in zip(wanted, ids, strict=True)
        }
        self._held.update(held)
        try:
            yield
        finally:
            left = [reserved for call, reserved in held.items() if self._held.pop(call, None) is not None]
            if left:
                await self.purse.release(wanted[0].request.org, left)

    def _spent(self, member: Member, reply: ChatReply, most: Amount) -> Amount:
        """What the reply says; the worst case where it does not say."""
        if reply.prompt_tokens is None or reply.completion_tokens is None:
            return most if reply.cost_usd is None else Amount(most.tokens, math.ceil(reply.cost_usd * MICRO))
        counted = amount(reply.prompt_tokens, reply.completion_tokens, self.purse.price(member))
        return counted if reply.cost_usd is None else Amount(counted.tokens, math.ceil(reply.cost_usd * MICRO))


def _call(request: ChatRequest) -> tuple[str, str, str]:
    return request.org, request.task_id, request.key
