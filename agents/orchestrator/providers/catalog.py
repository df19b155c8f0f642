"""Every provider there is, and which of them a machine has the keys of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.chat import Member, StreamingClient
from agents.orchestrator.providers.azure import Azure
from agents.orchestrator.providers.bedrock import Bedrock
from agents.orchestrator.providers.claude import Claude
from agents.orchestrator.providers.compatible import Compatible
from agents.orchestrator.providers.gemini import Gemini
from agents.orchestrator.providers.ollama import Ollama
from agents.orchestrator.providers.openai import OpenAI
from agents.orchestrator.providers.provider import Provider
from agents.orchestrator.providers.vendor import Missing, ProviderId, Vendor

VENDORS: tuple[Vendor, ...] = (Claude(), Azure(), OpenAI(), Gemini(), Bedrock(), Compatible(), Ollama())
"""ADR-007: Claude first, Azure OpenAI as its fallback; then the rest, the local one last. A provider of one's own is a
module beside these, and its name here."""


@dataclass
class Discovery:
    """What an environment holds."""

    members: list[Member] = field(default_factory=list[Member])
    """One a provider, its first model, in the order of :data:`VENDORS`: the council, and the order of falling back."""
    skipped: list[str] = field(default_factory=list[str])
    """One sentence for each provider that is set up by half: what is there and what is missing."""
    by_provider: dict[ProviderId, tuple[Member, ...]] = field(default_factory=dict[ProviderId, tuple[Member, ...]])
    """All models of each provider that is configured."""
    missing: dict[ProviderId, str] = field(default_factory=dict[ProviderId, str])
    """The sentences of `skipped`, by provider."""


def discover(environ: Mapping[str, str], *, models: Mapping[ProviderId, Sequence[str]] | None = None) -> Discovery:
    """Members from the providers' usual variables. Nothing is contacted.

    Models are named by `models`, else by `GAVEL_MODEL_<PROVIDER>` (`GAVEL_MODEL_CLAUDE=claude-opus-5-5`, several with
    commas between), else they are the vendor's defaults.
    """
    given = {name: value.strip() for name, value in environ.items() if value.strip()}
    found = Discovery()
    for vendor in VENDORS:
        named = (models or {}).get(vendor.identifier) or _named(given.get(f"GAVEL_MODEL_{vendor.identifier.upper()}"))
        connection = vendor.connect(given, named)
        if isinstance(connection, Missing):
            found.skipped.append(connection.sentence)
            found.missing[vendor.identifier] = connection.sentence
        elif connection is not None:
            members = tuple(vendor.member(connection, model) for model in connection.models)
            found.by_provider[vendor.identifier] = members
            found.members.append(members[0])
    return found


def providers(found: Discovery, client: StreamingClient) -> tuple[Provider, ...]:
    """Every provider, configured or not, in the order of :data:`VENDORS`."""
    return tuple(
        Provider(
            identifier=vendor.identifier,
            name=vendor.name,
            needs=vendor.needs,
            client=client,
            members=found.by_provider.get(vendor.identifier, ()),
            missing=found.missing.get(vendor.identifier),
        )
        for vendor in VENDORS
    )


def provider_of(member: Member) -> ProviderId | None:
    """Whose model it is; None for one that none of :data:`VENDORS` serves.

    Where nobody said so, by litellm's name of the model: `openai/…` at an address of its own is an OpenAI-compatible
    endpoint, and not OpenAI.
    """
    prefix = member.model.partition("/")[0]
    said = [vendor for vendor in VENDORS if vendor.identifier == member.provider]
    if not said and prefix == "openai" and member.api_base is not None:
        return "compatible"
    whose = said or [vendor for vendor in VENDORS if prefix in (vendor.prefix, vendor.identifier)]
    return whose[0].identifier if whose else None


def recorded_as(member: Member) -> tuple[str, str]:
    """Provider and model, as the request log has them (ADR-006): `claude`, `claude-sonnet-4-5`."""
    prefix, _, model = member.model.partition("/")
    provider = "rehearsal" if member.simulated else provider_of(member)
    return provider or (prefix if model else "unknown"), model or prefix


def provider_names(members: Sequence[Member]) -> dict[str, str]:
    """Id → name of the providers that these models belong to, in the order of the models."""
    names = {vendor.identifier: vendor.name for vendor in VENDORS}
    found = [identifier for member in members if (identifier := provider_of(member)) is not None]
    return {identifier: names[identifier] for identifier in found}


def _named(models: str | None) -> list[str]:
    return [name.strip() for name in (models or "").split(",") if name.strip()]
