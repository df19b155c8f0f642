"""Puts a worker's parts together in a workbench, and hands them down. `bot/edge.py` is the bot's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client
from temporalio.worker import Worker

from agents.follow_up import FollowUps
from agents.meta_prompt import MetaPrompt
from agents.orchestrator.breaking import BreakingClient
from agents.orchestrator.budget import BudgetedClient
from agents.orchestrator.cache import CachedClient
from agents.orchestrator.chat import Member, ModelClient
from agents.orchestrator.council import Council
from agents.orchestrator.escalation import Escalation
from agents.orchestrator.keyed import KeyedClient
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.orchestrator import Orchestrator
from agents.orchestrator.prices import read_prices
from agents.orchestrator.redacting import RedactingClient
from agents.orchestrator.retrying import RetryingClient
from agents.orchestrator.stamping import StampingClient
from agents.orchestrator.streamed import StreamedClient
from agents.specialists.catalog import build_agents
from agents.specialists.specialist import RolloutDefaults
from bot.answers import RedisAnswers
from bot.app import NOBODY, Identity, who_are_we
from bot.attachments.opening import file_desk
from bot.attachments.receiving import keep_swept
from bot.budgets.opening import open_purse
from bot.clock import utc_now
from bot.delegations.store import Delegations
from bot.edge import SLACK_AWAY, slack_client, taking_in, temporal_client
from bot.estates import open_estate
from bot.heap import collect_seldom
from bot.keys import Keys
from bot.keystore.ring import ring_source
from bot.keystore.store import KeyStore
from bot.ledger.labels import Labels
from bot.ledger.requests import RequestLog
from bot.ledger.retention import keep_pruned
from bot.ledger.reuses import Reuses
from bot.local.estate.cves import bundled_advisories
from bot.local.models import fast_members, primary_member
from bot.local.stack import RunningStack
from bot.mcp_servers import server_tools
from bot.modes.channels import ChannelModes
from bot.modes.defaults import mode_defaults
from bot.narrator.live import Narrator
from bot.opening import open_advisories, open_database, open_ledger
from bot.pacing import Pacer
from bot.permits.opening import permitting
from bot.policy_data import policy_bundle
from bot.redacted_answers import redacted_answer
from bot.redaction import redacted
from bot.redis_client import open_redis
from bot.roles import role_directory
from bot.routing.router import Router, rules_for
from bot.routing.tracks import Tracks
from bot.settings import Settings
from bot.starting import needed
from bot.taken import taken_lately
from bot.tasks.board import TaskBoard
from bot.telemetry.held import HeldMetrics
from bot.telemetry.metrics import Metrics
from bot.telemetry.operating import operating
from bot.telemetry.recorded import RecordedMetrics
from bot.telemetry.traced import traced_model, traced_pipeline
from bot.telemetry.tracing import NO_TRACING, Tracing
from bot.tenants.working import at_tenants_benches
from bot.thread import ThreadWriter
from bot.workflows.parking import Parking
from bot.workflows.workbench import Workbench
from bot.workflows.worker import build_worker
from policies.authorizer import PolicyAuthorizer
from policies.autonomy import AutonomyCheck
from policies.build import open_engine
from policies.execution import ExecutionCheck
from policies.pipeline import build_pipeline
from prompts.library import PromptLibrary
from tools.connectors.base import Estate
from tools.contracts.advisory import Advisory
from tools.registry import build_registry


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancelled, and over: what it holds of the database must be given back before that is closed."""
    task.cancel()
    await asyncio.wait([task])


