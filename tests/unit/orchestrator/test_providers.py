"""Which members an environment holds."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from dataclasses import replace

import pytest
from aiohttp import web

from agents.orchestrator.chat import Capabilities, Member
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.providers.capabilities import capabilities_of
from agents.orchestrator.providers.catalog import VENDORS, discover, provider_of, providers, recorded_as
from agents.orchestrator.providers.families import family_of
from agents.orchestrator.providers.ollama import probe_ollama
from tests.unit.orchestrator.parts import request

EVERYTHING = {
    "ANTHROPIC_API_KEY": "k1",
    "OPENAI_API_KEY": "k2",
    "GEMINI_API_KEY": "k3",
    "AZURE_API_KEY": "k4",
    "AZURE_API_BASE": "https://x.openai.azure.com",
    "AZURE_DEPLOYMENT": "prod-gpt",
    "AWS_BEARER_TOKEN_BEDROCK": "k5",
    "AWS_REGION": "eu-west-1",
    "GAVEL_MODEL_BEDROCK": "eu.anthropic.claude-sonnet-5-5",
    "OLLAMA_API_BASE": "http://127.0.0.1:11434/",
    "GAVEL_MODEL_OLLAMA": "llama3.1:8b",
    "COMPATIBLE_API_BASE": "http://127.0.0.1:8000/v1",
    "GAVEL_MODEL_COMPATIBLE": "my-own",
}


def members_in(environ: dict[str, str]) -> list[Member]:
    return discover(environ).members


def test_claude_comes_first_and_azure_is_its_fallback() -> None:
    names = [member.name for member in members_in(EVERYTHING)]
    assert names == ["Claude", "Azure OpenAI", "OpenAI", "Gemini", "Bedrock", "OpenAI-compatible", "Ollama"]


def test_one_model_behind_two_vendors_is_one_family() -> None:
    families = {member.name: member.family for member in members_in(EVERYTHING)}
    assert families["Claude"] == families["Bedrock"] == "anthropic"
    assert families["OpenAI"] == families["Azure OpenAI"] == "openai"
    assert family_of("codellama:7b", otherwise="x") == family_of("llama3.1", otherwise="y") == "meta"
    assert family_of("prod", otherwise="openai") == "openai"


def test_an_empty_environment_has_no_members_and_nothing_to_say() -> None:
    assert discover({}) == discover({"ANTHROPIC_API_KEY": " "})
    assert discover({}).members == discover({}).skipped == []


def test_keys_do_not_show() -> None:
    assert not any(f"'{key}'" in repr(discover(EVERYTHING)) for key in ("k1", "k2", "k3", "k4", "k5"))


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"AZURE_API_KEY": "k"}, "AZURE_API_BASE and AZURE_DEPLOYMENT"),
        ({"AZURE_API_KEY": "k", "AZURE_API_BASE": "https://x"}, "AZURE_DEPLOYMENT"),
        ({"AWS_BEARER_TOKEN_BEDROCK": "k", "AWS_REGION": "r"}, "GAVEL_MODEL_BEDROCK"),
        ({"AWS_BEARER_TOKEN_BEDROCK": "k", "GAVEL_MODEL_BEDROCK": "m"}, "AWS_REGION"),
        ({"GAVEL_MODEL_BEDROCK": "m"}, "no AWS credentials"),
        ({"OLLAMA_API_BASE": "http://127.0.0.1:1"}, "GAVEL_MODEL_OLLAMA"),
        ({"GAVEL_MODEL_OLLAMA": "m"}, "OLLAMA_API_BASE"),
        ({"COMPATIBLE_API_BASE": "http://127.0.0.1:1"}, "GAVEL_MODEL_COMPATIBLE"),
        ({"GAVEL_MODEL_COMPATIBLE": "m"}, "COMPATIBLE_API_BASE"),
    ],
)
def test_half_a_configuration_is_named_and_not_used(environ: dict[str, str], missing: str) -> None:
    found = discover(environ)
    assert found.members == []
    assert missing in found.skipped[0]


def test_aws_keys_alone_do_not_ask_for_bedrock() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "r"}
    assert discover(keys) == discover({})
    [member] = members_in({**keys, "GAVEL_MODEL_BEDROCK": "eu.anthropic.claude-sonnet-5-5"})
    assert (member.api_key, member.extra) == (None, (("aws_region_name", "r"),))


def test_a_model_can_be_chosen() -> None:
    environ = {"ANTHROPIC_API_KEY": "k", "GAVEL_MODEL_CLAUDE": "claude-opus-5-5"}
    assert members_in(environ)[0].model == "anthropic/claude-opus-5-5"
    assert discover(environ, models={"claude": ["claude-haiku-5-5"]}).members[0].model == "anthropic/claude-haiku-5-5"


def test_several_models_of_one_provider_are_one_member_and_can_be_asked_for() -> None:
    found = discover({**EVERYTHING, "GAVEL_MODEL_CLAUDE": "claude-opus-5-5, claude-haiku-5-5"})
    [claude, *_] = providers(found, LiteLLMClient())
    assert claude.models == ("claude-opus-5-5", "claude-haiku-5-5")
    assert [member.name for member in found.members].count("Claude") == 1
    assert (claude.member().name, claude.member("claude-haiku-5-5").name) == ("Claude", "Claude (claude-haiku-5-5)")
    with pytest.raises(ValueError, match="has no model 'gpt-6'; there are: claude-opus-5-5, claude-haiku-5-5"):
        claude.member("gpt-6")


async def test_every_provider_is_there_configured_or_not_and_says_what_it_needs() -> None:
    some = providers(discover({"ANTHROPIC_API_KEY": "k", "AZURE_API_KEY": "k"}), LiteLLMClient())
    assert [provider.identifier for provider in some] == [vendor.identifier for vendor in VENDORS]
    assert [provider.identifier for provider in some if provider.is_configured] == ["claude"]
    azure, openai = some[1], some[2]
    with pytest.raises(ValueError, match=r"Azure OpenAI is not configured\. AZURE_API_KEY is set but AZURE_API_BASE"):
        azure.member()
    with pytest.raises(ValueError, match=r"OpenAI is not configured\. Set OPENAI_API_KEY"):
        await openai.query(request())


async def test_what_models_can_do_is_known_without_importing_litellm() -> None:
    code = (
        "import sys; from tests.unit.orchestrator.test_providers import *; "
        "by = {p.identifier: p.capabilities() for p in providers(discover(EVERYTHING), LiteLLMClient())}; "
        "assert 'litellm' not in sys.modules; "
        "assert by['claude'] == by['bedrock'] == Capabilities(vision=True, prompt_caching=True), by; "
        "assert by['gemini'].vision and by['openai'].vision; "
        "assert not by['ollama'].vision and by['ollama'].tools; "
        "assert by['compatible'] == by['azure'] == Capabilities()"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


@pytest.mark.parametrize(("model", "sees"), [("llava:7b", True), ("qwen3-vl:8b", True), ("llama3.1:8b", False)])
def test_an_ollama_model_is_known_by_its_name_to_read_images(model: str, sees: bool) -> None:
    member = Member("Ollama", f"ollama_chat/{model}", family="x")
    assert capabilities_of(member).vision is sees
    assert capabilities_of(replace(member, capabilities=Capabilities(vision=not sees))).vision is not sees


def test_an_endpoint_of_ones_own_is_not_openai() -> None:
    assert [provider_of(member) for member in members_in(EVERYTHING)] == [vendor.identifier for vendor in VENDORS]
    assert provider_of(Member("A", "openai/x", family="x", api_base="http://127.0.0.1:1/v1")) == "compatible"
    assert provider_of(Member("A", "openai/x", family="x")) == "openai"
    assert provider_of(Member("A", "ollama/x", family="x")) == "ollama"
    assert provider_of(Member("A", "mistral/x", family="x")) is None
    gateway = members_in({"OPENAI_API_KEY": "k", "OPENAI_API_BASE": "https://gateway.example/v1"})
    assert provider_of(gateway[0]) == "openai"


def test_the_request_log_has_providers_by_their_names_here() -> None:
    def recorded(model: str, *, simulated: bool = False) -> tuple[str, str]:
        return recorded_as(Member("A", model, family="x", simulated=simulated))

    assert recorded("anthropic/claude-sonnet-5-5") == ("claude", "claude-sonnet-5-5")
    assert recorded("openai/ada", simulated=True) == ("rehearsal", "ada")
    assert recorded("mistral/x") == ("mistral", "x")
    assert recorded("bare") == ("unknown", "bare")


def test_a_key_for_openai_is_never_sent_to_an_endpoint_of_ones_own() -> None:
    own = members_in({k: v for k, v in EVERYTHING.items() if "COMPATIBLE" in k} | {"OPENAI_API_KEY": "sk-real"})[1]
    assert (own.name, own.api_key) == ("OpenAI-compatible", "none")


async def test_the_default_models_are_known_and_priced(litellm_client: LiteLLMClient) -> None:
    await litellm_client.warm()
    prices = importlib.import_module("litellm").model_cost
    for name in [f"{vendor.prefix}/{model}" for vendor in VENDORS for model in vendor.default_models]:
        name = name if name.startswith("gemini/") else name.partition("/")[2]
        assert prices[name]["input_cost_per_token"] > 0
        assert prices[name]["supports_response_schema"]
        assert prices[name]["supports_function_calling"]


async def _serve(status: int, body: str) -> tuple[web.AppRunner, str]:
    async def tags(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/api/tags", tags)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.mark.parametrize(
    ("status", "body", "wanted", "model"),
    [
        (200, json.dumps({"models": [{"name": "llama3.1:8b"}, {"name": "qwen3:latest"}]}), None, "llama3.1:8b"),
        (200, json.dumps({"models": [{"name": "llama3.1:8b"}, {"name": "qwen3:latest"}]}), "qwen3", "qwen3:latest"),
        (200, json.dumps({"models": [{"name": "llama3.1:8b"}]}), "qwen3", None),
        (200, json.dumps({"models": []}), None, None),
        (200, "<html>", None, None),
        (500, "", None, None),
    ],
)
async def test_an_ollama_is_found_by_asking_it(status: int, body: str, wanted: str | None, model: str | None) -> None:
    runner, base = await _serve(status, body)
    try:
        member = await probe_ollama(base, model=wanted, timeout_seconds=5)
    finally:
        await runner.cleanup()
    assert (member.model if member else None) == (f"ollama_chat/{model}" if model else None)


async def test_no_ollama_is_no_member() -> None:
    assert await probe_ollama("http://127.0.0.1:9") is None
