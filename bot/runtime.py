"""Puts the parts together: a workbench for the worker, an intake and an app for the bot. Everything is handed down."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from policies.authorizer import PolicyAuthorizer
from policies.execution import ExecutionCheck
from policies.pipeline import build_pipeline
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from agents.meta_prompt import MetaPrompt
from agents.orchestrator.chat import Member
from agents.orchestrator.council import Council
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.orchestrator import Orchestrator
from agents.orchestrator.retrying import RetryingClient
from agents.specialists.drift import DriftAgent
from bot.app import Identity
from bot.intake import Intake
from bot.keys import Keys
from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.requests import RequestLog
from bot.ledger.schema import migrate
from bot.narrator.live import Narrator
from bot.pacing import Pacer
from bot.redaction import redact
from bot.roles import GroupRoles, ListedRoles
from bot.settings import Settings
from bot.thread import ThreadWriter
from bot.workflows.messages import TaskLimits
from bot.workflows.workbench import Workbench
from policies.build import open_engine
from prompts.library import PromptLibrary
from tools.connectors.base import Estate
from tools.contracts.common import Mode
from tools.registry import build_registry


def utc_now() -> datetime:
    return datetime.now(UTC)


def redacted(text: str) -> str:
    """The text without what looks like a secret."""
    return redact(text).text


@dataclass(frozen=True)
class Places:
    """Where the parts are, whoever started them."""

    database_url: str
    anchor_directory: Path
    opa_url: str | None
    """None: the policies run in this process."""


async def open_ledger(stack: AsyncExitStack, places: Places, keys: Keys) -> Ledger:
    """Migrate, open, and close in the right order when the stack does."""
    await migrate(places.database_url)
    database = Database.open(places.database_url)
    stack.push_async_callback(database.close)
    anchor = FileAnchor(places.anchor_directory, key=keys.derive("anchor"))
    ledger = Ledger(database, anchor, key=keys.derive("ledger"))
    stack.push_async_callback(ledger.close)
    return ledger


@asynccontextmanager
async def open_workbench(
    settings: Settings,
    *,
    places: Places,
    keys: Keys,
    client: AsyncWebClient,
    identity: Identity,
    members: Sequence[Member],
    estate: Estate,
) -> AsyncGenerator[Workbench]:
    """Everything the activities use. Raises what cannot be opened: a worker without its gates must not start."""
    async with AsyncExitStack() as stack:
        ledger = await open_ledger(stack, places, keys)
        engine = await open_engine(places.opa_url)
        stack.push_async_callback(engine.aclose)
        litellm = LiteLLMClient()
        stack.push_async_callback(litellm.close)
        models = RetryingClient(LoggedClient(litellm, RequestLog(ledger)))
        prompts, registry = PromptLibrary(), build_registry()
        writer = ThreadWriter(client, bot_id=identity.bot, pacer=Pacer())
        explicit = settings.roles.explicit
        council = Council(
            client=models,
            members=members,
            threshold=settings.council.consensus_threshold,
            min_providers=settings.council.min_providers,
        )
        mode: Mode = "council" if settings.llm.mode == "auto" else settings.llm.mode
        yield Workbench(
            writer=writer,
            narrator=Narrator(writer),
            ledger=ledger,
            meta_prompt=MetaPrompt(client=models, members=members, prompts=prompts, default_mode=mode),
            agents={"drift": DriftAgent(client=models, members=members, prompts=prompts, registry=registry)},
            orchestrator=Orchestrator(council),
            members=members,
            registry=registry,
            estate=estate,
            authorizer=PolicyAuthorizer(engine, now=utc_now),
            pipeline=build_pipeline(engine, estate=estate, catalog=registry.catalog()),
            rechecks=ExecutionCheck(engine),
            roles=GroupRoles(client) if explicit is None else ListedRoles(explicit),
            grant_key=keys.derive("grant"),
            team=identity.team,
            repair_attempts=settings.tasks.repair_attempts,
            redact=redacted,
            now=utc_now,
        )


def build_intake(settings: Settings, *, temporal: Client, keys: Keys) -> Intake:
    return Intake(
        temporal=temporal,
        task_queue=settings.temporal.task_queue,
        decision_key=keys.derive("decision"),
        limits=TaskLimits(
            repair_attempts=settings.tasks.repair_attempts,
            question_seconds=settings.tasks.question_expiry_seconds,
            approval_seconds=settings.approvals.expiry_seconds,
        ),
        alert_approval_seconds=settings.alerts.expiry_seconds,
        now=utc_now,
    )