@asynccontextmanager
async def open_workbench(
    settings: Settings,
    *,
    keys: Keys,
    client: AsyncWebClient,
    identity: Identity,
    members: Sequence[Member],
    estate: Estate,
    samples: Sequence[Advisory],
    metrics: Metrics | None = None,
    tracing: Tracing = NO_TRACING,
) -> AsyncGenerator[Workbench]:
    """Everything the activities use. Raises what cannot be opened: a worker without its gates must not start.

    `metrics`: where it is counted; None: for nobody to see.
    """
    async with AsyncExitStack() as stack:
        metrics, registry = metrics or Metrics(), build_registry()
        for tool in await stack.enter_async_context(server_tools(settings.mcp, os.environ)):
            registry.add(tool)
        database = await open_database(stack, settings)
        counted = RecordedMetrics(metrics.registry, tools=registry.catalog())
        ledger = await open_ledger(stack, settings, keys, database=database, committed=counted)
        if settings.ledger.request_log_days is not None:
            pruning = asyncio.create_task(keep_pruned(database, days=settings.ledger.request_log_days, now=utc_now))
            stack.push_async_callback(_ended, pruning)
        engine = await open_engine(settings.opa.url, bundle=policy_bundle(settings))
        stack.push_async_callback(engine.aclose)
        key_store = KeyStore(database, ring_source(settings, keys), now=utc_now)
        wire = LiteLLMClient()
        stack.push_async_callback(wire.close)
        warming = asyncio.create_task(wire.warm())  # takes seconds, and the first task wants it
        stack.callback(warming.cancel)
        litellm: ModelClient = RedactingClient(StreamedClient(wire) if settings.llm.stream else wire, redacted_answer)
        prompts = PromptLibrary()
        litellm = traced_model(litellm, tracing)
        purse = open_purse(settings.budgets, database, members)
        if purse.limits.any:
            await asyncio.to_thread(read_prices)
        budgeted = BudgetedClient(LoggedClient(litellm, RequestLog(ledger, soon=True)), purse)
        calling = RetryingClient(budgeted)
        keyed: ModelClient = KeyedClient(BreakingClient(calling), key_store)
        if settings.redis.url is not None and settings.cache.ttl_seconds > 0:
            redis = open_redis(settings.redis.url.get_secret_value())
            stack.push_async_callback(redis.aclose)
            answers = RedisAnswers(redis, settings.cache.ttl_seconds, keys.derive("cache"))
            keyed = CachedClient(keyed, answers, Reuses(ledger))
        models = StampingClient(keyed, prompts)
        writer = ThreadWriter(client, bot_id=identity.bot, pacer=Pacer(metrics=metrics.slack))
        council = Council(
            client=models,
            members=members,
            threshold=settings.council.consensus_threshold,
            min_providers=settings.council.min_providers,
            fan_outs=budgeted,
        )
        labels = Labels(database)
        files = file_desk(settings, keys, writer.web, database)
        sweeping = asyncio.create_task(keep_swept(files.store, days=settings.files.keep_days))
        stack.push_async_callback(_ended, sweeping)
        yield Workbench(
            writer=writer,
            narrator=Narrator(writer, include_dissent=settings.council.include_dissent),
            ledger=ledger,
            take_warnings=purse.take_warnings,
            spending=purse,
            page=settings.alerts.page,
            labels=labels,
            channel_modes=ChannelModes(ledger.database),
            meta_prompt=MetaPrompt(
                client=models,
                members=members,
                prompts=prompts,
                modes=await mode_defaults(settings, None if settings.slack.distributed else client),
                text_limit=settings.limits.text_chars,
            ),
            files=files,
            follow_ups=FollowUps(client=models, members=members, prompts=prompts),
            agents=build_agents(
                models,
                members,
                prompts,
                registry=registry,
                defaults=RolloutDefaults(wait_seconds=settings.tasks.canary_wait_seconds),
            ),
            orchestrator=Orchestrator(council, primary=primary_member(settings.llm, members), records=labels),
            escalation=Escalation(settings.escalation.rules, purse),
            router=Router(
                Tracks(ledger.database),
                rules_for(settings, members),
                members,
                fast_members(settings.llm, settings.routing, os.environ, members),
            ),
            members=members,
            registry=registry,
            estate=estate,
            advisories=await open_advisories(stack, settings, samples=samples),
            authorizer=PolicyAuthorizer(engine, now=utc_now),
            pipeline=traced_pipeline(
                build_pipeline(
                    engine,
                    estate=estate,
                    catalog=registry.catalog(),
                    history=ledger,
                    off=settings.gates.off,
                    production=settings.production,
                ),
                tracing,
            ),
            policies=engine,
            rechecks=ExecutionCheck(engine, AutonomyCheck(engine, estate, registry.catalog(), ledger)),
            roles=role_directory(settings, client, org=identity.team),
            delegations=Delegations(ledger.database),
            grant_key=keys.derive("grant"),
            team=identity.team,
            include_dissent=settings.council.include_dissent,
            redact=redacted,
            now=utc_now,
            tracing=tracing,
        )


