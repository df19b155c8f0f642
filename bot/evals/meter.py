"""What the models cost and whether they keep their contracts, measured where every call passes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient, ModelError
from policies.engine import is_list, is_object
from policies.schema import SchemaValidator, sentences, strict_validator
from tools.contracts.common import JsonObject


@dataclass
class Meter:
    """A model client around another one; counts of one case."""

    inner: ModelClient
    calls: int = 0
    failed: int = 0
    """Calls without an answer."""
    structured: int = 0
    """Answers that had a contract to keep."""
    valid: int = 0
    """Of these: JSON that satisfies the schema that was sent, at the first reading."""
    tokens: int | None = 0
    """None: a provider did not say."""
    cost_usd: float | None = 0.0
    """None: unknown, which is not zero."""
    latency_ms: int = 0
    receipts: list[JsonObject] = field(default_factory=list[JsonObject])
    """Every receipt in a model's structured answer."""
    _validators: dict[str, SchemaValidator] = field(default_factory=dict[str, SchemaValidator], repr=False)

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        """See `agents.orchestrator.chat.ModelClient`."""
        self.calls += 1
        try:
            reply = await self.inner.chat(member, request)
        except ModelError:
            self.failed += 1
            self.tokens = self.cost_usd = None
            raise
        self._count(reply)
        if request.response is not None:
            self.structured += 1
            answer = as_json(reply.text)
            self.receipts.extend(receipts_in(answer))
            validator = self._validators.setdefault(request.response.name, strict_validator(request.response.schema))
            if is_object(answer) and not sentences(validator, answer):
                self.valid += 1
        return reply

    def _count(self, reply: ChatReply) -> None:
        self.latency_ms += reply.duration_ms
        if reply.prompt_tokens is None or reply.completion_tokens is None or self.tokens is None:
            self.tokens = None
        else:
            self.tokens += reply.prompt_tokens + reply.completion_tokens
        self.cost_usd = None if reply.cost_usd is None or self.cost_usd is None else self.cost_usd + reply.cost_usd


def as_json(text: str) -> object:
    """The value a model wrote, inside a code fence or not; None for what is no JSON."""
    body = text.strip()
    if body.startswith("```"):
        body = body.partition("\n")[2].rpartition("```")[0]
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value


_RECEIPT = {"tool_call_id", "path", "value"}


def receipts_in(value: object) -> list[JsonObject]:
    """Every object in a JSON value that has the three fields of a receipt."""
    if is_object(value):
        own = [value] if set(value) >= _RECEIPT else []
        return own + [receipt for item in value.values() for receipt in receipts_in(item)]
    if is_list(value):
        return [receipt for item in value for receipt in receipts_in(item)]
    return []
