"""What a model can do: as the configuration says, else as litellm's model data does, else what is safe to suppose."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from agents.orchestrator.chat import Capabilities, Member

_DATA = "model_prices_and_context_window_backup.json"
"""litellm's own list, beside its code. Read as a file: importing litellm takes seconds, and this 30 ms."""

_PREFIXES_IN_DATA: Mapping[str, tuple[str, ...]] = {"ollama_chat": ("ollama/",), "bedrock": ("", "bedrock/")}
"""Where litellm's data files a provider's models under another name than its calls do. Otherwise: with the provider's
prefix, or bare."""

_OLLAMA_EYES = ("llava", "-vl", "vl:", "vision", "moondream", "minicpm-v", "gemma3", "gemma4", "llama4")
"""Names of models that read images, among those that Ollama serves: its data here knows next to none of them."""

UNKNOWN = Capabilities()
"""Of a model that nobody knows: it reads text, calls tools, streams and takes a schema, but reads no images."""


def capabilities_of(member: Member) -> Capabilities:
    """What the member's model can do. Blocking the first time: call it in a thread, or after `warm()`."""
    if member.capabilities is not None:
        return member.capabilities
    provider, _, model = member.model.partition("/")
    known = known_capabilities(provider, model)
    if provider.startswith("ollama"):
        # The data knows few of its models, and of those not what the server itself can do: it takes a schema for all.
        seen = any(mark in model.lower() for mark in _OLLAMA_EYES)
        return replace(known or UNKNOWN, vision=seen or bool(known and known.vision), json_schema=True)
    return known or UNKNOWN


def known_capabilities(provider: str, model: str) -> Capabilities | None:
    """As litellm's data has it; None: it does not know the model. `provider`: litellm's prefix, e.g. `anthropic`."""
    data = _known()
    for name in names_in_data(provider, model):
        if name in data:
            return data[name]
    return None


def names_in_data(provider: str, model: str) -> Iterator[str]:
    """Under which names litellm's data may have a model."""
    for prefix in _PREFIXES_IN_DATA.get(provider, (f"{provider}/", "")):
        yield f"{prefix}{model}"
        yield f"{prefix}{model.partition(':')[0]}"


def read_data() -> None:
    """Read litellm's model data now, so that no event loop has to wait for it later."""
    _known()


def model_rows() -> Mapping[str, Mapping[str, Any]]:
    """All of litellm's data, by its names. Blocking, and 40 MB: keep what you need of it."""
    spec = importlib.util.find_spec("litellm")
    roots = spec.submodule_search_locations if spec is not None else None
    rows: dict[str, dict[str, Any]] = json.loads((Path(roots[0]) / _DATA).read_bytes()) if roots else {}
    return rows


@cache
def _known() -> Mapping[str, Capabilities]:
    """Only the chat models, and of them only this: the whole is 40 MB."""
    distinct: dict[Capabilities, Capabilities] = {}
    found: dict[str, Capabilities] = {}
    for name, row in model_rows().items():
        if row.get("mode") == "chat":
            read = _read(row)
            found[name] = distinct.setdefault(read, read)
    return found


def _read(row: Mapping[str, Any]) -> Capabilities:
    """Absent is no, except for streaming, which the data only mentions where it is missing or native."""
    return Capabilities(
        vision=bool(row.get("supports_vision")),
        tools=bool(row.get("supports_function_calling")),
        streaming=row.get("supports_native_streaming") is not False,
        json_schema=bool(row.get("supports_response_schema")),
        prompt_caching=bool(row.get("supports_prompt_caching")),
    )
