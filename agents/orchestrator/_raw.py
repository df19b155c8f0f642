"""What is read from litellm's responses. Their hidden and provider-specific fields stay behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.orchestrator.chat import ModelErrorKind


@dataclass(frozen=True)
class RawToolCall:
    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class RawUsage:
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Of the prompt's, read from the provider's cache. 0 where it says that none were."""


@dataclass(frozen=True)
class RawReply:
    text: str
    tool_calls: tuple[RawToolCall, ...]
    finish_reason: str | None
    usage: RawUsage
    cost_usd: float | None
    """litellm's price for the call; None when it has none, and when it says 0, which means it does not know."""


@dataclass(frozen=True)
class RawFailure:
    kind: ModelErrorKind
    text: str
    retry_after_seconds: float | None


def read_reply(response: Any) -> RawReply:
    """Raises `AttributeError`, `IndexError`, `TypeError` or `ValueError` for what is no reply."""
    choice: Any = response.choices[0]
    message: Any = choice.message
    hidden: Mapping[str, Any] = getattr(response, "_hidden_params", None) or {}
    calls: list[Any] = list(message.tool_calls or [])
    return RawReply(
        text=str(message.content or ""),
        tool_calls=tuple(
            RawToolCall(
                id=str(call.id), name=str(call.function.name or ""), arguments=str(call.function.arguments or "")
            )
            for call in calls
        ),
        finish_reason=None if choice.finish_reason is None else str(choice.finish_reason),
        usage=read_usage(getattr(response, "usage", None)),
        cost_usd=read_cost(hidden.get("response_cost")),
    )


def read_usage(usage: Any) -> RawUsage:
    details: Any = getattr(usage, "prompt_tokens_details", None)
    cached: Any = getattr(details, "cached_tokens", None)
    prompt = _count(getattr(usage, "prompt_tokens", None))
    return RawUsage(
        prompt_tokens=prompt,
        completion_tokens=_count(getattr(usage, "completion_tokens", None)),
        cached_tokens=cached if prompt is not None and isinstance(cached, int) and cached >= 0 else None,
    )


def read_cost(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and value > 0 else None


def _count(value: Any) -> int | None:
    """litellm fills in 0 where a provider reported no usage."""
    return value if isinstance(value, int) and value > 0 else None