@asynccontextmanager
async def open_worker(
    stack: RunningStack,
    *,
    metrics: Metrics | None = None,
    tracing: Tracing = NO_TRACING,
    temporal: Client | None = None,
) -> AsyncGenerator[Worker]:
    """A worker on everything the stack names. Not started: `async with` runs it. `temporal`: a client to share."""
    settings, metrics = stack.settings, metrics or Metrics()
    async with AsyncExitStack() as exits:
        client = slack_client(settings, metrics)
        estate = open_estate(settings.estate, org=stack.org, sample=stack.estate)
        exits.push_async_callback(estate.close)
        # Where workspaces install the app each has a bench of its own: this one speaks in none.
        identity = NOBODY
        if not settings.slack.distributed:
            with needed(SLACK_AWAY):
                identity = await who_are_we(client)
        bench = await exits.enter_async_context(
            open_workbench(
                settings,
                keys=stack.keys,
                client=client,
                identity=identity,
                members=stack.members,
                estate=estate,
                samples=[] if settings.estate.configured else bundled_advisories(),
                metrics=metrics,
                tracing=tracing,
            )
        )
        temporal = temporal or await worker_client(stack, tracing)
        tenants = None
        if settings.slack.distributed:
            tenants = await at_tenants_benches(exits, stack, bench, temporal, metrics)

        async def writer_of(org: str) -> ThreadWriter:
            return bench.writer if tenants is None else await tenants.benches.writer_of(org)

        parking = Parking(writer_of, TaskBoard(bench.ledger.database, ""), HeldMetrics(metrics.registry))
        await exits.enter_async_context(parking.telling())
        yield build_worker(
            temporal,
            bench,
            task_queue=settings.temporal.task_queue,
            decision_key=stack.keys.derive("decision"),
            interceptors=[] if tenants is None else [tenants],
            held=parking.note,
        )


async def worker_client(stack: RunningStack, tracing: Tracing) -> Client:
    """Raises `StackError` when Temporal is away."""
    with needed(f"Temporal at {stack.temporal_address} did not answer"):
        return await temporal_client(stack, tracing, lazy=False)


async def serve(stack: RunningStack, *, serves: Callable[[], None] | None = None) -> None:
    """The bot and a worker in this process, until cancelled. The bot answers first: tasks wait for the worker.

    `serves` is called when both do.
    """
    collect_seldom()
    async with operating(stack) as operations:
        metrics, tracing = operations.metrics, operations.tracing
        # One for both: what the bot starts, this worker may begin with at once.
        temporal = await worker_client(stack, tracing)
        async with (
            taken_lately(stack.redis_url) as taken,
            permitting(stack.settings, redis_url=stack.redis_url) as permits,
            taking_in(
                stack, permits=permits, taken=taken, metrics=metrics, tracing=tracing, temporal=temporal
            ) as connected,
            open_worker(stack, metrics=metrics, tracing=tracing, temporal=temporal) as worker,
            worker,
        ):
            with operations.serving(slack=connected):
                await _until_cancelled(serves)


async def serve_worker(stack: RunningStack, *, serves: Callable[[], None] | None = None) -> None:
    """A worker, until cancelled. `serves` is called when it does."""
    collect_seldom()
    async with (
        operating(stack) as operations,
        open_worker(stack, metrics=operations.metrics, tracing=operations.tracing) as worker,
        worker,
    ):
        with operations.serving():
            await _until_cancelled(serves)


async def _until_cancelled(serves: Callable[[], None] | None) -> None:
    if serves is not None:
        serves()
    await asyncio.Event().wait()
