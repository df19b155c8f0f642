"""Each provider on its own wire format, as it is configured by its usual variables: what goes out, what comes back."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from agents.orchestrator.chat import (
    Capabilities,
    ChatMessage,
    ChatReply,
    ChatRequest,
    ModelError,
    TextDelta,
    ToolSpec,
    ToolUse,
)
from agents.orchestrator.images import Image
from agents.orchestrator.structured import ask
from tests.unit.orchestrator.parts import request
from tests.wire.conftest import Line
from tests.wire.wires import KEY, LITELLM_IS_BEHIND
from tools.contracts.council import Ballot, VoteSheet

pytestmark = pytest.mark.filterwarnings(LITELLM_IS_BEHIND)

TEXT = "Eleven servers of the web fleet run an image that is two releases old."
SHEET = VoteSheet(ballots=[Ballot(claim_id="c1", stance="support")])
TOOL = ToolSpec("query_assets", "Lists assets.", {"type": "object", "properties": {"limit": {"type": "integer"}}})
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def asking(text: str, **fields: Any) -> ChatRequest:
    messages = (ChatMessage("system", "You are terse."), ChatMessage("user", text))
    return replace(request(), messages=messages, temperature=None, **fields)


def when(text: str, response: dict[str, Any]) -> dict[str, Any]:
    return {"match": {"userMessage": text}, "response": response}


async def streamed(line: Line, asked: ChatRequest) -> tuple[list[str], ChatReply]:
    pieces = [piece async for piece in line.provider.stream(asked)]
    *deltas, reply = pieces
    assert isinstance(reply, ChatReply)
    return [delta.text for delta in deltas if isinstance(delta, TextDelta)], reply


async def test_a_question_goes_out_and_its_answer_comes_back(line: Line) -> None:
    await line.answers(when("which", {"content": TEXT, "usage": line.wire.usage(21, 9)}))
    reply = await line.provider.query(asking("which servers?"))
    assert reply.text == TEXT
    assert (reply.prompt_tokens, reply.completion_tokens) == (
        (21, 9) if line.wire.identifier != "ollama" else (None,) * 2
    )
    sent = line.tap.last
    assert sent.path.startswith(line.wire.path)
    assert "which servers?" in json.dumps(sent.body)
    assert "You are terse." in json.dumps(sent.body)
    assert KEY not in json.dumps(sent.body)
    carriers = [name for name, value in sent.headers.items() if KEY in value]
    assert carriers == ([line.wire.key_in] if line.wire.key_in else [])


async def test_an_answer_is_streamed_piece_by_piece(line: Line) -> None:
    await line.answers(when("which", {"content": TEXT, "usage": line.wire.usage(21, 9)}))
    pieces, reply = await streamed(line, asking("which servers?"))
    assert line.tap.last.path.startswith(line.wire.streams_to)
    assert len(pieces) > 1
    assert "".join(pieces) == reply.text == TEXT
    assert (reply.prompt_tokens, reply.completion_tokens) == line.wire.counted(21, 9)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_called_and_its_result_goes_back(line: Line, stream: bool) -> None:
    await line.answers(
        {"match": {"hasToolResult": True, "userMessage": "which"}, "response": {"content": TEXT}},
        when("which", {"toolCalls": [{"name": "query_assets", "arguments": {"limit": 3}}]}),
        # aimock knows Gemini's tool results in camelCase only. Google takes the snake_case that is sent, too.
        {"match": {}, "response": {"content": TEXT}},
    )

    async def tell(asked: ChatRequest) -> ChatReply:
        return (await streamed(line, asked))[1] if stream else await line.provider.query(asked)

    asked = asking("which servers?", tools=(TOOL,))
    first = await tell(asked)
    [use] = first.tool_uses
    assert use.id
    assert (use.name, json.loads(use.arguments)) == ("query_assets", {"limit": 3})
    assert "query_assets" in json.dumps(line.tap.last.body)
    answer = ChatMessage("tool", '{"total": 11}', tool_use_id=use.id)
    turns = (*asked.messages, ChatMessage("assistant", first.text, tool_uses=(use,)), answer)
    assert (await tell(replace(asked, messages=turns))).text == TEXT
    assert "total" in json.dumps(line.tap.last.body)


async def test_several_images_are_looked_at_where_the_model_can(line: Line) -> None:
    await line.answers(when("what", {"content": TEXT}))
    look = line.provider.query_with_images(asking("what is this?"), [Image.of(DOT), Image.of(DOT)])
    assert line.provider.supports_vision() is line.wire.vision
    if not line.wire.vision:
        with pytest.raises(ModelError, match="cannot look at images, so it sits this one out") as caught:
            await look
        assert caught.value.kind == "unable"
        assert line.tap.sent == [], "nothing is sent to a model that cannot see"
        return
    assert (await look).text == TEXT
    assert json.dumps(line.tap.last.body).count(base64.b64encode(DOT).decode()) == 2


async def test_the_answers_schema_is_on_the_wire(line: Line) -> None:
    await line.answers(when("vote", {"content": SHEET.model_dump(mode="json")}))
    answer = await ask(line.client, line.provider.member(), asking("vote!"), VoteSheet)
    assert answer == SHEET
    assert line.provider.supports_json_schema()
    body = line.tap.last.body
    said = json.dumps(body.get("messages") or body.get("contents"))
    assert "claim_id" in json.dumps(body)
    assert "claim_id" not in said, "it is told natively, not in the prompt"


async def test_a_model_without_native_schemas_is_told_it_in_the_prompt(line: Line) -> None:
    await line.answers({"match": {}, "response": {"content": SHEET.model_dump(mode="json")}})
    member = replace(line.provider.member(), capabilities=Capabilities(json_schema=False))
    assert await ask(line.client, member, asking("vote!"), VoteSheet) == SHEET
    body = line.tap.last.body
    assert "claim_id" in json.dumps(body.get("messages") or body.get("contents"))
    assert not {"response_format", "format", "output_format", "output_config"} & body.keys()


async def test_a_model_that_cannot_stream_says_all_at_once(line: Line) -> None:
    await line.answers(when("which", {"content": TEXT}))
    member = replace(line.provider.member(), capabilities=Capabilities(streaming=False))
    pieces = [piece async for piece in line.client.stream(member, asking("which?"))]
    assert [piece.text for piece in pieces] == [TEXT, TEXT]
    assert line.tap.last.path.startswith(line.wire.path)
    assert not line.tap.last.body.get("stream")


async def test_a_prefix_is_marked_as_worth_keeping_where_the_provider_knows_the_mark(line: Line) -> None:
    await line.answers({"match": {}, "response": {"content": TEXT}})
    result = ChatMessage("tool", '{"total": 11}', tool_use_id="call_1")
    plain = asking("which?")
    uses = ChatMessage("assistant", "", tool_uses=(ToolUse("call_1", "query_assets", "{}"),))
    await line.provider.query(replace(plain, tools=(TOOL,), messages=(*plain.messages, uses, result)))
    sent = json.dumps(line.tap.last.body)
    marks = {mark: sent.count(mark) for mark in ("cache_control", "cachePoint")}
    assert marks == {mark: 2 if mark == line.wire.caches else 0 for mark in marks}, "the system message, and all so far"
