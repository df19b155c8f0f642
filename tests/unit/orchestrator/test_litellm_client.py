"""The model client against a real HTTP endpoint."""

from __future__ import annotations

import asyncio
import gc
import sys
import sysconfig
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from agents.orchestrator.chat import ChatMessage, ModelError, ModelErrorKind, ToolSpec, ToolUse
from agents.orchestrator.errors import ProviderRefusal, UnusableReply, without_secrets
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.structured import response_schema
from tests.unit.orchestrator.parts import request
from tests.unit.orchestrator.provider import (
    KEY,
    Call,
    Provider,
    Step,
    calls_tool,
    cuts_off,
    fails,
    meets,
    never,
    says,
    sends,
)
from tools.contracts.council import VoteSheet


async def test_a_reply_carries_text_tokens_and_no_invented_cost(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    provider.play("alpha", says("hello back"))
    reply = await litellm_client.chat(provider.member("alpha"), request())
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens) == ("hello back", 11, 7)
    assert reply.cost_usd is None


async def test_a_known_model_is_priced_unless_it_is_simulated(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    provider.play("gpt-6.1-sol", says("hi"))
    member = provider.member("gpt-6.1-sol")
    assert ((await litellm_client.chat(member, request())).cost_usd or 0) > 0
    assert (await litellm_client.chat(replace(member, simulated=True), request())).cost_usd is None


async def test_usage_that_was_not_reported_is_unknown_and_not_zero(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    provider.play("alpha", says("hi", usage=False))
    reply = await litellm_client.chat(provider.member("alpha"), request())
    assert reply.completion_tokens is None or reply.completion_tokens > 0
    assert reply.cost_usd is None


async def test_a_tools_call_works_both_ways(provider: Provider, litellm_client: LiteLLMClient) -> None:
    """Without litellm's `mcp` extra every call with tools fails to import."""
    provider.play("alpha", calls_tool("query_assets", '{"limit": 3}'))
    tool = ToolSpec("query_assets", "Lists assets.", {"type": "object", "properties": {"limit": {"type": "integer"}}})
    asked = replace(
        request(),
        tools=(tool,),
        messages=(
            ChatMessage("user", "which?"),
            ChatMessage("assistant", "", tool_uses=(ToolUse("call_0", "query_assets", "{}"),)),
            ChatMessage("tool", '{"total": 0}', tool_use_id="call_0"),
        ),
    )
    reply = await litellm_client.chat(provider.member("alpha"), asked)
    assert reply.tool_uses == (ToolUse("call_1", "query_assets", '{"limit": 3}'),)
    assert "litellm.responses.mcp.chat_completions_handler" not in sys.modules, "it holds up the event loop"
    body = provider.calls[0].body
    assert body["tools"][0]["function"]["name"] == "query_assets"
    assert body["messages"][1].get("content") is None
    assert body["messages"][1]["tool_calls"][0]["id"] == body["messages"][2]["tool_call_id"] == "call_0"


async def test_half_a_surrogate_pair_is_no_text_that_anything_could_send_on(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    provider.play("alpha", says("half \ud83d, whole \U0001f642"), calls_tool("query\udfff", '{"site": "\ud83d"}'))
    said = await litellm_client.chat(provider.member("alpha"), request())
    assert said.text == "half \ufffd, whole \U0001f642"
    called = await litellm_client.chat(provider.member("alpha"), request())
    assert called.tool_uses == (ToolUse("call_1", "query\ufffd", '{"site": "\ufffd"}'),)


async def test_calls_with_different_deadlines_share_a_connection(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    """What is left of a deadline is another number at every call, and litellm keeps a client for each."""
    ports: set[int] = set()

    async def notes_the_port(received: web.Request, call: Call) -> web.StreamResponse:
        assert received.transport is not None
        ports.add(received.transport.get_extra_info("peername")[1])
        return await says("yes")(received, call)

    provider.play("alpha", notes_the_port)
    for deadline in (20.0, 19.25, 7.5, 3.125):
        await litellm_client.chat(provider.member("alpha"), request(deadline_seconds=deadline))
    assert len(ports) == 1


async def test_the_schema_and_a_token_limit_are_always_on_the_wire(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    provider.play("alpha", says("{}"), schema="VoteSheet")
    await litellm_client.chat(provider.member("alpha"), replace(request(), response=response_schema(VoteSheet)))
    body = provider.calls[0].body
    assert body["response_format"]["json_schema"]["schema"] == VoteSheet.model_json_schema()
    assert body["max_tokens"] == 4096
    assert not body.get("stream")


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (fails(429, retry_after="7"), "rate_limited"),
        (fails(500), "unavailable"),
        (fails(503), "unavailable"),
        (fails(401), "auth"),
        (fails(403), "auth"),
        (fails(400, message="This model's maximum context length is 10 tokens"), "too_long"),
        (fails(400), "bad_response"),
        (fails(404), "bad_response"),
        (cuts_off(chunked=True), "unavailable"),
        (cuts_off(chunked=False), "unavailable"),
        (sends("<html>proxy</html>", "text/html"), "unavailable"),
        (sends('{"id": "1", "object": "chat.completion", "choices": []}'), "bad_response"),
        (says("   "), "bad_response"),
        (says('{"claims": [', finish="length"), "too_long"),
        (never(), "timeout"),
    ],
)
async def test_every_failure_is_a_named_error_that_holds_no_key_and_is_not_retried(
    provider: Provider, litellm_client: LiteLLMClient, step: Step, kind: ModelErrorKind
) -> None:
    provider.play("alpha", step)
    deadline = 0.3 if kind == "timeout" else 20
    with pytest.raises(ModelError) as caught:
        await litellm_client.chat(provider.member("alpha"), request(deadline_seconds=deadline))
    assert caught.value.kind == kind
    assert "Alpha" in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert len(provider.calls) == 1


async def test_a_rate_limit_says_when_to_come_back(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", fails(429, retry_after="7"))
    with pytest.raises(ProviderRefusal) as caught:
        await litellm_client.chat(provider.member("alpha"), request())
    assert caught.value.retry_after_seconds == 7


async def test_an_unusable_reply_still_says_what_it_cost(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", says("half a", finish="length"))
    with pytest.raises(UnusableReply) as caught:
        await litellm_client.chat(provider.member("alpha"), request())
    assert caught.value.reply.completion_tokens == 7


async def test_nobody_listening_is_unavailable(litellm_client: LiteLLMClient) -> None:
    member = replace(Provider(base="http://127.0.0.1:9/v1").member("alpha"))
    with pytest.raises(ModelError) as caught:
        await litellm_client.chat(member, request())
    assert caught.value.kind == "unavailable"


async def test_cancelling_a_call_hangs_up(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", never())
    call = asyncio.create_task(litellm_client.chat(provider.member("alpha"), request()))
    async with asyncio.timeout(10):
        await provider.busy.wait()
        call.cancel()
        await provider.idle.wait()
    assert provider.left == ["alpha"]
    assert call.cancelled()


async def test_a_call_can_be_cancelled_at_any_moment_without_a_leak(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    """litellm prepares a request in a thread and would drop it un-awaited there: warnings are errors here."""
    provider.play("alpha", never())
    for milliseconds in range(12):
        call = asyncio.create_task(litellm_client.chat(provider.member("alpha"), request()))
        await asyncio.sleep(milliseconds / 1000)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    gc.collect()


async def test_a_client_that_was_closed_leaves_the_next_one_working(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    """litellm keeps its connections for the whole process, and hands out closed ones."""
    provider.play("alpha", says("hi"))
    for _ in range(2):
        await litellm_client.chat(provider.member("alpha"), request())
        await litellm_client.close()


async def test_calls_run_side_by_side(provider: Provider, litellm_client: LiteLLMClient) -> None:
    provider.play("alpha", meets(asyncio.Barrier(5), says("hi")))
    await asyncio.gather(*(litellm_client.chat(provider.member("alpha"), request()) for _ in range(5)))
    assert provider.most_in_flight == 5


async def test_importing_the_client_does_not_import_litellm() -> None:
    check = "import sys, agents.orchestrator.orchestrator, agents.orchestrator.litellm_client as m; m.LiteLLMClient()"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", f"{check}; sys.exit('litellm' in sys.modules)")
    assert await process.wait() == 0


def test_no_start_up_file_of_the_compromised_litellm_releases_is_installed() -> None:
    """1.82.7 and 1.82.8 stole credentials through `litellm_init.pth` (MAL-2026-2144)."""
    roots = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    assert all(root.is_dir() for root in roots)
    assert [path for root in roots for path in root.rglob("litellm_init.pth")] == []


@pytest.mark.parametrize(
    "text",
    [
        f"bad key {KEY}",
        "Incorrect API key provided: sk-abcd1234********wxyz.",
        "Authorization: Bearer abc.def.ghi",
        "GET https://x/?key=AIzaSyA1234567890abc failed",
        "token ABSKQmVkcm9ja0FQSUtleS1hYmM= expired",
    ],
)
def test_what_is_shaped_like_a_key_is_redacted(text: str) -> None:
    clean = without_secrets(text, (KEY,))
    assert "[redacted]" in clean
    for secret in (KEY, "wxyz", "abc.def", "AIza", "ABSK"):
        assert secret not in clean
