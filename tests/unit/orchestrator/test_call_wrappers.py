"""What is wrapped around a call: the log, the retries, and the judgement of a typed answer."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

import pytest

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.retrying import RetryingClient
from agents.orchestrator.structured import REPLY_LIMIT, ask
from tests.unit.orchestrator.parts import KeptCalls, report, request
from tests.unit.orchestrator.provider import KEY, Provider, Step, fails, never, says
from tools.contracts.ledger import LedgerUnavailable
from tools.contracts.members.rollout import DriftMemberReport


async def test_a_call_is_logged_with_what_it_took(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", says("hi"))
    log = KeptCalls()
    await LoggedClient(litellm_client, log).chat(provider.member("alpha"), request())
    [row] = log.rows
    assert (row.member, row.provider, row.model, row.success) == ("Alpha", "compatible", "alpha", True)
    assert (row.prompt_tokens, row.completion_tokens, row.cost_usd) == (11, 7, None)
    assert row.error_class is None


async def test_a_failed_call_is_logged_without_the_key(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", fails(401))
    log = KeptCalls()
    with pytest.raises(ModelError):
        await LoggedClient(litellm_client, log).chat(provider.member("alpha"), request())
    [row] = log.rows
    assert (row.success, row.error_class) == (False, "auth")
    assert KEY not in repr(row)


async def test_a_reply_that_cannot_be_used_is_logged_with_what_it_cost(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    provider.play("alpha", says("half", finish="length"))
    log = KeptCalls()
    with pytest.raises(ModelError):
        await LoggedClient(litellm_client, log).chat(provider.member("alpha"), request())
    assert (log.rows[0].error_class, log.rows[0].completion_tokens) == ("too_long", 7)


async def test_a_cancelled_call_is_logged(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", never())
    log = KeptCalls()
    call = asyncio.create_task(LoggedClient(litellm_client, log).chat(provider.member("alpha"), request()))
    await provider.busy.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert [row.error_class for row in log.rows] == ["cancelled"]


@dataclass(frozen=True)
class _Broken:
    """A client with a defect of its own."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        raise RuntimeError(f"{member.name}: {KEY}")


async def test_a_defect_is_logged_by_its_type_alone(provider: Provider) -> None:
    log = KeptCalls()
    with pytest.raises(RuntimeError):
        await LoggedClient(_Broken(), log).chat(provider.member("alpha"), request())
    assert log.rows[0].error_class == "RuntimeError"
    assert KEY not in repr(log.rows)


@pytest.mark.parametrize("step", [says("hi"), fails(500)])
async def test_a_call_that_cannot_be_logged_has_no_result(
    provider: Provider, litellm_client: LiteLLMClient, step: Step
) -> None:
    provider.play("alpha", step)
    with pytest.raises(LedgerUnavailable):
        await LoggedClient(litellm_client, KeptCalls(away=True)).chat(provider.member("alpha"), request())


def _retrying(client: ModelClient, log: KeptCalls) -> RetryingClient:
    return RetryingClient(LoggedClient(client, log), first_pause_seconds=0.01)


@pytest.mark.parametrize("step", [fails(500), fails(429, retry_after="0"), fails(429)])
async def test_an_outage_and_a_rate_limit_are_tried_again_and_each_try_is_logged(
    provider: Provider, litellm_client: LiteLLMClient, step: Step
) -> None:
    provider.play("alpha", step, says("hi"))
    log = KeptCalls()
    reply = await _retrying(litellm_client, log).chat(provider.member("alpha"), request(key="k"))
    assert reply.text == "hi"
    assert [(row.request.key, row.success) for row in log.rows] == [("k", False), ("k:try2", True)]


async def test_a_wrong_key_is_not_tried_again(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", fails(401), says("hi"))
    with pytest.raises(ModelError):
        await _retrying(litellm_client, KeptCalls()).chat(provider.member("alpha"), request())
    assert len(provider.calls) == 1


async def test_tries_are_bounded(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", fails(500))
    with pytest.raises(ModelError):
        await _retrying(litellm_client, KeptCalls()).chat(provider.member("alpha"), request())
    assert len(provider.calls) == 3


async def test_a_wait_beyond_the_deadline_is_not_begun(provider: Provider, litellm_client: LiteLLMClient) -> None:
    """The provider asks for an hour; the caller has 20 seconds and hears so at once."""
    provider.play("alpha", fails(429, retry_after="3600"), says("hi"))
    async with asyncio.timeout(10):
        with pytest.raises(ModelError) as caught:
            await _retrying(litellm_client, KeptCalls()).chat(provider.member("alpha"), request())
    assert caught.value.kind == "rate_limited"
    assert len(provider.calls) == 1


async def test_retries_share_one_deadline(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", fails(500), says("hi"))
    log = KeptCalls()
    await _retrying(litellm_client, log).chat(provider.member("alpha"), request(deadline_seconds=20))
    first, second = (row.request.deadline_seconds for row in log.rows)
    assert second < first <= 20


async def _ask(provider: Provider, client: ModelClient, log: KeptCalls | None = None) -> DriftMemberReport:
    logged = LoggedClient(client, log or KeptCalls())
    return await ask(logged, provider.member("alpha"), request(key="k"), DriftMemberReport)


WANTED = report("23")


@pytest.mark.parametrize(
    "text",
    [
        WANTED.model_dump_json(),
        f"\n {WANTED.model_dump_json(indent=1)} \n",
        f"Here is my report:\n```json\n{WANTED.model_dump_json(indent=1)}\n```\nDone.",
        f"```\n{WANTED.model_dump_json()}\n```",
    ],
)
async def test_an_answer_is_read_plain_or_in_a_code_fence(
    provider: Provider, litellm_client: LiteLLMClient, text: str
) -> None:
    provider.play("alpha", says(text), schema="DriftMemberReport")
    assert await _ask(provider, litellm_client) == WANTED
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    "text",
    [
        "I think the fleet drifted.",
        WANTED.model_dump_json()[:-20],
        WANTED.model_dump_json().replace('"missing"', '"invented"'),
        f"```json\n{WANTED.model_dump_json()}\n```\nor\n```json\n{WANTED.model_dump_json()}\n```",
        " " * REPLY_LIMIT + WANTED.model_dump_json(),
        # What a kinder reader would take for a number, and JSON does not know.
        re.sub(r'"confidence":[0-9.]+', '"confidence":"0.9"', WANTED.model_dump_json()),
        re.sub(r'"confidence":[0-9.]+', '"confidence":true', WANTED.model_dump_json()),
        re.sub(r'"confidence":[0-9.]+', '"confidence":NaN', WANTED.model_dump_json()),
        "[" * 100_000,
    ],
)
async def test_an_invalid_answer_is_returned_once_with_what_is_wrong(
    provider: Provider, litellm_client: LiteLLMClient, text: str
) -> None:
    provider.play("alpha", says(text), says(WANTED), schema="DriftMemberReport")
    log = KeptCalls()
    assert await _ask(provider, litellm_client, log) == WANTED
    assert [row.request.key for row in log.rows] == ["k", "k:again"]
    assert "not a valid DriftMemberReport" in provider.calls[1].prompt or "characters long" in provider.calls[1].prompt


async def test_two_invalid_answers_are_a_failed_member(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", says("no JSON"), schema="DriftMemberReport")
    with pytest.raises(ModelError) as caught:
        await _ask(provider, litellm_client)
    assert caught.value.kind == "bad_response"
    assert len(provider.calls) == 2
