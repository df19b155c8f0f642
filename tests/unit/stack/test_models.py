"""Models that are configured answer; with none, the rehearsal models do, and never in place of a named provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.doctor import examine, healthy
from bot.local.models import configured_members, fast_members, primary_member
from bot.local.rehearsal.members import rehearsal_members
from bot.settings import LlmSettings, MemberSettings, RoutingSettings, Settings, SettingsError

NOWHERE = {"OLLAMA_API_BASE": "http://127.0.0.1:9"}
"""Whatever may run on this machine's own Ollama port is not asked."""


@asynccontextmanager
async def ollama(*models: str) -> AsyncGenerator[str]:
    async def tags(_: web.Request) -> web.Response:
        return web.json_response({"models": [{"name": name} for name in models]})

    app = web.Application()
    app.router.add_get("/api/tags", tags)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_without_any_provider_only_the_rehearsal_is_left() -> None:
    assert await configured_members(LlmSettings(), NOWHERE) == []


async def test_a_providers_usual_key_is_enough() -> None:
    members = await configured_members(LlmSettings(), {"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"})
    assert [member.name for member in members] == ["Claude", "OpenAI"]


async def test_the_named_provider_comes_first() -> None:
    environ = {"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"}
    members = await configured_members(LlmSettings(provider="openai"), environ)
    assert [member.name for member in members] == ["OpenAI", "Claude"]


async def test_a_named_provider_without_its_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="LLM_PROVIDER: got 'claude', which is not set up"):
        await configured_members(LlmSettings(provider="claude"), NOWHERE)


async def test_a_provider_set_up_by_half_says_what_is_missing() -> None:
    with pytest.raises(SettingsError, match="AZURE_API_BASE"):
        await configured_members(LlmSettings(provider="azure"), {**NOWHERE, "AZURE_API_KEY": "k"})


async def test_an_ollama_that_answers_is_used() -> None:
    async with ollama("qwen3:8b") as base:
        members = await configured_members(LlmSettings(), {"OLLAMA_API_BASE": base})
    assert [member.model for member in members] == ["ollama_chat/qwen3:8b"]


async def test_rehearsal_can_be_asked_for_despite_a_key() -> None:
    assert await configured_members(LlmSettings(provider="rehearsal"), {"ANTHROPIC_API_KEY": "k"}) == []


async def test_explicit_members_are_the_council_and_no_other() -> None:
    settings = LlmSettings(
        members=[
            MemberSettings(name="A", model="anthropic/claude-x"),
            MemberSettings(name="B", model="openai/local", family="own", api_base="http://127.0.0.1:1"),
        ]
    )
    first, second = await configured_members(settings, {"GEMINI_API_KEY": "k"})
    assert (first.name, first.family) == ("A", "anthropic")
    assert (second.family, second.api_base) == ("own", "http://127.0.0.1:1/")
    assert not first.simulated


@pytest.mark.parametrize(("named", "meant"), [("openai", "OpenAI"), ("Claude", "Claude"), (None, None)])
async def test_the_primary_is_named_by_its_provider_or_by_its_own_name(named: str | None, meant: str | None) -> None:
    members = await configured_members(LlmSettings(), {"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"})
    assert primary_member(LlmSettings(primary=named), members) == meant


async def test_a_primary_that_does_not_answer_is_refused_and_the_doctor_says_so(settings: Settings) -> None:
    primary = LlmSettings(provider="rehearsal", primary="gemini")
    expected = "LLM_PRIMARY: got 'gemini'; it must name a member that answers, or its provider: Amber, Birch, Cedar"
    with pytest.raises(SettingsError, match=expected):
        primary_member(primary, rehearsal_members("http://127.0.0.1:1"))
    found = await examine(settings.model_copy(update={"llm": primary}))
    assert not healthy(found)
    assert [finding.answered for finding in found if finding.component == "models"] == [expected]


CLAUDE_AND_OPENAI = {"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"}


async def test_the_vendors_fast_models_parse_and_are_no_members_of_the_council() -> None:
    members = await configured_members(LlmSettings(), CLAUDE_AND_OPENAI)
    fast = fast_members(LlmSettings(), RoutingSettings(), CLAUDE_AND_OPENAI, members)
    assert [member.model for member in fast] == ["anthropic/claude-haiku-5-5", "openai/gpt-6-luna"]
    assert not {member.name for member in fast} & {member.name for member in members}


async def test_models_that_were_chosen_by_hand_parse_too_unless_another_is_named() -> None:
    environ = {"ANTHROPIC_API_KEY": "k", "GAVEL_MODEL_CLAUDE": "claude-opus-5-5"}
    members = await configured_members(LlmSettings(), environ)
    assert fast_members(LlmSettings(), RoutingSettings(), environ, members) == []
    named = RoutingSettings.model_validate({"fast": {"claude": "claude-haiku-6"}})
    (fast,) = fast_members(LlmSettings(), named, environ, members)
    assert (fast.model, fast.api_key) == ("anthropic/claude-haiku-6", "k")
    with pytest.raises(SettingsError, match=r"routing\.fast: gemini is not set up"):
        fast_members(LlmSettings(), RoutingSettings.model_validate({"fast": {"gemini": "x"}}), environ, members)


async def test_an_explicit_fast_member_only_parses() -> None:
    settings = LlmSettings(
        members=[
            MemberSettings(name="A", model="anthropic/claude-x"),
            MemberSettings(name="Quick", model="openai/small", fast=True),
        ]
    )
    members = await configured_members(settings, {})
    assert [member.name for member in members] == ["A"]
    assert [member.name for member in fast_members(settings, RoutingSettings(), {}, members)] == ["Quick"]


async def test_claude_is_first_and_azure_stands_in_for_it() -> None:
    """ADR-007; as shipped, whatever else has a key."""
    environ = {
        **CLAUDE_AND_OPENAI,
        "GEMINI_API_KEY": "k",
        "AZURE_API_KEY": "k",
        "AZURE_API_BASE": "https://a.example",
        "AZURE_DEPLOYMENT": "gpt",
    }
    members = await configured_members(LlmSettings(), environ)
    assert [member.name for member in members][:2] == ["Claude", "Azure OpenAI"]
