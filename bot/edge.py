"""The edge: from Slack into Temporal. All that a bot without a worker is made of, and nothing that plans or judges."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp.web import AppRunner, TCPSite
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from agents.orchestrator.providers.catalog import provider_names
from bot.alerts.opening import build_alert_door, taking_webhooks
from bot.app import Authorize, build_app, build_client, who_are_we
from bot.channels import by_id, channel_ids
from bot.clock import utc_now
from bot.intake import Intake
from bot.keys import Keys
from bot.late import LateFeedback, LateFiles, LateKeys, desks
from bot.late_surfaces import LateFreezes, LateHome, LateTasks
from bot.listeners.feedback import FeedbackDoor
from bot.listeners.freezes import FreezeDoor
from bot.listeners.keys import KeyDoor
from bot.listeners.later import Later
from bot.listeners.papers import FileDoor
from bot.local.stack import RunningStack
from bot.pacing import Pacer
from bot.permits.gate import RolesOnce
from bot.permits.opening import Permits
from bot.roles import role_directory
from bot.settings import Settings
from bot.socket_mode import SocketMode
from bot.speaking import whisperer
from bot.starting import needed
from bot.taken import NothingTaken, Taken
from bot.task_limits import task_limits
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import NO_TRACING, Tracing
from bot.thread import ThreadWriter
from bot.workflows.client import connect

Connected = Callable[[], Awaitable[bool]]
"""Whether what Slack sends can be taken now."""

SLACK_AWAY = "Slack did not say who this bot is"

SHOWN_SECONDS = 30.0
"""How old the roles may be by which a home tab is shown. What is done on a click is asked about anew."""


async def open_bot(
    stack: RunningStack,
    *,
    permits: Permits,
    later: Later,
    taken: Taken | None = None,
    metrics: Metrics | None = None,
    tracing: Tracing = NO_TRACING,
    temporal: Client | None = None,
) -> AsyncApp:
    """The bot on everything the stack names. Temporal may be away when it starts, and come back.

    `permits`: what the gate before its listeners asks. `later`: see :func:`bot.app.build_app`. `taken` remembers what
    was handed over; None: nobody does, and Temporal is asked each time. `metrics`: where it is counted; None: for
    nobody to see. `temporal`: a client that is connected; None: one that connects when it is first used.
    """
    metrics = metrics or Metrics()
    client = slack_client(stack.settings, metrics)
    temporal = temporal or await temporal_client(stack, tracing)
    return await bot_for(
        stack,
        stack.org,
        client=client,
        temporal=temporal,
        permits=permits,
        taken=taken,
        metrics=metrics,
        tracing=tracing,
        later=later,
    )


async def temporal_client(stack: RunningStack, tracing: Tracing, *, lazy: bool = True) -> Client:
    """`lazy`: it connects when it is first used, for Temporal may be away when a bot starts. A worker needs one that is
    connected. Raises `RuntimeError` when that cannot be.
    """
    return await connect(
        stack.settings.temporal,
        address=stack.temporal_address,
        codec_key=stack.keys.derive("codec"),
        lazy=lazy,
        interceptors=tracing.interceptors,
    )


async def bot_for(
    stack: RunningStack,
    org: str,
    *,
    client: AsyncWebClient,
    temporal: Client,
    permits: Permits,
    taken: Taken | None,
    metrics: Metrics,
    tracing: Tracing,
    later: Later,
    authorize: Authorize | None = None,
) -> AsyncApp:
    """The bot of one tenant, which `client` speaks in. `authorize`: for Bolt, where the client has no token yet."""
    settings = stack.settings
    roles = RolesOnce(role_directory(settings, client, org=org))
    with needed(SLACK_AWAY):
        identity = await who_are_we(client)
    names = by_id(settings.alerts.channels) if identity.wide else settings.alerts.channels
    with needed("Slack did not list its channels, among them those for alerts"):
        alert_channels = frozenset((await channel_ids(client, names)).values())
    return build_app(
        settings.slack,
        client=client,
        intake=build_intake(settings, temporal=temporal, keys=stack.keys, taken=taken, metrics=metrics),
        alerts=build_alert_door(settings, temporal=temporal, keys=stack.keys, metrics=metrics),
        identity=identity,
        org=org,
        alert_channels=alert_channels,
        desks=desks(
            settings,
            client,
            stack.keys,
            roles=roles,
            members=stack.members,
            home=identity.home,
            whisper=whisperer(client),
        ),
        gate=permits.gate(roles),
        later=later,
        task_finder=LateTasks(settings, client, identity.home),
        home_reader=LateHome(
            settings,
            stack.keys,
            client,
            role_directory(settings, client, org=org, seconds_old=SHOWN_SECONDS),
            identity.home,
        ),
        freeze_door=FreezeDoor(LateFreezes(settings, stack.keys), roles),
        # A pacer apart from the worker's, which may be in another process: one write for each press of a button.
        file_door=FileDoor(
            LateFiles(settings, stack.keys, ThreadWriter(client, bot_id=identity.bot, pacer=Pacer()), stack.redis_url),
            roles,
        ),
        feedback_door=FeedbackDoor(LateFeedback(settings, stack.keys), roles),
        key_door=KeyDoor(LateKeys(settings, stack.keys, stack.members), provider_names(stack.members), roles),
        metrics=metrics.intake,
        tracing=tracing,
        authorize=authorize,
    )


@asynccontextmanager
async def taking_in(
    stack: RunningStack,
    *,
    permits: Permits,
    taken: Taken | None = None,
    metrics: Metrics | None = None,
    tracing: Tracing = NO_TRACING,
    temporal: Client | None = None,
) -> AsyncGenerator[Connected]:
    """Take what Slack sends, and alerts: of the one workspace whose token is set, or of those that install the app.

    `temporal`: see :func:`open_bot`.
    """
    settings = stack.settings
    if settings.slack.distributed:
        # Late: it opens the database, which a bot for one workspace has no use for.
        from bot.tenants.serving import serving_tenants

        async with serving_tenants(
            stack, permits=permits, taken=taken, metrics=metrics or Metrics(), tracing=tracing, temporal=temporal
        ) as connected:
            yield connected
        return
    async with Later() as later:
        app = await open_bot(
            stack,
            permits=permits,
            later=later,
            taken=taken,
            metrics=metrics,
            tracing=tracing,
            temporal=temporal,
        )
        async with (
            listening(settings, app) as connected,
            taking_webhooks(stack, slack_client(settings), metrics=metrics),
        ):
            yield connected


@asynccontextmanager
async def listening(settings: Settings, app: AsyncApp) -> AsyncGenerator[Connected]:
    """Take what Slack sends: over Socket Mode, or over HTTP with signatures checked. Tells whether it still can."""
    if settings.slack.mode == "http":
        server = app.server(port=settings.slack.port, path="/slack/events", host=settings.slack.host)
        runner = AppRunner(server.web_app)
        await runner.setup()
        try:
            with needed(f"Slack's requests cannot be taken on {settings.slack.host}:{settings.slack.port}"):
                await TCPSite(runner, settings.slack.host, settings.slack.port).start()
            yield _listens
        finally:
            await runner.cleanup()
        return
    if settings.slack.app_token is None:
        raise ValueError("There is no SLACK_APP_TOKEN: Socket Mode cannot connect, so nothing is started.")
    handler = SocketMode(app, app_token=settings.slack.app_token.get_secret_value())
    with needed("Slack did not open a socket for Socket Mode"):
        await handler.connect_async()
    try:
        yield handler.client.is_connected
    finally:
        await handler.drain_and_close()


async def _listens() -> bool:
    """An HTTP server that runs: whether Slack reaches it cannot be known from here."""
    return True


def slack_client(settings: Settings, metrics: Metrics | None = None) -> AsyncWebClient:
    """The client of the one workspace. Where workspaces install the app: one that Slack lets do nothing."""
    token = settings.slack.bot_token
    if token is None and not settings.slack.distributed:
        raise ValueError("There is no SLACK_BOT_TOKEN: nobody could be answered, so nothing is started.")
    return build_client(
        api_url=settings.slack.api_url,
        bot_token=token.get_secret_value() if token is not None else "",
        metrics=metrics.slack if metrics is not None else None,
    )


def build_intake(
    settings: Settings, *, temporal: Client, keys: Keys, taken: Taken | None = None, metrics: Metrics | None = None
) -> Intake:
    return Intake(
        temporal=temporal,
        task_queue=settings.temporal.task_queue,
        decision_key=keys.derive("decision"),
        limits=task_limits(settings),
        now=utc_now,
        taken=taken or NothingTaken(),
        metrics=(metrics or Metrics()).intake,
    )
