"""The wire of each provider: how it is configured, where it sends, and what things are called on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from agents.orchestrator.providers.vendor import ProviderId

KEY = "sk-wire-8c1f40e2b7"
"""Every provider's key. It goes out where the provider wants it, and comes back in no error."""


LITELLM_IS_BEHIND = "ignore:Accessing the 'model_:DeprecationWarning"
"""litellm streams by way of an attribute that Pydantic wants read from the class. Nothing of ours."""


@dataclass(frozen=True)
class Wire:
    identifier: ProviderId
    settings: dict[str, str]
    """Of the environment. `{base}` is the server."""
    path: str
    """How the address of a plain call starts."""
    streams_to: str
    key_in: str | None
    """The header that carries the key; None: there is none."""
    counts: tuple[str, str] | None
    """What its usage calls the tokens of prompt and answer, in aimock's fixtures; None: aimock counts none on it."""
    vision: bool = True
    caches: Literal["cache_control", "cachePoint", None] = None
    """How a kept prefix is marked."""

    def environ(self, base: str) -> dict[str, str]:
        return {name: value.format(base=base, key=KEY) for name, value in self.settings.items()}

    def usage(self, prompt: int, answer: int) -> dict[str, Any]:
        return dict(zip(self.counts or (), (prompt, answer), strict=False))

    def counted(self, prompt: int, answer: int) -> tuple[int | None, int | None]:
        """What a reply then says: a count that the provider did not give is unknown."""
        return (prompt, answer) if self.counts else (None, None)


_OPENAI = ("prompt_tokens", "completion_tokens")
_ANTHROPIC = ("input_tokens", "output_tokens")

WIRES = [
    Wire(
        "claude",
        {"ANTHROPIC_API_KEY": "{key}", "ANTHROPIC_API_BASE": "{base}"},
        path="/v1/messages",
        streams_to="/v1/messages",
        key_in="x-api-key",
        counts=_ANTHROPIC,
        caches="cache_control",
    ),
    Wire(
        "azure",
        {"AZURE_API_KEY": "{key}", "AZURE_API_BASE": "{base}", "AZURE_DEPLOYMENT": "gpt-4o"},
        path="/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        streams_to="/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        key_in="api-key",
        counts=_OPENAI,
    ),
    Wire(
        "openai",
        {"OPENAI_API_KEY": "{key}", "OPENAI_API_BASE": "{base}/v1"},
        path="/v1/chat/completions",
        streams_to="/v1/chat/completions",
        key_in="authorization",
        counts=_OPENAI,
    ),
    Wire(
        "gemini",
        {"GEMINI_API_KEY": "{key}", "GEMINI_API_BASE": "{base}/v1beta"},
        path="/v1beta/models/gemini-3.8-flash:generateContent",
        streams_to="/v1beta/models/gemini-3.8-flash:streamGenerateContent",
        key_in="x-goog-api-key",
        counts=("promptTokenCount", "candidatesTokenCount"),
    ),
    Wire(
        "bedrock",
        {
            "AWS_BEARER_TOKEN_BEDROCK": "{key}",
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "{base}",
            "GAVEL_MODEL_BEDROCK": "eu.anthropic.claude-sonnet-5-5",
        },
        path="/model/eu.anthropic.claude-sonnet-5-5/converse",
        streams_to="/model/eu.anthropic.claude-sonnet-5-5/converse-stream",
        key_in="authorization",
        counts=_ANTHROPIC,
        caches="cachePoint",
    ),
    Wire(
        "compatible",
        {
            "COMPATIBLE_API_KEY": "{key}",
            "COMPATIBLE_API_BASE": "{base}/v1",
            "GAVEL_MODEL_COMPATIBLE": "my-own",
        },
        path="/v1/chat/completions",
        streams_to="/v1/chat/completions",
        key_in="authorization",
        counts=_OPENAI,
        vision=False,
    ),
    Wire(
        "ollama",
        {"OLLAMA_API_BASE": "{base}", "GAVEL_MODEL_OLLAMA": "llava:7b"},
        path="/api/chat",
        streams_to="/api/chat",
        key_in=None,
        counts=None,
    ),
]
