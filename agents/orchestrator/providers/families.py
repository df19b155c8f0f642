"""Who trained a model, whoever serves it."""

from __future__ import annotations

_FAMILY_MARKS: tuple[tuple[str, str], ...] = (
    ("claude", "anthropic"),
    ("anthropic", "anthropic"),
    ("gpt", "openai"),
    ("gemini", "google"),
    ("gemma", "google"),
    ("llama", "meta"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("qwen", "alibaba"),
    ("deepseek", "deepseek"),
    ("nova", "amazon"),
    ("titan", "amazon"),
    ("command-r", "cohere"),
)


def family_of(model: str, *, otherwise: str) -> str:
    """Claude on Bedrock and Claude from Anthropic share one vote."""
    lowered = model.lower()
    return next((family for mark, family in _FAMILY_MARKS if mark in lowered), otherwise)
