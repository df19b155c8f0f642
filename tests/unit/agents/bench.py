"""A drift agent on real parts: a drawn sample estate, the real dispatcher, litellm and the rehearsal endpoint."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agents.attachments import NOTHING, Attachments
from agents.orchestrator.chat import Member, ModelClient
from agents.orchestrator.council import Council
from agents.orchestrator.escalation import Escalation
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.base import AgentOutcome, Assignment
from agents.specialists.drift import DriftAgent
from agents.specialists.specialist import SpecialistAgent
from bot.local.estate import SampleEstate, seed_estate
from prompts.library import PromptLibrary
from tools.base import Tool, ToolAuthorizer, ToolCall
from tools.contracts.common import Environment, JsonObject, Mode
from tools.contracts.estate import Asset
from tools.contracts.identity import Caller
from tools.contracts.ledger import LedgerKind
from tools.contracts.progress import NoteProgress, ProgressEvent
from tools.contracts.taskspec import Constraints, Tag, TaskContext, TaskSpec
from tools.contracts.verdict import Refusal
from tools.dispatcher import build_dispatcher
from tools.registry import ToolRegistry, build_registry

ORG = "T1"
TASK = "T1-C1-1700000000.000100"


def now() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


class Allows:
    """Layer 4's say on single calls is tested with layer 4."""

    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        return []


@dataclass
class Entries:
    """A recorder that keeps its entries, by key."""

    by_key: dict[str, tuple[LedgerKind, JsonObject]] = field(default_factory=dict[str, tuple[LedgerKind, JsonObject]])

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        assert (org, task_id) == (ORG, TASK)
        assert actor
        self.by_key.setdefault(key, (kind, body))

    def of(self, kind: LedgerKind) -> list[JsonObject]:
        return [body for entry, body in self.by_key.values() if entry == kind]


@dataclass
class Watcher:
    events: list[ProgressEvent] = field(default_factory=list[ProgressEvent])

    def emit(self, event: ProgressEvent) -> None:
        self.events.append(event)

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, NoteProgress)]


def spec(
    environment: Environment = "production", *, role: str | None = "web", constraints: Constraints | None = None
) -> TaskSpec:
    return TaskSpec(
        id=TASK,
        task_type="drift_remediation",
        goal="Bring drifted assets back to their golden image.",
        user_intent="fix drift",
        org=ORG,
        user="U1",
        environment=environment,
        context=TaskContext(tags=[Tag(key="role", value=role)] if role else []),
        constraints=constraints or Constraints(),
        agents=["drift"],
        tools_required=[],
        risk_level="high",
        approval_required=True,
        timeout_seconds=600,
        mode="council",
        confidence=0.9,
    )


@dataclass
class Bench:
    estate: SampleEstate
    agent: SpecialistAgent
    registry: ToolRegistry
    orchestrator: Orchestrator
    authorizer: ToolAuthorizer = field(default_factory=Allows)
    entries: Entries = field(default_factory=Entries)
    watcher: Watcher = field(default_factory=Watcher)

    async def work(
        self,
        task: TaskSpec,
        *,
        mode: Mode = "council",
        revision: int = 1,
        refusals: tuple[Refusal, ...] = (),
        escalation: Escalation | None = None,
        attachments: Attachments = NOTHING,
    ) -> AgentOutcome:
        dispatcher = build_dispatcher(
            registry=self.registry,
            estate=self.estate,
            authorizer=self.authorizer,
            recorder=self.entries,
            grant_key=b"k" * 32,
            now=now,
            redact=lambda text: text,
        )
        return await self.agent.work(
            Assignment(
                spec=task,
                caller=Caller(org=ORG, user="U1", roles=["operator"]),
                revision=revision,
                mode=mode,
                orchestrator=self.orchestrator,
                dispatcher=dispatcher,
                progress=self.watcher,
                recorder=self.entries,
                refusals=refusals,
                escalation=escalation,
                attachments=attachments,
            )
        )

    async def assets(self) -> dict[str, Asset]:
        return await self.estate.snapshot(ORG)


async def draw(folder: Path, *, seed: int) -> Path:
    """The file of a new estate."""
    path = folder / "estate.db"
    await seed_estate(path, seed=seed, org=ORG, now=now())
    return path


@asynccontextmanager
async def bench(drawn: Path, client: ModelClient, members: list[Member]) -> AsyncGenerator[Bench, None]:
    """On this estate's file, which the test may change."""
    estate, registry = SampleEstate(drawn, now=now), build_registry()
    council = Council(client, members, answer_deadline_seconds=20, vote_deadline_seconds=20)
    agent = DriftAgent(client, members, PromptLibrary(), registry)
    try:
        yield Bench(estate, agent, registry, Orchestrator(council))
    finally:
        await estate.close()
