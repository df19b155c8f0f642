"""The one model that somebody names on a command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.capabilities import known_capabilities
from agents.orchestrator.providers.catalog import VENDORS, Discovery, discover
from agents.orchestrator.providers.vendor import Vendor
from bot.local.models import explicit_members
from bot.settings import LlmSettings, SettingsError


def chosen_member(wanted: str, settings: LlmSettings, environ: Mapping[str, str]) -> Member:
    """By a member's name (`Claude`), a provider (`claude`), a model (`claude-opus-5-5`), or both (`claude/…`,
    `anthropic/…`). Nothing is contacted.

    Raises :class:`SettingsError` with what to set for a model whose provider is not configured, and with those that
    there are for one that nobody knows.
    """
    name = wanted.strip()
    found = discover(environ)
    members = [*explicit_members(settings), *(member for own in found.by_provider.values() for member in own)]
    for member in members:
        if name.lower() in (member.name.lower(), member.model.lower(), member.model.partition("/")[2].lower()):
            return member
    head, slash, model = name.partition("/")
    for vendor in VENDORS:
        if head.lower() in (vendor.identifier, vendor.name.lower()) or (slash and head.lower() == vendor.prefix):
            return _of_vendor(vendor, model, found, wanted=wanted)
    # A bare name of a model: whose is it?
    for vendor in VENDORS:
        if vendor.default_models and known_capabilities(vendor.prefix, name) and _looks_like(vendor, name):
            return _of_vendor(vendor, name, found, wanted=wanted)
    raise SettingsError([f"--llm: got {wanted[:80]!r}, which no provider here has. {_there_are(members)}"])


def _looks_like(vendor: Vendor, model: str) -> bool:
    return vendor.family_of(model) == vendor.family and any(
        model.partition("-")[0] == default.partition("-")[0] for default in vendor.default_models
    )


def _of_vendor(vendor: Vendor, model: str, found: Discovery, *, wanted: str) -> Member:
    members = found.by_provider.get(vendor.identifier)
    if not members:
        why = found.missing.get(vendor.identifier) or f"Set {vendor.needs}."
        raise SettingsError([f"--llm: got {wanted[:80]!r}, but {vendor.name} is not configured. {why}"])
    if not model:
        return members[0]
    if vendor.default_models and known_capabilities(vendor.prefix, model) is None:
        named = ", ".join(member.model.partition("/")[2] for member in members)
        raise SettingsError([f"--llm: got {wanted[:80]!r}, a model of {vendor.name} that nobody knows; e.g. {named}"])
    return replace(members[0], model=f"{vendor.prefix}/{model}", family=vendor.family_of(model))


def _there_are(members: list[Member]) -> str:
    if not members:
        return "No provider is configured: set a key, e.g. ANTHROPIC_API_KEY."
    return f"There are: {', '.join(member.model for member in members)}."
