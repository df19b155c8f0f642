"""The rehearsal endpoint speaks OpenAI's protocol, over a real socket."""

from __future__ import annotations

import ast
import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import bot.local.rehearsal
from agents.orchestrator.alike import Pair
from prompts.library import PromptLibrary
from tests.unit.rehearsal.process import Rehearsal, rehearsal_process
from tools.contracts.council import EntailmentSheet

TASK_DRAFT = {"type": "json_schema", "json_schema": {"name": "TaskDraft", "schema": {"type": "object"}}}
TOOL = {"type": "function", "function": {"name": "get_drift_status", "parameters": {"type": "object"}}}
FENCED = '<untrusted source="request">\nfix drift in prod\n</untrusted>'


def asks(text: str = FENCED, **fields: object) -> dict[str, Any]:
    return {"model": "rehearsal-amber", "messages": [{"role": "user", "content": text}], **fields}


async def chat(server: Rehearsal, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
    return await server.request("POST", "/v1/chat/completions", json=body, headers=headers)


async def test_the_models_are_listed(rehearsal: Rehearsal) -> None:
    status, body = await rehearsal.request("GET", "/v1/models")
    assert status == 200
    assert [model["id"] for model in body["data"]] == ["rehearsal-amber", "rehearsal-birch", "rehearsal-cedar"]


async def test_a_structured_answer_has_usage_and_is_the_same_each_time(rehearsal: Rehearsal) -> None:
    answers = [await chat(rehearsal, asks(response_format=TASK_DRAFT)) for _ in range(2)]
    (status, first), (_, second) = answers
    assert status == 200
    assert first["choices"] == second["choices"]
    assert first["id"] == second["id"]
    usage = first["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert json.loads(first["choices"][0]["message"]["content"])["environment"] == "production"


async def test_statements_in_the_same_words_follow_from_one_another_and_no_others(rehearsal: Rehearsal) -> None:
    texts = {"m1": ("The disks are full.", "Full are the disks"), "m2": ("Disks are full", "Old disks are full")}
    pairs = [Pair(pair, *said, texts=said) for pair, said in texts.items()]
    prompt = PromptLibrary().load("council.entail").render(pairs=pairs).user
    wanted = {"type": "json_schema", "json_schema": {"name": "EntailmentSheet", "schema": {"type": "object"}}}
    _, body = await chat(rehearsal, asks(prompt, response_format=wanted))
    sheet = EntailmentSheet.model_validate_json(body["choices"][0]["message"]["content"])
    assert [(one.first_entails_second, one.second_entails_first) for one in sheet.pairs] == [
        (True, True),
        (False, True),
    ]


async def streamed(server: Rehearsal, body: object) -> list[str]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/v1/chat/completions", json=body) as response,
    ):
        assert response.content_type == "text/event-stream"
        text = (await response.read()).decode()
    return [line.removeprefix("data: ") for line in text.split("\n\n") if line]


async def test_a_stream_carries_the_same_text_in_pieces_then_usage_then_done(rehearsal: Rehearsal) -> None:
    body = asks(response_format=TASK_DRAFT)
    _, whole = await chat(rehearsal, body)
    events = await streamed(rehearsal, {**body, "stream": True, "stream_options": {"include_usage": True}})
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert text == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"] == whole["usage"]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"


async def test_tools_are_called_plainly_and_streamed(rehearsal: Rehearsal) -> None:
    body = asks(tools=[TOOL])
    _, whole = await chat(rehearsal, body)
    choice = whole["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_drift_status"
    chunks = [json.loads(event) for event in (await streamed(rehearsal, {**body, "stream": True}))[:-1]]
    calls = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", [])]
    assert [{**call, "index": 0} for call in calls] == [{**choice["message"]["tool_calls"][0], "index": 0}]


async def test_tool_choice_none_calls_nothing(rehearsal: Rehearsal) -> None:
    _, body = await chat(rehearsal, asks(tools=[TOOL], tool_choice="none"))
    assert "rehearsal model" in body["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"model": "rehearsal-amber"}, 400),
        ({"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}, 404),
        ({"model": "rehearsal-amber", "messages": [{"role": "owl", "content": "hi"}]}, 400),
        ({"model": "rehearsal-amber", "messages": [{"role": "tool", "content": "x", "tool_call_id": "nobody"}]}, 400),
        (asks(response_format={"type": "json_schema", "json_schema": {"name": "Poem", "schema": {}}}), 400),
        ([1, 2, 3], 400),
    ],
)
async def test_a_request_it_does_not_understand_is_an_openai_error(
    rehearsal: Rehearsal, body: object, status: int
) -> None:
    answered, error = await chat(rehearsal, body)
    assert answered == status
    assert error["error"]["message"]


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:80"}, {"Origin": "null"}]
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/models"), ("POST", "/local/faults")])
async def test_a_web_page_cannot_reach_it(
    rehearsal: Rehearsal, method: str, path: str, headers: dict[str, str]
) -> None:
    status, body = await rehearsal.request(method, path, json={"kind": "slow"}, headers=headers)
    assert status == 403
    assert "this machine only" in body["error"]["message"]


async def test_faults_hit_their_model_as_often_as_said(rehearsal: Rehearsal) -> None:
    await rehearsal.fault("status_429", model="rehearsal-amber", count=1, seconds=7)
    birch = {**asks(), "model": "rehearsal-birch"}
    assert [(await chat(rehearsal, body))[0] for body in (birch, asks(), asks())] == [200, 429, 200]
    assert (await rehearsal.request("GET", "/local/faults"))[1] == {"faults": []}


async def test_a_parrot_answers_in_the_words_it_was_asked_in(rehearsal: Rehearsal) -> None:
    await rehearsal.fault("parrot", count=1)
    status, body = await chat(rehearsal, asks(response_format=TASK_DRAFT))
    assert status == 200
    assert json.loads(body["choices"][0]["message"]["content"])["goal"] == "fix drift in prod"


async def test_a_rate_limit_says_when_to_come_back(rehearsal: Rehearsal) -> None:
    await rehearsal.fault("status_429", seconds=7)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{rehearsal.url}/v1/chat/completions", json=asks()) as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (429, "7")


async def test_slow_is_slow(rehearsal: Rehearsal) -> None:
    await rehearsal.fault("slow", seconds=0.4, count=1)
    started = time.monotonic()
    await chat(rehearsal, asks())
    assert time.monotonic() - started >= 0.4


async def test_a_cut_reply_breaks_off_with_and_without_streaming(rehearsal: Rehearsal) -> None:
    await rehearsal.fault("cut_stream")
    with pytest.raises(aiohttp.ClientError):
        await chat(rehearsal, asks())
    with pytest.raises(aiohttp.ClientError):
        await streamed(rehearsal, asks(stream=True))


@pytest.mark.parametrize(
    "fault", [{"kind": "earthquake"}, {"kind": "slow", "model": "gpt-5"}, {"kind": "slow", "count": 0}]
)
async def test_an_unknown_fault_is_refused(rehearsal: Rehearsal, fault: dict[str, object]) -> None:
    status, _ = await rehearsal.request("POST", "/local/faults", json=fault)
    assert status == 400
    assert (await rehearsal.request("GET", "/local/faults"))[1] == {"faults": []}


async def test_the_ready_file_holds_the_address_and_latency_is_added(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    async with rehearsal_process("--ready-file", str(ready), "--latency-ms", "200") as running:
        assert ready.read_text() == running.url
        started = time.monotonic()
        assert (await chat(running, asks()))[0] == 200
        assert time.monotonic() - started >= 0.2


async def test_it_stops_on_sigterm_even_while_a_model_is_thinking() -> None:
    async with rehearsal_process("--latency-ms", "60000") as running:
        asking = asyncio.create_task(chat(running, asks()))
        await asyncio.sleep(0.2)
        running.process.terminate()
        async with asyncio.timeout(5):
            assert await running.process.wait() == 0
        with pytest.raises(aiohttp.ClientError):
            await asking


def test_the_models_know_nothing_of_the_estate() -> None:
    """Only `members.py`, which describes them to the bot, imports anything of the project outside this package."""
    folder = Path(bot.local.rehearsal.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if (
                    name.split(".")[0] in {"agents", "tools", "policies", "prompts", "bot"}
                    and path.name != "members.py"
                ):
                    assert name.startswith("bot.local.rehearsal"), f"{path.name} imports {name}"
