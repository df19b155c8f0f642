"""A request as litellm takes it: OpenAI's request body, cut to what the member's model can do."""

from __future__ import annotations

import json
from math import ceil

from agents.orchestrator.chat import Capabilities, ChatMessage, ChatRequest, Member, ModelError
from agents.orchestrator.images import ImageRefused, check_together
from agents.orchestrator.providers.capabilities import capabilities_of
from tools.contracts.common import JsonObject

_TIMEOUT_STEP_SECONDS = 60

_KEEP: JsonObject = {"type": "ephemeral"}
"""Anthropic's mark of where a prefix ends that is worth keeping; litellm makes Bedrock's cache points of it."""

_AS_PROMPTED = (
    "Answer with one JSON object and nothing else: no prose around it, no code fence. It must satisfy this JSON Schema:"
)


def request_body(member: Member, request: ChatRequest, *, stream: bool = False) -> JsonObject:
    """litellm's arguments: OpenAI's request body, and how litellm is to send it.

    Retries are ours; max_tokens is always stated, or Anthropic is given 64,000. Raises :class:`ModelError`, `unable`,
    for what the member's model cannot do, and `bad_response` for images that no model takes.
    """
    can = capabilities_of(member)
    _check(member, request, can)
    arguments: JsonObject = {
        **dict(member.extra),
        "model": member.model,
        "messages": _messages(member, request, can),
        "max_tokens": request.max_tokens,
        "num_retries": 0,
        "max_retries": 0,
        # litellm keeps a client, with its connections, for each timeout it is given, and what is left of a deadline is
        # another number at every call. Rounded up: `chat` ends the call at the deadline itself.
        "timeout": ceil(request.deadline_seconds / _TIMEOUT_STEP_SECONDS) * _TIMEOUT_STEP_SECONDS,
        "stream": stream,
    }
    if stream:
        arguments["stream_options"] = {"include_usage": True}
    if member.api_base is not None:
        arguments["api_base"] = member.api_base
    if member.api_key is not None:
        arguments["api_key"] = member.api_key
    if request.temperature is not None:
        arguments["temperature"] = request.temperature
    if request.tools:
        arguments["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    if request.response is not None and can.json_schema:
        # Not strict: OpenAI's strict mode wants every field required, and the contracts have defaults. The answer
        # is judged by the contract either way.
        arguments["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": request.response.name, "schema": request.response.schema, "strict": False},
        }
    return arguments


def _check(member: Member, request: ChatRequest, can: Capabilities) -> None:
    images = tuple(image for message in request.messages for image in message.images)
    if images and not can.vision:
        raise ModelError("unable", f"{member.name} cannot look at images, so it sits this one out.")
    if request.tools and not can.tools:
        raise ModelError("unable", f"{member.name} cannot call tools, so it sits this one out.")
    try:
        check_together(images)
    except ImageRefused as refused:
        raise ModelError("unable", f"{member.name} was not asked. {refused}") from None


def _messages(member: Member, request: ChatRequest, can: Capabilities) -> list[JsonObject]:
    messages = [_message(message) for message in request.messages]
    if request.response is not None and not can.json_schema:
        messages.append(_told_schema(request.response.schema))
    if can.prompt_caching and _marks_prefixes(member):
        for message in _prefix_ends(messages, goes_on=bool(request.tools)):
            _keep(message)
    return messages


def _told_schema(schema: JsonObject) -> JsonObject:
    text = f"{_AS_PROMPTED}\n{json.dumps(schema, ensure_ascii=False, separators=(',', ':'))}"
    return {"role": "user", "content": text}


def _message(message: ChatMessage) -> JsonObject:
    plain: JsonObject = {"role": message.role, "content": message.content}
    if message.images:
        looks: list[JsonObject] = [
            {"type": "image_url", "image_url": {"url": image.data_url}} for image in message.images
        ]
        plain["content"] = [*looks, {"type": "text", "text": message.content}]
    if message.tool_uses:
        # Anthropic takes no empty text, and litellm would put words of its own there.
        plain["content"] = message.content or None
        plain["tool_calls"] = [
            {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}
            for use in message.tool_uses
        ]
    if message.tool_use_id is not None:
        plain["tool_call_id"] = message.tool_use_id
    return plain


def _marks_prefixes(member: Member) -> bool:
    """Whether the provider keeps what it is told to. OpenAI, Azure and Gemini keep by themselves and know no mark."""
    provider, _, model = member.model.partition("/")
    return provider == "anthropic" or (provider == "bedrock" and "claude" in model.lower())


def _prefix_ends(messages: list[JsonObject], *, goes_on: bool) -> list[JsonObject]:
    """The system message, which other calls begin with too; where a conversation goes on, also all said so far."""
    ends = [message for message in messages if message["role"] == "system"][-1:]
    if goes_on and messages and messages[-1]["role"] in ("user", "tool"):
        ends.append(messages[-1])
    return ends


def _keep(message: JsonObject) -> None:
    content = message["content"]
    if isinstance(content, str) and content:
        message["content"] = [{"type": "text", "text": content, "cache_control": _KEEP}]
    elif isinstance(content, list) and content and isinstance(content[-1], dict):
        content[-1] = {**content[-1], "cache_control": _KEEP}
