"""One real language model, end to end: real tokens, as a stream, and held to a schema by the server's grammar."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from agents.orchestrator.chat import ChatMessage, ChatReply, ChatRequest, ModelError, TextDelta
from agents.orchestrator.errors import UnusableReply
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.providers.provider import Provider
from agents.orchestrator.retrying import RetryingClient
from agents.orchestrator.structured import ask
from tests.unit.orchestrator.parts import KeptCalls, request
from tests.wire.wires import LITELLM_IS_BEHIND
from tools.contracts.common import Contract

pytestmark = [pytest.mark.filterwarnings(LITELLM_IS_BEHIND), pytest.mark.timeout(180)]


class Triage(Contract):
    severity: Literal["low", "medium", "high"]
    drifted: int
    owner: str


def asking(text: str, *, max_tokens: int = 60) -> ChatRequest:
    messages = (ChatMessage("system", "You are a helpful assistant."), ChatMessage("user", text))
    return replace(request(), messages=messages, temperature=0, max_tokens=max_tokens, deadline_seconds=120)


async def test_real_tokens_are_streamed_and_counted(smollm: Provider) -> None:
    pieces = [piece async for piece in smollm.stream(asking("What is the capital of France?"))]
    *deltas, reply = pieces
    assert isinstance(reply, ChatReply)
    assert "Paris" in reply.text
    assert "".join(piece.text for piece in deltas if isinstance(piece, TextDelta)) == reply.text
    assert len(deltas) > 3, "a token at a time, and not all at once"
    assert reply.completion_tokens is not None
    assert reply.completion_tokens >= len(deltas) - 1
    assert (reply.prompt_tokens or 0) > 10
    assert reply.cost_usd is None, "nobody knows what it costs, which is not that it is free"


async def test_a_real_model_keeps_to_a_contract_and_the_call_is_logged(smollm: Provider) -> None:
    log = KeptCalls()
    client = RetryingClient(LoggedClient(smollm.client, log))
    text = "Answer in JSON. Eleven web servers drifted, which is a high severity. The owner is Ada."
    triage = await ask(client, smollm.member(), asking(text, max_tokens=200), Triage)
    assert isinstance(triage, Triage)
    [record] = log.rows
    assert record.success
    assert record.member == "OpenAI-compatible"
    assert (record.prompt_tokens or 0) > 0
    assert (record.completion_tokens or 0) > 0


async def test_an_answer_that_its_token_limit_ends_is_no_answer(smollm: Provider) -> None:
    with pytest.raises(UnusableReply) as caught:
        await smollm.query(asking("Tell a very long story about a lighthouse.", max_tokens=8))
    assert caught.value.kind == "too_long"
    assert caught.value.reply.completion_tokens == 8


async def test_a_deadline_ends_a_real_model_in_mid_sentence(smollm: Provider) -> None:
    slow = replace(asking("Tell a very long story about a lighthouse.", max_tokens=3000), deadline_seconds=1.5)
    with pytest.raises(ModelError) as caught:
        await smollm.query(slow)
    assert caught.value.kind == "timeout"
