"""Which models can be asked, from the keys a machine already has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from agents.orchestrator.chat import Member

Provider = Literal["claude", "azure", "openai", "gemini", "bedrock", "ollama"]

PROVIDER_ORDER: tuple[Provider, ...] = ("claude", "azure", "openai", "gemini", "bedrock", "ollama")
"""ADR-007: Claude first, Azure OpenAI as its fallback; then the rest, the local one last."""

DEFAULT_MODELS: Mapping[Provider, str] = {
    "claude": "claude-sonnet-5-5",
    "openai": "gpt-6.1-sol",
    "gemini": "gemini-3.8-flash",
}
"""Azure, Bedrock and Ollama serve what their owner deployed: there is no default to guess."""

AZURE_API_VERSION = "2024-10-21"

_NAMES: Mapping[Provider, str] = {
    "claude": "Claude",
    "azure": "Azure OpenAI",
    "openai": "OpenAI",
    "gemini": "Gemini",
    "bedrock": "Bedrock",
    "ollama": "Ollama",
}

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


@dataclass
class Discovery:
    """What an environment holds."""

    members: list[Member] = field(default_factory=list[Member])
    """In :data:`PROVIDER_ORDER`."""
    skipped: list[str] = field(default_factory=list[str])
    """One sentence for each provider that is set up by half: what is there and what is missing."""


def members_from_environment(environ: Mapping[str, str]) -> list[Member]:
    """The members whose providers are fully configured. See :func:`discover` for what was left out."""
    return discover(environ).members


def discover(environ: Mapping[str, str], *, models: Mapping[Provider, str] | None = None) -> Discovery:
    """Members from the providers' usual variables.

    A model is named by `models`, else by `GAVEL_MODEL_<PROVIDER>` (e.g. `GAVEL_MODEL_CLAUDE`), else by
    :data:`DEFAULT_MODELS`. Nothing is contacted.
    """
    # An empty variable is how shells and compose files unset one.
    given = {name: value.strip() for name, value in environ.items() if value.strip()}
    found = Discovery()
    for provider in PROVIDER_ORDER:
        model = (
            (models or {}).get(provider) or given.get(f"GAVEL_MODEL_{provider.upper()}") or DEFAULT_MODELS.get(provider)
        )
        member = _READERS[provider](given, model)
        if isinstance(member, Member):
            found.members.append(member)
        elif member is not None:
            found.skipped.append(member)
    return found


def family_of(model: str, *, otherwise: str) -> str:
    """Who trained a model, whoever serves it: Claude on Bedrock and Claude from Anthropic share one vote."""
    lowered = model.lower()
    return next((family for mark, family in _FAMILY_MARKS if mark in lowered), otherwise)


def ollama_member(base: str, model: str) -> Member:
    """A model served by an Ollama at `base`, e.g. `http://127.0.0.1:11434`."""
    return Member(
        name=_NAMES["ollama"],
        model=f"ollama_chat/{model}",
        family=family_of(model, otherwise=model.partition(":")[0]),
        api_base=base.rstrip("/"),
    )


def _claude(env: Mapping[str, str], model: str | None) -> Member | str | None:
    return _keyed("claude", f"anthropic/{model}", key=env.get("ANTHROPIC_API_KEY"), base=env.get("ANTHROPIC_API_BASE"))


def _openai(env: Mapping[str, str], model: str | None) -> Member | str | None:
    return _keyed("openai", f"openai/{model}", key=env.get("OPENAI_API_KEY"), base=env.get("OPENAI_API_BASE"))


def _gemini(env: Mapping[str, str], model: str | None) -> Member | str | None:
    key = env.get("GEMINI_API_KEY") or env.get("GOOGLE_API_KEY")
    return _keyed("gemini", f"gemini/{model}", key=key, base=env.get("GEMINI_API_BASE"))


def _keyed(provider: Provider, model: str, *, key: str | None, base: str | None) -> Member | None:
    if key is None:
        return None
    # By model where the name tells, because these addresses can point at someone else's models.
    default = {"claude": "anthropic", "gemini": "google"}.get(provider, provider)
    name = model.partition("/")[2]
    return Member(
        name=_NAMES[provider],
        model=model,
        family=family_of(name, otherwise=default),
        api_base=base,
        api_key=key,
    )


def _azure(env: Mapping[str, str], model: str | None) -> Member | str | None:
    key, base = env.get("AZURE_API_KEY"), env.get("AZURE_API_BASE")
    deployment = model or env.get("AZURE_DEPLOYMENT")
    if key is None:
        return None
    missing = [
        name
        for name, value in (("AZURE_API_BASE", base), ("AZURE_DEPLOYMENT (or GAVEL_MODEL_AZURE)", deployment))
        if value is None
    ]
    if missing:
        return f"AZURE_API_KEY is set but {' and '.join(missing)} is not: Azure OpenAI is not used."
    return Member(
        name=_NAMES["azure"],
        model=f"azure/{deployment}",
        family=family_of(deployment or "", otherwise="openai"),
        api_base=base,
        api_key=key,
        extra=(("api_version", env.get("AZURE_API_VERSION", AZURE_API_VERSION)),),
    )


def _bedrock(env: Mapping[str, str], model: str | None) -> Member | str | None:
    token = env.get("AWS_BEARER_TOKEN_BEDROCK")
    signed = "AWS_ACCESS_KEY_ID" in env and "AWS_SECRET_ACCESS_KEY" in env
    region = env.get("AWS_REGION") or env.get("AWS_REGION_NAME") or env.get("AWS_DEFAULT_REGION")
    if token is None and (not signed or model is None):
        # AWS keys alone are on many machines for other reasons: only naming a model asks for Bedrock.
        return (
            f"GAVEL_MODEL_BEDROCK is {model} but there are no AWS credentials: Bedrock is not used." if model else None
        )
    missing = [name for name, value in (("AWS_REGION", region), ("GAVEL_MODEL_BEDROCK", model)) if value is None]
    if region is None or model is None:
        return f"AWS credentials are set but {' and '.join(missing)} is not: Bedrock is not used."
    # Signing keys stay in the environment, where botocore reads them; they are in nobody's configuration here.
    return Member(
        name=_NAMES["bedrock"],
        model=f"bedrock/{model}",
        family=family_of(model, otherwise="amazon"),
        api_key=token,
        extra=(("aws_region_name", region),),
    )


def _ollama(env: Mapping[str, str], model: str | None) -> Member | str | None:
    base = env.get("OLLAMA_API_BASE")
    if base is None:
        return f"GAVEL_MODEL_OLLAMA is {model} but OLLAMA_API_BASE is not set." if model else None
    if model is None:
        return f"OLLAMA_API_BASE is {base} but GAVEL_MODEL_OLLAMA names no model: Ollama is not used."
    return ollama_member(base, model)


_READERS: Mapping[Provider, Callable[[Mapping[str, str], str | None], Member | str | None]] = {
    "claude": _claude,
    "azure": _azure,
    "openai": _openai,
    "gemini": _gemini,
    "bedrock": _bedrock,
    "ollama": _ollama,
}
