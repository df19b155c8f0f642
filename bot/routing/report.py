"""Every provider, configured or not: its models, what they can do, what each is asked for and why, and what was
measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.chat import Capabilities, Member
from agents.orchestrator.providers.capabilities import capabilities_of
from agents.orchestrator.providers.catalog import VENDORS, Discovery, provider_of
from agents.orchestrator.routing import Job, Route, RoutingRules, Track, route
from tools.contracts.common import AgentName


@dataclass(frozen=True)
class ModelRow:
    name: str
    """As threads show it, and as `routing` pins it."""
    model: str
    """litellm's."""
    can: Capabilities
    used_for: tuple[str, ...]
    """In words; empty: it is known, and asked for nothing."""
    measured: Mapping[Job, Track]
    """What was measured in the last 30 days. A job it was never asked for is not in it."""


@dataclass(frozen=True)
class ProviderRow:
    identifier: str
    name: str
    configured: bool
    missing: str
    """What has to be set, where it is not configured."""
    models: tuple[ModelRow, ...] = ()


@dataclass(frozen=True)
class Use:
    """Who is asked for what, in general: a task that explores may ask another."""

    job: Job
    agent: AgentName | None
    order: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class ModelsReport:
    providers: tuple[ProviderRow, ...]
    uses: tuple[Use, ...]
    explore_percent: float
    simulated: bool
    """Whether rehearsal models answer: rules, not an LLM."""


@dataclass(frozen=True)
class Known:
    """What the report is made of."""

    found: Discovery
    members: Sequence[Member]
    """That reason, as configured."""
    fast: Sequence[Member]
    rules: RoutingRules
    parsing: Mapping[str, Track] = field(default_factory=dict[str, Track])
    reasoning: Mapping[str, Track] = field(default_factory=dict[str, Track])
    """Over all agents."""
    by_agent: Mapping[AgentName, Mapping[str, Track]] = field(default_factory=dict[AgentName, Mapping[str, Track]])


def models_report(known: Known) -> ModelsReport:
    """Blocking the first time: it reads litellm's model data."""
    able = known.fast or known.members
    uses = [_use(route(able, known.parsing, known.rules, job="parse"), "parse", None)] if able else []
    if known.members:
        uses.append(_use(route(known.members, known.reasoning, known.rules, job="reason"), "reason", None))
        uses += [
            _use(route(known.members, tracks, known.rules, job="reason", agent=agent), "reason", agent)
            for agent, tracks in sorted(known.by_agent.items())
        ]
    rows = [_provider(vendor.identifier, vendor.name, vendor.needs, known) for vendor in VENDORS]
    elsewhere = [member for member in [*known.members, *known.fast] if provider_of(member) is None or member.simulated]
    if elsewhere:
        simulated = all(member.simulated for member in elsewhere)
        name = "Rehearsal (rules, not an LLM)" if simulated else "Others"
        models = tuple(_model(member, known) for member in elsewhere)
        rows.append(ProviderRow("rehearsal" if simulated else "other", name, True, "", models))
    return ModelsReport(
        providers=tuple(rows),
        uses=tuple(uses),
        explore_percent=known.rules.explore * 100 if known.rules.learn else 0,
        simulated=any(member.simulated for member in known.members),
    )


def _provider(identifier: str, name: str, needs: str, known: Known) -> ProviderRow:
    asked = [
        member for member in [*known.members, *known.fast] if provider_of(member) == identifier and not member.simulated
    ]
    others = [
        member
        for provider, members in known.found.by_provider.items()
        if provider == identifier
        for member in members
        if member.model not in {one.model for one in asked}
    ]
    missing = next((said for provider, said in known.found.missing.items() if provider == identifier), "")
    models = tuple(_model(member, known) for member in [*asked, *others])
    return ProviderRow(identifier, name, bool(models), "" if models else missing or f"Set {needs}.", models)


def _model(member: Member, known: Known) -> ModelRow:
    measured: dict[Job, Track] = {}
    if (track := known.parsing.get(member.name)) is not None:
        measured["parse"] = track
    if (track := known.reasoning.get(member.name)) is not None:
        measured["reason"] = track
    return ModelRow(member.name, member.model, capabilities_of(member), tuple(_used_for(member, known)), measured)


def _used_for(member: Member, known: Known) -> list[str]:
    said: list[str] = []
    if member in known.fast or (member in known.members and not known.fast):
        said.append("parsing")
    elif member in known.members:
        said.append("parsing where the fast ones fail")
    if member in known.members:
        said.append("reasoning, alone and on the council")
    return said


def _use(found: Route, job: Job, agent: AgentName | None) -> Use:
    return Use(job, agent, tuple(member.name for member in found.members), found.why)
