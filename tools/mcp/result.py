"""What a server's answer to a call becomes: text by its lines, and structured data. Nothing else of it is taken."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, cast

from mcp_types import CallToolResult, TextContent

from tools.base import ToolError
from tools.contracts.common import Contract, JsonObject
from tools.mcp.names import plain

MAX_DEPTH = 24
"""Of structured data: what walks it later must come to its end."""
ERROR_LENGTH = 600


class ServerParams(Contract):
    """Parameters of a server's tool. The dispatcher held them to the tool's own schema before this is made."""

    model_config = {**Contract.model_config, "extra": "allow"}

    @property
    def given(self) -> JsonObject:
        return dict(self.model_extra or {})


class ServerOutput(Contract):
    """What the server answered. A stranger's words, all of it.

    Its own fields are all that there is at the top: what a plan must have word for word from a planning tool is looked
    for there, and a server cannot put it there.
    """

    lines: list[str]
    """Its text, a line each, so that a receipt can point at one."""
    server_data: Any = None
    """Its structured content; null: there is none. What it calls an asset is one only if a tool of ours says so."""
    left_out: list[str] = []
    """What it also sent and nobody sees: `2 image`."""


def output_of(result: CallToolResult) -> ServerOutput:
    """Raises :class:`ToolError` where the server says that the call failed, and for data that is nested too deep."""
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    if result.is_error:
        said = plain(" ".join(texts), at_most=ERROR_LENGTH)
        raise ToolError(f"the server says that the call failed: {said or 'it does not say why'}")
    structured: object = result.structured_content
    if _deeper(structured, MAX_DEPTH):
        raise ToolError(f"its structured content is nested deeper than {MAX_DEPTH}; it was discarded")
    others = Counter(block.type for block in result.content if not isinstance(block, TextContent))
    return ServerOutput(
        lines=[line for text in texts if not _says(text, structured) for line in text.splitlines()],
        server_data=structured,
        left_out=[f"{count} {kind}" for kind, count in sorted(others.items())],
    )


def _says(text: str, structured: object) -> bool:
    """Whether the text is the structured content once more, as servers send it for clients that take none."""
    if structured is None or not text.lstrip().startswith(("{", "[")):
        return False
    try:
        return json.loads(text) == structured
    except (ValueError, RecursionError):
        return False


def _deeper(value: object, levels: int) -> bool:
    waiting = [(value, levels)]
    while waiting:
        inner, left = waiting.pop()
        parts: list[object] = []
        if isinstance(inner, dict):
            parts = list(cast("dict[str, object]", inner).values())
        elif isinstance(inner, list):
            parts = cast("list[object]", inner)
        if parts and left <= 0:
            return True
        waiting += [(part, left - 1) for part in parts]
    return False
