"""A typed answer from a model: judged by its contract, never by what the provider says of it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from agents.orchestrator.chat import ChatMessage, ChatRequest, Member, ModelClient, ModelError, ResponseSchema
from tools.contracts.common import JsonObject
from tools.json_schema import SchemaCheck

T = TypeVar("T", bound=BaseModel)

REPLY_LIMIT = 200_000
"""Characters. Longer replies are refused unread."""

_FENCE = re.compile(r"```(?:json)?[ \t]*\r?\n(.*?)\r?\n?[ \t]*```", re.DOTALL | re.IGNORECASE)


def response_schema(model_type: type[BaseModel]) -> ResponseSchema:
    """The contract as a provider's structured-output option takes it."""
    return ResponseSchema(name=model_type.__name__, schema=_schema_of(model_type))


@cache
def _schema_of(model_type: type[BaseModel]) -> JsonObject:
    return model_type.model_json_schema()


@cache
def _check_of(model_type: type[BaseModel]) -> SchemaCheck:
    return SchemaCheck(_schema_of(model_type))


def with_contract(request: ChatRequest, model_type: type[BaseModel]) -> ChatRequest:
    """As it is sent: with the contract that it wants kept, unless it has one."""
    return request if request.response is not None else replace(request, response=response_schema(model_type))


async def ask(client: ModelClient, member: Member, request: ChatRequest, model_type: type[T]) -> T:
    """The member's answer as a `model_type`.

    An answer that does not satisfy the contract is returned to the member once, with what was wrong, within
    the request's deadline. Raises :class:`ModelError`, `bad_response` when the second answer is no better.
    """
    ends = time.monotonic() + request.deadline_seconds
    request = with_contract(request, model_type)
    reply = await client.chat(member, request)
    answer = _parse(reply.text, model_type)
    if isinstance(answer, model_type):
        return answer
    left = ends - time.monotonic()
    if left <= 0:
        raise ModelError("timeout", f"{member.name} gave no valid {model_type.__name__} in time. {answer}")
    again = replace(
        request,
        messages=(
            *request.messages,
            ChatMessage(role="assistant", content=reply.text[:REPLY_LIMIT] or "(no text)"),
            ChatMessage(role="user", content=f"{answer} Answer again with that JSON object and nothing else."),
        ),
        key=f"{request.key}:again",
        parent=request.key,
        deadline_seconds=left,
    )
    answer = _parse((await client.chat(member, again)).text, model_type)
    if isinstance(answer, model_type):
        return answer
    raise ModelError("bad_response", f"{member.name} gave no valid {model_type.__name__}, twice. {answer}")


def _parse(text: str, model_type: type[T]) -> T | str:
    """The answer, or one sentence on what is wrong with it."""
    if len(text) > REPLY_LIMIT:
        return f"The answer was {len(text)} characters long; at most {REPLY_LIMIT} are read."
    body = text.strip()
    if not body.startswith("{") and len(blocks := _FENCE.findall(body)) == 1:
        body = str(blocks[0])
    invalid = f"The answer was not a valid {model_type.__name__}"
    try:
        answer: object = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return f"{invalid}: it is no JSON ({str(error)[:120]})."
    # To the letter of the schema the model was given. Pydantic alone would read `"0.9"` or `true` as a number.
    if problems := _check_of(model_type).problems(answer):
        return f"{invalid}: {'; '.join(problems[:3])}."
    try:
        return model_type.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[:3]
        problems = [f"{'.'.join(str(part) for part in item['loc']) or 'it'}: {item['msg']}" for item in first]
        return f"{invalid}: {'; '.join(problems)}."


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
