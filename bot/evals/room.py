"""Everything a case needs, put together as the worker does, without Slack, without Temporal, and without a way to act.

Three things each make it impossible that a case changes anything: the registry that is called has no tool that changes
state, no key signs grants that it would take, and the estate refuses every write.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.meta_prompt import MetaPrompt
from agents.orchestrator.chat import Member, ModelClient
from agents.orchestrator.council import Council
from agents.orchestrator.modes import ModeDefaults
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.base import Specialist
from agents.specialists.catalog import build_agents
from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.evals.estates import DryEstate, Estates
from bot.ledger.database import Database
from bot.local.estate.cves import bundled_advisories
from bot.redaction import redacted
from policies.authorizer import PolicyAuthorizer
from policies.build import open_engine
from policies.engine import PolicyEngine
from policies.pipeline import Pipeline, build_pipeline
from prompts.library import PromptLibrary
from tools.connectors.advisories import AdvisorySource
from tools.contracts.common import AgentName, Environment, JsonObject
from tools.contracts.ledger import LedgerKind
from tools.contracts.modes import ModeSetting
from tools.contracts.progress import ProgressEvent
from tools.dispatcher import Dispatcher, build_dispatcher
from tools.registry import ToolRegistry, build_registry

ORG = "TEVAL"

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
"""A Tuesday: every case plays at this moment, so that a case that failed fails again."""


class Silent:
    """Nobody watches."""

    def emit(self, event: ProgressEvent) -> None:
        return


class Quiet:
    """Nothing was changed lately, and nothing is frozen."""

    async def last_change(self, org: str, environment: Environment, *, besides: str) -> datetime | None:
        return None

    async def freezes(self, org: str, *, now: datetime) -> list[JsonObject]:
        return []


@dataclass
class Notes:
    """What would be recorded, kept for as long as the case lasts: an evaluation is no part of anyone's ledger."""

    entries: list[tuple[LedgerKind, JsonObject]] = field(default_factory=list[tuple[LedgerKind, JsonObject]])

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        self.entries.append((kind, body))


def harmless_registry() -> ToolRegistry:
    """The tools that read and plan. A tool that changes state is not refused here: it is not there."""
    everything, harmless = build_registry(), ToolRegistry()
    for name in everything.names():
        tool = everything.get(name)
        if tool is not None and tool.risk in ("read_only", "plan_only"):
            harmless.add(tool)
    return harmless


@dataclass(frozen=True)
class Room:
    """The parts that all cases share."""

    client: ModelClient
    """To the models themselves; each case measures around it."""
    members: Sequence[Member]
    mode: ModeSetting
    engine: PolicyEngine
    estates: Estates
    advisories: AdvisorySource
    prompts: PromptLibrary
    registry: ToolRegistry
    catalog: Mapping[str, JsonObject]
    """Of every tool, those that change state too: plans name them, and the gates judge that."""
    repair_attempts: int = 2

    @property
    def simulated(self) -> bool:
        return any(member.simulated for member in self.members)

    def meta_prompt(self, client: ModelClient) -> MetaPrompt:
        return MetaPrompt(client=client, members=self.members, prompts=self.prompts, modes=ModeDefaults(self.mode))

    def agents(self, client: ModelClient) -> Mapping[AgentName, Specialist]:
        return build_agents(client, self.members, self.prompts, registry=self.registry)

    def orchestrator(self, client: ModelClient) -> Orchestrator:
        return Orchestrator(Council(client, self.members), judge=self.members[0])

    def dispatcher(self, estate: DryEstate, notes: Notes) -> Dispatcher:
        return build_dispatcher(
            registry=self.registry,
            estate=estate,
            advisories=self.advisories,
            authorizer=PolicyAuthorizer(self.engine, now=lambda: NOW),
            recorder=notes,
            grant_key=secrets.token_bytes(32),
            now=lambda: NOW,
            redact=redacted,
        )

    def pipeline(self, estate: DryEstate) -> Pipeline:
        return build_pipeline(self.engine, estate=estate, catalog=self.catalog, history=Quiet())


@asynccontextmanager
async def open_room(
    client: ModelClient, members: Sequence[Member], *, mode: ModeSetting, opa_url: str | None = None
) -> AsyncGenerator[Room]:
    """Raises `PolicyUnavailable` when the OPA server at `opa_url` is away. None: the policies run in this process."""
    async with AsyncExitStack() as exits:
        folder = Path(exits.enter_context(TemporaryDirectory(prefix="gavel-eval-")))
        engine = await open_engine(opa_url)
        exits.push_async_callback(engine.aclose)
        url = f"sqlite:///{folder / 'advisories.db'}"
        await migrate_advisories(url)
        database = Database.open(url)
        exits.push_async_callback(database.close)
        advisories = SqlAdvisories(database)
        await advisories.put(bundled_advisories(), at=NOW, origin="sample")
        yield Room(
            client=client,
            members=members,
            mode=mode,
            engine=engine,
            estates=Estates(folder, ORG, NOW),
            advisories=advisories,
            prompts=PromptLibrary(),
            registry=harmless_registry(),
            catalog=build_registry().catalog(),
        )
