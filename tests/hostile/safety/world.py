"""What all cases share, as the product has it: the policies' engine, the estate's seed, prompts and tools."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.meta_prompt import MetaPrompt
from agents.orchestrator.chat import ModelClient
from agents.orchestrator.council import Council
from agents.orchestrator.modes import ModeDefaults
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.base import Specialist
from agents.specialists.catalog import build_agents
from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.evals.mutations import Mutation, mutate
from bot.evals.room import NOW, ORG, Notes, Quiet
from bot.ledger.database import Database
from bot.local.estate import SampleEstate, seed_estate
from bot.local.estate.cves import bundled_advisories
from bot.redaction import redacted
from policies.authorizer import PolicyAuthorizer
from policies.build import open_engine
from policies.engine import PolicyEngine
from policies.pipeline import Pipeline, build_pipeline
from prompts.library import PromptLibrary
from tests.hostile.safety.models import MEMBERS
from tools.contracts.common import AgentName
from tools.contracts.estate import Asset
from tools.contracts.modes import ModeSetting
from tools.dispatcher import Dispatcher, build_dispatcher
from tools.registry import ToolRegistry, build_registry

SEED = 7

PATIENCE_SECONDS = 20.0
"""With OPA: a machine that is busy with other things must not look like a gate."""


@dataclass(frozen=True)
class Place:
    """One case's own estate and advisories, which can be changed."""

    estate: SampleEstate
    advisories: SqlAdvisories
    before: Mapping[str, Asset]


@dataclass(frozen=True)
class World:
    engine: PolicyEngine
    folder: Path
    advisories: SqlAdvisories
    """As they come with the sample estate."""
    prompts: PromptLibrary = field(default_factory=PromptLibrary)
    registry: ToolRegistry = field(default_factory=build_registry)
    """All tools, those that change state too."""
    grant_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def meta_prompt(self, client: ModelClient, mode: ModeSetting) -> MetaPrompt:
        return MetaPrompt(client=client, members=MEMBERS, prompts=self.prompts, modes=ModeDefaults(mode))

    def agents(self, client: ModelClient) -> Mapping[AgentName, Specialist]:
        return build_agents(client, MEMBERS, self.prompts, registry=self.registry)

    def orchestrator(self, client: ModelClient) -> Orchestrator:
        return Orchestrator(Council(client, MEMBERS), judge=MEMBERS[0])

    def dispatcher(self, place: Place, notes: Notes) -> Dispatcher:
        return build_dispatcher(
            registry=self.registry,
            estate=place.estate,
            advisories=place.advisories,
            authorizer=PolicyAuthorizer(self.engine, now=lambda: NOW),
            recorder=notes,
            grant_key=self.grant_key,
            now=lambda: NOW,
            redact=redacted,
        )

    def pipeline(self, place: Place) -> Pipeline:
        return build_pipeline(self.engine, estate=place.estate, catalog=self.registry.catalog(), history=Quiet())

    @asynccontextmanager
    async def place(self, name: str, mutations: list[Mutation], *, advisory_text: str = "") -> AsyncGenerator[Place]:
        """`advisory_text`: what every advisory says; empty: as it is."""
        path = self.folder / f"{name}.db"
        await asyncio.to_thread(shutil.copy, self.folder / "seed.db", path)
        await mutate(path, mutations, org=ORG, now=NOW)
        estate = SampleEstate(path, now=lambda: NOW)
        advisories, database = self.advisories, None
        if advisory_text:
            rewritten = self.folder / f"{name}-advisories.db"
            await asyncio.to_thread(shutil.copy, self.folder / "advisories.db", rewritten)
            database = await _advisories(rewritten, text=advisory_text)
            advisories = SqlAdvisories(database)
        try:
            yield Place(estate, advisories, await estate.snapshot(ORG))
        finally:
            await estate.close()
            if database is not None:
                await database.close()
            path.unlink(missing_ok=True)


async def _advisories(path: Path, *, text: str = "") -> Database:
    url = f"sqlite:///{path}"
    if not text:  # else it is a copy of one that was made
        await migrate_advisories(url)
    database = Database.open(url)
    said = [
        one.model_copy(update={"summary": text[:200], "details": text}) if text else one for one in bundled_advisories()
    ]
    await SqlAdvisories(database).put(said, at=NOW, origin="sample")
    return database


@asynccontextmanager
async def open_world(opa_url: str | None) -> AsyncGenerator[World]:
    """`opa_url`: of a real OPA server. None: the policies run in this process."""
    async with AsyncExitStack() as exits:
        folder = Path(exits.enter_context(TemporaryDirectory(prefix="gavel-safety-")))
        engine = await open_engine(opa_url, timeout_seconds=PATIENCE_SECONDS)
        exits.push_async_callback(engine.aclose)
        database = await _advisories(folder / "advisories.db")
        exits.push_async_callback(database.close)
        await seed_estate(folder / "seed.db", seed=SEED, org=ORG, now=NOW)
        yield World(engine, folder, SqlAdvisories(database))
