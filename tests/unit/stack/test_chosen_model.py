"""`gavel demo --llm`: which model that is, and what is said where there is none."""

from __future__ import annotations

import pytest

from bot.local.chosen import chosen_member
from bot.settings import LlmSettings, MemberSettings, SettingsError

KEYS = {
    "ANTHROPIC_API_KEY": "k1",
    "GEMINI_API_KEY": "k2",
    "AZURE_API_KEY": "k3",
    "COMPATIBLE_API_BASE": "http://127.0.0.1:8000/v1",
    "GAVEL_MODEL_COMPATIBLE": "my-own",
}


@pytest.mark.parametrize(
    ("wanted", "model"),
    [
        ("claude", "anthropic/claude-sonnet-5-5"),
        ("Claude", "anthropic/claude-sonnet-5-5"),
        ("claude-haiku-5-5", "anthropic/claude-haiku-5-5"),
        ("claude/claude-opus-5", "anthropic/claude-opus-5"),
        ("anthropic/claude-opus-5", "anthropic/claude-opus-5"),
        ("claude-opus-5", "anthropic/claude-opus-5"),
        ("gemini/gemini-3.8-flash", "gemini/gemini-3.8-flash"),
        ("my-own", "openai/my-own"),
        ("compatible/another", "openai/another"),
        ("Special", "mistral/large"),
    ],
)
def test_a_model_is_named_by_member_provider_or_model(wanted: str, model: str) -> None:
    settings = LlmSettings(members=[MemberSettings(name="Special", model="mistral/large")])
    member = chosen_member(wanted, settings, KEYS)
    assert member.model == model
    assert not member.simulated


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("nope", "which no provider here has. There are: anthropic/claude-sonnet-5-5"),
        ("openai", "but OpenAI is not configured. Set OPENAI_API_KEY."),
        ("gpt-6.1-sol", "but OpenAI is not configured. Set OPENAI_API_KEY."),
        ("azure", "but Azure OpenAI is not configured. AZURE_API_KEY is set but AZURE_API_BASE"),
        ("claude/claude-99", "a model of Claude that nobody knows; e.g. claude-sonnet-5-5"),
    ],
)
def test_an_unknown_model_and_a_missing_key_are_told_apart(wanted: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        chosen_member(wanted, LlmSettings(), KEYS)
    assert said in str(caught.value)


def test_with_no_provider_at_all_it_says_what_to_set() -> None:
    with pytest.raises(SettingsError, match="No provider is configured: set a key"):
        chosen_member("nope", LlmSettings(), {})
