"""An agent that reports, on real parts: a drawn estate whose tables a test may change, tools, litellm, rehearsal."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient
from agents.orchestrator.council import Council
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.base import AgentOutcome, Assignment
from agents.specialists.specialist import SpecialistAgent
from bot.local.estate import SampleEstate, seed_estate
from policies.checks.base import Observed
from policies.checks.report import REPORT_CHECKS, ReportCase
from policies.gate import JudgeContext
from prompts.library import PromptLibrary
from tests.unit.agents.bench import ORG, TASK, Allows, Entries, Watcher, now, spec
from tools.base import ToolCall, ToolResult
from tools.connectors.advisories import AdvisorySource
from tools.contracts.common import Environment, JsonObject, Mode
from tools.contracts.identity import Caller
from tools.contracts.outputs.report import Report
from tools.contracts.plan import Receipt
from tools.contracts.sourced import SourcedRow
from tools.contracts.taskspec import TaskContext, TaskSpec
from tools.dispatcher import build_dispatcher
from tools.receipts import holds
from tools.registry import ToolRegistry, build_registry


@dataclass
class Kept:
    """A dispatcher that keeps what it answered."""

    inner: Callable[[ToolCall], Any]
    results: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])

    async def dispatch(self, call: ToolCall) -> ToolResult:
        result: ToolResult = await self.inner(call)
        if result.output is not None:
            self.results[call.id] = result.output
        return result


@dataclass
class Desk:
    estate: SampleEstate
    path: Path
    agent: SpecialistAgent
    registry: ToolRegistry
    orchestrator: Orchestrator
    advisories: AdvisorySource | None
    watcher: Watcher = field(default_factory=Watcher)
    entries: Entries = field(default_factory=Entries)
    results: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    """Of the last work."""

    async def work(self, task: TaskSpec, *, mode: Mode = "council") -> AgentOutcome:
        dispatcher = build_dispatcher(
            registry=self.registry,
            estate=self.estate,
            authorizer=Allows(),
            recorder=self.entries,
            grant_key=b"k" * 32,
            now=now,
            redact=lambda text: text,
            advisories=self.advisories,
        )
        kept = Kept(dispatcher.dispatch)
        outcome = await self.agent.work(
            Assignment(
                spec=task,
                caller=Caller(org=ORG, user="U1", roles=["operator"]),
                revision=1,
                mode=mode,
                orchestrator=self.orchestrator,
                dispatcher=kept,
                progress=self.watcher,
                recorder=self.entries,
            )
        )
        self.results = kept.results
        return outcome

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """What the estate's tables hold, past the tools."""
        connection = sqlite3.connect(self.path)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(statement, values)]
        finally:
            connection.close()

    def alter(self, statement: str, *values: Any) -> None:
        """Change the estate's tables, as somebody outside Gavel would."""
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                connection.execute(statement, values)
        finally:
            connection.close()

    def through(self, wrap: Callable[[ModelClient], ModelClient]) -> None:
        """Put something between the agent and its models."""
        client = wrap(self.agent.client)
        self.agent = replace(self.agent, client=client)
        self.orchestrator = Orchestrator(replace(self.orchestrator.council, client=client))


@asynccontextmanager
async def opened(
    folder: Path,
    agent: type[SpecialistAgent],
    client: ModelClient,
    members: list[Member],
    *,
    seed: int,
    advisories: AdvisorySource | None,
) -> AsyncGenerator[Desk, None]:
    drawn, path = folder.parent / f"drawn-{seed}.db", folder / "estate.db"
    # The same for every test of a session: drawn once.
    await seed_estate(drawn, seed=seed, org=ORG, now=now())
    shutil.copy(drawn, path)
    estate, registry = SampleEstate(path, now=now), build_registry()
    council = Council(client, members, answer_deadline_seconds=20, vote_deadline_seconds=20)
    made = agent(client, members, PromptLibrary(), registry)
    try:
        yield Desk(estate, path, made, registry, Orchestrator(council), advisories)
    finally:
        await estate.close()


def task_of(
    agent: type[SpecialistAgent],
    environment: Environment = "production",
    *,
    role: str | None = None,
    asset_ids: list[str] | None = None,
    words: str = "please look into this",
) -> TaskSpec:
    capability = agent.capability
    context = spec(environment, role=role).context
    return spec(environment).model_copy(
        update={
            "task_type": capability.task_type,
            "agents": [capability.agent],
            "goal": "Find out what is the case.",
            "user_intent": words,
            "context": context if asset_ids is None else TaskContext(asset_ids=asset_ids),
        }
    )


def report_of(outcome: AgentOutcome) -> Report:
    assert outcome.finding == "report", outcome.reason
    assert outcome.report is not None
    assert outcome.report_json == outcome.report.model_dump(mode="json")
    assert (outcome.report.org, outcome.report.task_id, outcome.report.revision) == (ORG, TASK, 1)
    return outcome.report


def receipts_in(value: object) -> Iterator[Receipt]:
    """Every receipt in a report: of its sentences, and of its tables' rows."""
    if isinstance(value, Receipt):
        yield value
    elif isinstance(value, SourcedRow):
        yield from value.receipts
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from receipts_in(getattr(value, name))
    elif isinstance(value, list):
        items: list[object] = [*value]
        for item in items:
            yield from receipts_in(item)


def all_hold(report: Report, results: JsonObject) -> bool:
    """Whether each stands where it says, with what it says."""
    found = list(receipts_in(report))
    return bool(found) and all(holds(receipt, results) for receipt in found)


async def refusals(desk: Desk, task: TaskSpec, outcome: AgentOutcome) -> list[str]:
    """What the safety gate says of the outcome's report, with all its checks."""
    report = report_of(outcome)
    context = JudgeContext(
        contract=type(report).__name__,
        agent=desk.agent.capability.agent,
        spec=task,
        caller=Caller(org=ORG, user="U1", roles=["operator"]),
        revision=1,
        council=outcome.council,
        known_tool_calls=frozenset(outcome.tool_call_ids),
        results=desk.results,
        approval_expiry_seconds=None,
        now=now(),
    )
    observed = Observed(assets=await desk.estate.snapshot(ORG), images={})
    case = ReportCase(report=report, context=context, observed=observed)
    return [f"{refusal.rule}: {refusal.reason}" for check in REPORT_CHECKS for refusal in check(case)]


@dataclass
class Bending:
    """The real client, except that answers of one purpose are bent first: every member's, so all are fooled alike."""

    inner: ModelClient
    bend: Callable[[ChatRequest, str], str]

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        reply = await self.inner.chat(member, request)
        return replace(reply, text=self.bend(request, reply.text)) if not reply.tool_uses else reply
