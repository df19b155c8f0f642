"""Puts the parts together: a workbench for the worker, an intake and an app for the bot. Everything is handed down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp.web import AppRunner, TCPSite
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client
from temporalio.worker import Worker

from agents.follow_up import FollowUps
from agents.meta_prompt import MetaPrompt
from agents.orchestrator.chat import Member
from agents.orchestrator.council import Council
from agents.orchestrator.escalation import Escalation
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.orchestrator import Orchestrator
from agents.orchestrator.retrying import RetryingClient
from agents.specialists.catalog import build_agents
from agents.specialists.specialist import RolloutDefaults
from bot.app import Identity, build_app, build_client, channel_ids, who_are_we
from bot.estates import open_estate
from bot.intake import Intake
from bot.keys import Keys
from bot.ledger.requests import RequestLog
from bot.local.estate.cves import bundled_advisories
from bot.local.models import primary_member
from bot.local.stack import RunningStack
from bot.modes import mode_defaults
from bot.narrator.live import Narrator
from bot.opening import open_advisories, open_ledger, redacted, utc_now
from bot.pacing import Pacer
from bot.policy_data import policy_bundle
from bot.roles import GroupRoles, ListedRoles
from bot.settings import Settings
from bot.socket_mode import SocketMode
from bot.starting import needed
from bot.taken import NothingTaken, Taken, taken_lately
from bot.thread import ThreadWriter
from bot.workflows.client import connect
from bot.workflows.messages import TaskLimits
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

_SLACK = "Slack did not say who this bot is"


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
) -> AsyncGenerator[Workbench]:
    """Everything the activities use. Raises what cannot be opened: a worker without its gates must not start."""
    async with AsyncExitStack() as stack:
        ledger = await open_ledger(stack, settings, keys)
        engine = await open_engine(settings.opa.url, bundle=policy_bundle(settings))
        stack.push_async_callback(engine.aclose)
        litellm = LiteLLMClient()
        stack.push_async_callback(litellm.close)
        warming = asyncio.create_task(litellm.warm())  # takes seconds, and the first task wants it
        stack.callback(warming.cancel)
        models = RetryingClient(LoggedClient(litellm, RequestLog(ledger, soon=True)))
        prompts, registry = PromptLibrary(), build_registry()
        writer = ThreadWriter(client, bot_id=identity.bot, pacer=Pacer())
        explicit = settings.roles.explicit
        council = Council(
            client=models,
            members=members,
            threshold=settings.council.consensus_threshold,
            min_providers=settings.council.min_providers,
        )
        yield Workbench(
            writer=writer,
            narrator=Narrator(writer),
            ledger=ledger,
            meta_prompt=MetaPrompt(
                client=models,
                members=members,
                prompts=prompts,
                modes=await mode_defaults(settings, client),
                text_limit=settings.limits.text_chars,
            ),
            follow_ups=FollowUps(client=models, members=members, prompts=prompts),
            agents=build_agents(
                models,
                members,
                prompts,
                registry=registry,
                defaults=RolloutDefaults(wait_seconds=settings.tasks.canary_wait_seconds),
            ),
            orchestrator=Orchestrator(council, primary=primary_member(settings.llm, members)),
            escalation=Escalation(settings.escalation.rules),
            members=members,
            registry=registry,
            estate=estate,
            advisories=await open_advisories(stack, settings, samples=samples),
            authorizer=PolicyAuthorizer(engine, now=utc_now),
            pipeline=build_pipeline(
                engine,
                estate=estate,
                catalog=registry.catalog(),
                history=ledger,
                off=settings.gates.off,
                production=settings.production,
            ),
            rechecks=ExecutionCheck(engine, AutonomyCheck(engine, estate, registry.catalog(), ledger)),
            roles=GroupRoles(client) if explicit is None else ListedRoles(explicit),
            grant_key=keys.derive("grant"),
            team=identity.team,
            include_dissent=settings.council.include_dissent,
            redact=redacted,
            now=utc_now,
        )


@asynccontextmanager
async def open_worker(stack: RunningStack) -> AsyncGenerator[Worker]:
    """A worker on everything the stack names. Not started: `async with` runs it."""
    settings = stack.settings
    async with AsyncExitStack() as exits:
        client = slack_client(settings)
        estate = open_estate(settings.estate, org=stack.org, sample=stack.estate)
        exits.push_async_callback(estate.close)
        with needed(_SLACK):
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
            )
        )
        with needed(f"Temporal at {stack.temporal_address} did not answer"):
            temporal = await connect(
                settings.temporal, address=stack.temporal_address, codec_key=stack.keys.derive("codec")
            )
        yield build_worker(
            temporal,
            bench,
            task_queue=settings.temporal.task_queue,
            decision_key=stack.keys.derive("decision"),
        )


async def open_bot(stack: RunningStack, *, taken: Taken | None = None) -> AsyncApp:
    """The bot on everything the stack names. Temporal may be away when it starts, and come back.

    `taken` remembers what was handed over; None: nobody does, and Temporal is asked each time.
    """
    settings = stack.settings
    client = slack_client(settings)
    temporal = await connect(
        settings.temporal,
        address=stack.temporal_address,
        codec_key=stack.keys.derive("codec"),
        lazy=True,
    )
    with needed(_SLACK):
        identity = await who_are_we(client)
    with needed("Slack did not list its channels, among them those for alerts"):
        alert_channels = await channel_ids(client, settings.alerts.channels)
    return build_app(
        settings.slack,
        client=client,
        intake=build_intake(settings, temporal=temporal, keys=stack.keys, taken=taken),
        identity=identity,
        org=stack.org,
        alert_channels=alert_channels,
    )


async def serve(stack: RunningStack) -> None:
    """The bot and a worker in this process, until cancelled. The bot answers first: tasks wait for the worker."""
    async with taken_lately(stack.redis_url) as taken:
        app = await open_bot(stack, taken=taken)
        async with listening(stack.settings, app), open_worker(stack) as worker, worker:
            await asyncio.Event().wait()


async def serve_worker(stack: RunningStack) -> None:
    """A worker, until cancelled."""
    async with open_worker(stack) as worker, worker:
        await asyncio.Event().wait()


@asynccontextmanager
async def listening(settings: Settings, app: AsyncApp) -> AsyncGenerator[None]:
    """Take what Slack sends: over Socket Mode, or over HTTP with signatures checked."""
    if settings.slack.mode == "http":
        server = app.server(port=settings.slack.port, path="/slack/events", host=settings.slack.host)
        runner = AppRunner(server.web_app)
        await runner.setup()
        try:
            with needed(f"Slack's requests cannot be taken on {settings.slack.host}:{settings.slack.port}"):
                await TCPSite(runner, settings.slack.host, settings.slack.port).start()
            yield
        finally:
            await runner.cleanup()
        return
    if settings.slack.app_token is None:
        raise ValueError("There is no SLACK_APP_TOKEN: Socket Mode cannot connect, so nothing is started.")
    handler = SocketMode(app, app_token=settings.slack.app_token.get_secret_value())
    with needed("Slack did not open a socket for Socket Mode"):
        await handler.connect_async()
    try:
        yield
    finally:
        await handler.drain_and_close()


def slack_client(settings: Settings) -> AsyncWebClient:
    if settings.slack.bot_token is None:
        raise ValueError("There is no SLACK_BOT_TOKEN: nobody could be answered, so nothing is started.")
    return build_client(api_url=settings.slack.api_url, bot_token=settings.slack.bot_token.get_secret_value())


def build_intake(settings: Settings, *, temporal: Client, keys: Keys, taken: Taken | None = None) -> Intake:
    return Intake(
        temporal=temporal,
        task_queue=settings.temporal.task_queue,
        decision_key=keys.derive("decision"),
        limits=TaskLimits(
            repair_attempts=settings.tasks.repair_attempts,
            question_seconds=settings.tasks.question_expiry_seconds,
            approval_seconds=settings.approvals.expiry_seconds,
            pause_seconds=settings.tasks.pause_expiry_seconds,
            text_chars=settings.limits.text_chars,
        ),
        alert_approval_seconds=settings.alerts.expiry_seconds,
        now=utc_now,
        taken=taken or NothingTaken(),
    )
