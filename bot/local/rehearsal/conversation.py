"""What a rehearsal model can know: the request it was sent, read into messages, tools, fenced blocks and findings."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, cast

Json = dict[str, Any]

_BLOCK = re.compile(r"<untrusted ([^>]*)>\n(.*?)\n</untrusted>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


class BadRequest(Exception):
    """The request is not one this endpoint understands; the message says what is wrong with it."""


def as_object(value: object) -> Json:
    """`value` if it is a JSON object, else an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """`value` if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def parse_object(text: str) -> Json:
    """The JSON object in `text`, or an empty one."""
    try:
        return as_object(json.loads(text))
    except json.JSONDecodeError:
        return {}


@dataclass(frozen=True)
class Block:
    """One fenced piece of data in a prompt."""

    source: str
    attributes: dict[str, str]
    text: str


@dataclass(frozen=True)
class Finding:
    """One tool result in the conversation."""

    tool: str
    call: str
    """The id that receipts cite."""
    params: Json
    output: Json
    error: str | None = None


@dataclass(frozen=True)
class Conversation:
    """A chat completion request."""

    model: str
    prompt: str
    """System and user messages, joined."""
    blocks: list[Block]
    findings: list[Finding]
    tools: dict[str, Json]
    """Tool name → JSON Schema of its parameters."""
    tool_choice: str
    """`auto`, `none`, `required`, or the name of one tool."""
    schema_name: str | None
    schema: Json
    stream: bool
    include_usage: bool
    size: int
    """Characters of all messages."""
    calls_made: list[str] = field(default_factory=list[str])
    """Names of the tools called so far, in order."""

    def texts(self, *sources: str) -> list[str]:
        """The text of every block of these sources, in order."""
        return [block.text for block in self.blocks if block.source in sources]

    def json_block(self, source: str) -> Json:
        """The first block of this source, as a JSON object."""
        found = self.texts(source)
        return parse_object(found[0]) if found else {}

    def of(self, tool: str) -> list[Finding]:
        """The successful results of a tool, in order."""
        return [finding for finding in self.findings if finding.tool == tool and finding.error is None]

    def failed(self, tool: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.tool == tool and finding.error is not None]


def read_request(body: Json) -> Conversation:
    """Raises :class:`BadRequest` where OpenAI would answer 400."""
    model = body.get("model")
    messages = as_list(body.get("messages"))
    if not isinstance(model, str) or not messages:
        raise BadRequest("'model' must be a string and 'messages' must not be empty")
    texts: list[str] = []
    blocks: list[Block] = []
    called: dict[str, tuple[str, Json]] = {}
    findings: list[Finding] = []
    size = 0
    for message in map(as_object, messages):
        role, text = message.get("role"), _text_of(message.get("content"))
        size += len(text)
        if role in {"system", "developer", "user"}:
            texts.append(text)
            # What the system message says about the fence is no data.
            blocks += blocks_of(text) if role == "user" else []
        elif role == "assistant":
            for call in map(as_object, as_list(message.get("tool_calls"))):
                function = as_object(call.get("function"))
                arguments = parse_object(str(function.get("arguments", "")))
                called[str(call.get("id"))] = (str(function.get("name")), arguments)
        elif role == "tool":
            tool_call_id = str(message.get("tool_call_id"))
            if tool_call_id not in called:
                raise BadRequest(f"tool message answers {tool_call_id!r}, which no assistant message called")
            name, params = called[tool_call_id]
            findings += [_finding(block, params, name) for block in blocks_of(text) if block.source in _RESULTS]
        else:
            raise BadRequest(f"role {role!r} is not one of system, developer, user, assistant, tool")
    if not called:
        findings = _evidence(blocks)
    response = as_object(as_object(body.get("response_format")).get("json_schema"))
    return Conversation(
        model=model,
        prompt="\n".join(texts),
        blocks=blocks,
        findings=findings,
        tools=_tools(body),
        tool_choice=_choice(body.get("tool_choice", "auto")),
        schema_name=response.get("name"),
        schema=as_object(response.get("schema")),
        stream=body.get("stream") is True,
        include_usage=as_object(body.get("stream_options")).get("include_usage") is True,
        size=size,
        calls_made=[name for name, _ in called.values()],
    )


_RESULTS = {"tool_result", "tool_error"}


def blocks_of(text: str) -> list[Block]:
    """The fenced pieces of a message, in order."""
    found: list[Block] = []
    for match in _BLOCK.finditer(text):
        attributes = dict(_ATTRIBUTE.findall(match.group(1)))
        found.append(Block(source=attributes.pop("source", ""), attributes=attributes, text=match.group(2)))
    return found


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(as_object(part).get("text", "")) for part in as_list(content))


def _finding(block: Block, params: Json, tool: str) -> Finding:
    failed = block.source == "tool_error"
    return Finding(
        tool=block.attributes.get("tool", tool),
        call=block.attributes.get("call", ""),
        params=params,
        output={} if failed else parse_object(block.text),
        error=block.text if failed else None,
    )


def _evidence(blocks: list[Block]) -> list[Finding]:
    """Tool results quoted in a user message, each after the parameters of its call."""
    params: dict[str, Json] = {}
    findings: list[Finding] = []
    for block in blocks:
        call = block.attributes.get("call", "")
        if block.source == "tool_params":
            params[call] = parse_object(block.text)
        elif block.source in _RESULTS:
            findings.append(_finding(block, params.get(call, {}), ""))
    return findings


def _tools(body: Json) -> dict[str, Json]:
    functions = [as_object(as_object(tool).get("function")) for tool in as_list(body.get("tools"))]
    return {str(function.get("name")): as_object(function.get("parameters")) for function in functions}


def _choice(choice: object) -> str:
    if isinstance(choice, str):
        return choice
    return str(as_object(as_object(choice).get("function")).get("name", "auto"))
