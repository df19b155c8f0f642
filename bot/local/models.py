"""Which models answer: those that are configured, an Ollama on this machine, else the rehearsal models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agents.orchestrator.chat import Capabilities, Member
from agents.orchestrator.providers.capabilities import capabilities_of
from agents.orchestrator.providers.catalog import VENDORS, discover, provider_of
from agents.orchestrator.providers.families import family_of
from agents.orchestrator.providers.ollama import OLLAMA_BASE, probe_ollama
from bot.settings import LlmSettings, MemberSettings, RoutingSettings, SettingsError


async def configured_members(settings: LlmSettings, environ: Mapping[str, str]) -> list[Member]:
    """The members in the order in which they are asked; empty: only the rehearsal models are left.

    Raises :class:`SettingsError` when a provider is named that is not set up: a rehearsal in its place would be a
    surprise.
    """
    if settings.provider == "rehearsal":
        return []
    if settings.members:
        return _preferring(settings, explicit_members(settings), skipped=[])
    found = discover(environ)
    members = list(found.members)
    if not members or settings.provider == "ollama":
        served = await probe_ollama(
            environ.get("OLLAMA_API_BASE") or OLLAMA_BASE,
            model=environ.get("GAVEL_MODEL_OLLAMA", "").partition(",")[0].strip() or None,
        )
        if served is not None and all(member.model != served.model for member in members):
            members.append(served)
    return _preferring(settings, members, skipped=found.skipped)


def explicit_members(settings: LlmSettings) -> list[Member]:
    """Those of `llm.members` that are asked for judgements, as they are configured."""
    return [_member(member) for member in settings.members if not member.fast]


def fast_members(
    settings: LlmSettings, routing: RoutingSettings, environ: Mapping[str, str], members: Sequence[Member]
) -> list[Member]:
    """Those that parse, in the order of `members`' providers; empty: the members themselves do.

    Raises :class:`SettingsError` for a provider in `routing.fast` of which there is no member.
    """
    if settings.members and not routing.fast:
        return [_member(member) for member in settings.members if member.fast]
    # The demo's members are chosen for it: no other model is reached, whatever has a key.
    if settings.provider == "rehearsal" or all(member.simulated for member in members):
        return []
    known = {} if settings.members else discover(environ).by_provider
    chosen: list[Member] = []
    for member in members:
        provider = provider_of(member)
        vendor = next((vendor for vendor in VENDORS if vendor.identifier == provider), None)
        if provider is None or vendor is None:
            continue
        named = routing.fast.get(provider)
        of_vendor = known.get(provider, ())
        fast = [one for one in of_vendor if vendor.fast_model and one.model.endswith(f"/{vendor.fast_model}")]
        if named is not None:
            chosen.append(replace(member, name=f"{vendor.name} ({named})", model=f"{vendor.prefix}/{named}"))
        elif fast and fast[0].model != member.model:
            chosen.append(fast[0])
    of = {provider_of(member) for member in members}
    if without := [provider for provider in routing.fast if provider not in of]:
        raise SettingsError([f"routing.fast: {without[0]} is not set up; set it up, or take it out"])
    return list({member.model: member for member in chosen}.values())


def primary_member(settings: LlmSettings, members: Sequence[Member]) -> str | None:
    """The name of the member that LLM_PRIMARY means, by its own name or by its provider's; None: it is not set.

    Raises :class:`SettingsError` when it is none of those that answer: another in its place would be a surprise.
    """
    if settings.primary is None:
        return None
    wanted = settings.primary.lower()
    named = [member for member in members if member.name.lower() == wanted]
    of_provider = [member for member in members if provider_of(member) == wanted]
    if found := [*named, *of_provider]:
        return found[0].name
    names = ", ".join(member.name for member in members)
    raise SettingsError(
        [f"LLM_PRIMARY: got {settings.primary!r}; it must name a member that answers, or its provider: {names}"]
    )


def _preferring(settings: LlmSettings, members: list[Member], *, skipped: list[str]) -> list[Member]:
    """LLM_PROVIDER's members first. The order of the others stays."""
    if settings.provider is None:
        return members
    if not any(provider_of(member) == settings.provider for member in members):
        why = " ".join(skipped) or "Its key is not in the environment and no member in llm.members is of it."
        raise SettingsError(
            [f"LLM_PROVIDER: got {settings.provider!r}, which is not set up. {why} Set it up, or unset LLM_PROVIDER."]
        )
    return sorted(members, key=lambda member: provider_of(member) != settings.provider)


def _member(given: MemberSettings) -> Member:
    vendor, _, name = given.model.rpartition("/")
    return Member(
        name=given.name,
        model=given.model,
        family=given.family or family_of(name, otherwise=vendor or given.name),
        api_base=given.api_base,
        api_key=given.api_key.get_secret_value() if given.api_key else None,
        extra=tuple(given.extra.items()),
        provider=given.provider or "",
        capabilities=_capabilities(given),
    )


def _capabilities(given: MemberSettings) -> Capabilities | None:
    """What the configuration says of the model, over what litellm's data does; None: it says nothing."""
    said = {name: value for name, value in given.can.model_dump().items() if value is not None}
    return replace(capabilities_of(Member(given.name, given.model, family="")), **said) if said else None
